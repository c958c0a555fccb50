/** Several real intake processes share the work; one of them is killed in the middle. Everything is handled once. */

import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { publishCampaigns } from '../../src/store/publishing/publish-campaigns.ts'
import { eventually, startIntakeProcess } from './support/processes.ts'
import { type Call, openShop, type Shop, startMs } from './support/shop.ts'

let shop: Shop
beforeAll(async () => {
  shop = await openShop()
  await publishCampaigns(shop.database, fileURLToPath(new URL('../../campaigns', import.meta.url)), startMs)
})
afterAll(() => shop.close())

/** Nobody listens here: nudging waits, which must not hold up intake. */
const nowhere = '127.0.0.1:9'
const people = 400

/** What one person does, partly before they are known. */
function life(person: number): Call[] {
  const who = { userId: `u${person}`, anonymousId: `a${person}` }
  const order = (id: number): Call => ({
    type: 'track',
    event: 'Order Completed',
    properties: {
      order_id: `o${person}-${id}`,
      revenue: 10 + id,
      currency: 'EUR',
      products: [{ product_id: `p${person % 7}`, price: 5 }],
    },
    userId: who.userId,
  })
  return [
    {
      type: 'track',
      event: 'Product Viewed',
      properties: { product_id: `p${person % 7}` },
      anonymousId: who.anonymousId,
    },
    { type: 'identify', ...who, traits: { email: `person${person}@example.org`, plan: 'pro' } },
    order(1),
    order(2),
    order(1),
    { type: 'identify', userId: who.userId, traits: { email: `person${person}@example.org`, city: 'Rome' } },
  ]
}

test('four processes, one killed: every event is handled once, every customer is one', {
  timeout: 240_000,
}, async () => {
  const lives = Array.from({ length: people }, (_, person) => life(person))
  // Everybody's first event, then everybody's second, …: each page has the same people as its neighbours.
  const calls = Array.from({ length: 6 }, (_, step) => lives.flatMap((one) => one[step] ?? [])).flat()
  const processes = await Promise.all(Array.from({ length: 4 }, () => startIntakeProcess(shop.url, nowhere)))
  const handled = async (): Promise<number> => {
    const [row] = await shop.rows<{ n: number }>('SELECT count(*) AS n FROM events WHERE handled_at IS NOT NULL')
    return row?.n ?? 0
  }

  const feeding = (async () => {
    for (let from = 0; from < calls.length; from += 100) await shop.take(calls.slice(from, from + 100))
  })()
  await eventually('some events are handled', async () => (await handled()) > 200)
  await processes[0]?.end('SIGKILL')
  await feeding
  await eventually('all events are handled', async () => (await handled()) === calls.length)
  await Promise.all(processes.slice(1).map((one) => one.end('SIGTERM')))

  expect(await shop.rows('SELECT problem FROM events WHERE problem IS NOT NULL OR sealed IS NOT NULL')).toEqual([])
  const customers = await shop.rows<{ n: number; orders: number; revenue: number; known: number }>(
    `SELECT count(*) AS n, sum(order_count)::int AS orders, sum(revenue_cents)::int AS revenue,
            count(*) FILTER (WHERE email_domain = 'example.org' AND traits = '{"plan": "pro", "city": "Rome"}') AS known
     FROM customers WHERE merged_into IS NULL`,
  )
  expect(customers).toEqual([{ n: people, orders: 2 * people, revenue: people * 2_300, known: people }])
  expect(await shop.rows('SELECT 1 FROM orders')).toHaveLength(2 * people)
  expect(await shop.rows('SELECT 1 FROM contact_points WHERE current')).toHaveLength(people)
  const twice = await shop.rows(`
    SELECT 'event' AS what FROM news WHERE kind = 'event' GROUP BY event_id HAVING count(*) > 1
    UNION ALL SELECT 'arrival' FROM news n JOIN customers c ON c.id = n.customer_id
      WHERE n.kind = 'arrived' AND c.merged_into IS NULL GROUP BY c.id HAVING count(*) > 1
    UNION ALL SELECT 'identity' FROM identities WHERE kind = 'user' GROUP BY value HAVING count(*) > 1`)
  expect(twice).toEqual([])
  const [told] = await shop.rows(
    `SELECT count(DISTINCT event_id) FILTER (WHERE detail ->> 'name' LIKE 'Order %') AS orders,
            count(DISTINCT customer_id) AS people FROM news WHERE kind <> 'merged'`,
  )
  expect(told).toEqual({ orders: 3 * people, people })
})
