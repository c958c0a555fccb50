/** Several intake processes over a stream in which people keep turning out to be one, while reviews look at them. */

import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { publishCampaigns } from '../../src/store/publishing/publish-campaigns.ts'
import { lockAndLoadSnapshots } from '../../src/store/snapshots.ts'
import { eventually, startIntakeProcess } from './support/processes.ts'
import { at, type Call, openShop, type Shop, startMs } from './support/shop.ts'

let shop: Shop
beforeAll(async () => {
  shop = await openShop()
  await publishCampaigns(shop.database, fileURLToPath(new URL('../../campaigns', import.meta.url)), startMs)
})
afterAll(() => shop.close())

const nowhere = '127.0.0.1:9'
const people = 150
const devices = 4

/** Each person on each of their devices: an order without a name; then, device by device, who it was. */
function stream(): Call[] {
  const all = Array.from({ length: people }, (_, person) => person)
  const each = Array.from({ length: devices }, (_, device) => device)
  const orders = each.flatMap((device) =>
    all.map(
      (person): Call => ({
        type: 'track',
        event: 'Order Completed',
        anonymousId: `a${person}-${device}`,
        properties: { order_id: `o${person}-${device}`, revenue: 1 + device, currency: 'EUR' },
        messageId: `order-${person}-${device}`,
        ...at(device),
      }),
    ),
  )
  const consents = all.map(
    (person): Call => ({
      type: 'track',
      event: person % 2 === 0 ? 'Email Unsubscribed' : 'Email Subscribed',
      anonymousId: `a${person}-0`,
      properties: {},
      messageId: `consent-${person}`,
      ...at(10),
    }),
  )
  const names = each.flatMap((device) =>
    all.map(
      (person): Call => ({
        type: 'identify',
        userId: `u${person}`,
        anonymousId: `a${person}-${device}`,
        traits: { email: `person${person}@example.org`, [`device${device}`]: true },
        messageId: `name-${person}-${device}`,
        ...at(20 + device),
      }),
    ),
  )
  return [...orders, ...consents, ...names]
}

async function outcome(): Promise<object> {
  const [customers, orders, consents] = await Promise.all([
    shop.rows(`SELECT external_id, traits, email_domain, order_count, revenue_cents, first_seen_at, last_seen_at
               FROM customers WHERE merged_into IS NULL ORDER BY external_id`),
    shop.rows(
      `SELECT order_key, external_id FROM orders o JOIN customers c ON c.id = o.customer_id ORDER BY order_key`,
    ),
    shop.rows(`SELECT external_id, channel, topic, status FROM consents o JOIN customers c ON c.id = o.customer_id
               WHERE source <> 'merge' ORDER BY 1, 2, 3, 4`),
  ])
  return { customers, orders, consents }
}

test('ends as one process alone ends', { timeout: 240_000 }, async () => {
  const calls = stream()
  await shop.live(calls)
  const alone = await outcome()
  await shop.clear()

  const processes = await Promise.all(Array.from({ length: 3 }, () => startIntakeProcess(shop.url, nowhere)))
  const handled = async (): Promise<number> =>
    (await shop.rows('SELECT 1 FROM events WHERE handled_at IS NOT NULL')).length
  const done = new AbortController()
  const reviewing = (async () => {
    while (!done.signal.aborted) {
      const ids = await shop.rows<{ id: string }>('SELECT id FROM customers ORDER BY random() LIMIT 20')
      await shop.database.transaction((client) =>
        lockAndLoadSnapshots(
          client,
          ids.map(({ id }) => id),
          { nowMs: startMs },
        ),
      )
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  })()
  for (let from = 0; from < calls.length; from += 50) await shop.take(calls.slice(from, from + 50))
  await eventually('all events are handled', async () => (await handled()) === calls.length)
  done.abort()
  await reviewing
  await Promise.all(processes.map((one) => one.end('SIGTERM')))

  expect(await shop.rows('SELECT problem FROM events WHERE problem IS NOT NULL')).toEqual([])
  expect(await outcome()).toEqual(alone)
  // Every order, event and name belongs to somebody who is not part of somebody else.
  const lost = await shop.rows(`
    SELECT 1 FROM (SELECT customer_id FROM orders UNION ALL SELECT customer_id FROM events UNION ALL
                   SELECT customer_id FROM identities UNION ALL SELECT customer_id FROM contact_points) AS owned
    LEFT JOIN customers c ON c.id = customer_id WHERE c.id IS NULL OR c.merged_into IS NOT NULL`)
  expect(lost).toEqual([])
  const [counted] = await shop.rows<{ merged: number; recorded: number }>(
    `SELECT (SELECT count(*) FROM customers WHERE merged_into IS NOT NULL) AS merged,
            (SELECT count(*) FROM customer_merges) AS recorded`,
  )
  expect(counted?.recorded).toBe(counted?.merged)
  expect(counted?.merged).toBeGreaterThan(people)
})
