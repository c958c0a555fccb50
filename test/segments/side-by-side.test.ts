/**
 * Several real processes take events in, join customers, evaluate segments and build new ones at the same time, and two of
 * them are killed. In the end everybody is where a build from nothing puts them.
 */

import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { publishCampaigns } from '../../src/store/publishing/publish-campaigns.ts'
import { eventually, startIntakeProcess } from '../intake/support/processes.ts'
import { type Call, startMs } from '../intake/support/shop.ts'
import { openSegmentShop, type SegmentShop } from './support/engine.ts'

let shop: SegmentShop
beforeAll(async () => {
  shop = await openSegmentShop()
  await publishCampaigns(shop.database, fileURLToPath(new URL('../../campaigns', import.meta.url)), startMs)
})
afterAll(() => shop.close())

/** Nobody listens here: nudging waits, which must hold up nothing. */
const nowhere = '127.0.0.1:9'
const people = 300

const first = {
  buyers: 'name: Buyers\nif: { orders.count: { at_least: 1 } }',
  regulars: 'name: Regulars\nif: { orders.count: { at_least: 3 } }',
  romans: 'name: Romans\nif: { trait.city: Rome }',
  strangers: 'name: Strangers\nif: { not: { orders.count: { at_least: 1 } } }',
}
const later = {
  seen: 'name: Seen\nif: { seen.last: { within: 3650 days } }',
  regulars: 'name: Regulars\nif: { orders.count: { at_least: 2 } }',
  turned: 'name: Turned\nif: { trait.turn: { at_least: 5 } }',
}

/** What one person does: first unknown on two devices, then known on both, so that two customers become one. */
function life(person: number): Call[] {
  const user = { userId: `u${person}` }
  const order = (id: number, who: object): Call => ({
    type: 'track',
    event: id % 4 === 3 ? 'Order Refunded' : 'Order Completed',
    properties: { order_id: `o${person}-${id % 3}`, revenue: 10, currency: 'EUR' },
    ...who,
  })
  const identify = (turn: number): Call => ({
    type: 'identify',
    ...user,
    anonymousId: `${turn % 2 === 0 ? 'a' : 'b'}${person}`,
    traits: { city: (person + turn) % 3 === 0 ? 'Rome' : 'Oslo', turn },
  })
  const rounds = Array.from({ length: 4 }, (_, i) => [order(i, user), identify(2 * i), identify(2 * i + 1)])
  return [order(4, { anonymousId: `a${person}` }), order(5, { anonymousId: `b${person}` }), ...rounds.flat()]
}

test('membership is right in the end, whoever died on the way', { timeout: 240_000 }, async () => {
  const lives = Array.from({ length: people }, (_, person) => life(person))
  const steps = Array.from({ length: 14 }, (_, step) => lives.flatMap((one) => one[step] ?? []))
  const strangers = steps.slice(0, 2).flat()
  const calls = steps.slice(2).flat()
  await shop.publish('segment', first)
  const processes = await Promise.all(Array.from({ length: 4 }, () => startIntakeProcess(shop.url, nowhere)))
  const count = async (sql: string): Promise<number> => (await shop.rows<{ n: number }>(sql))[0]?.n ?? 0
  const handled = (): Promise<number> => count('SELECT count(*) AS n FROM events WHERE handled_at IS NOT NULL')

  // Known as two before it turns out that they are one: only then is there something to join. Whoever handles the page
  // with the names first leaves nothing to join, and is right as well.
  for (let from = 0; from < strangers.length; from += 100) await shop.take(strangers.slice(from, from + 100))
  await eventually('the strangers are known', async () => (await handled()) >= strangers.length)
  const feeding = (async () => {
    for (let from = 0; from < calls.length; from += 100) await shop.take(calls.slice(from, from + 100))
  })()
  await eventually('some events are handled', async () => (await handled()) > strangers.length + 300)
  await processes[0]?.end('SIGKILL')
  await shop.publish('segment', later)
  await eventually('more events are handled', async () => (await handled()) > strangers.length + 1_500)
  await processes[1]?.end('SIGKILL')
  await feeding
  await eventually('everything is handled, evaluated and built', async () => {
    const waiting = await count(`SELECT (SELECT count(*) FROM events WHERE handled_at IS NULL)
      + (SELECT count(*) FROM dirty_customers) + (SELECT count(*) FROM segments WHERE built_at IS NULL)
      + (SELECT count(*) FROM campaigns c WHERE c.kind = 'segment' AND c.status = 'live' AND NOT EXISTS (
           SELECT FROM segments s WHERE s.key = c.key AND s.version = c.version AND s.status = 'live')) AS n`)
    return waiting === 0
  })
  await Promise.all(processes.slice(2).map((one) => one.end('SIGTERM')))

  expect(await shop.rows('SELECT problem FROM segments WHERE problem IS NOT NULL')).toEqual([])
  const sizes = await shop.rows<{ key: string; size: number; rows: number }>(
    `SELECT key, size, (SELECT count(*) FROM segment_members m WHERE m.segment_id = s.id) AS rows
       FROM segments s WHERE status = 'live' ORDER BY key`,
  )
  const ours = [...new Set([...Object.keys(first), ...Object.keys(later)])].sort()
  expect(sizes.map(({ key }) => key)).toEqual(expect.arrayContaining(ours))
  for (const { size, rows } of sizes) expect(size).toBe(rows)
  expect(await count('SELECT count(*) AS n FROM customers WHERE merged_into IS NOT NULL')).toBeGreaterThan(people / 2)
  const split = await shop.rows(
    `SELECT substr(value, 2) AS person FROM identities GROUP BY 1 HAVING count(DISTINCT customer_id) > 1`,
  )
  expect(split).toEqual([])
  expect(await count('SELECT count(*) AS n FROM customers WHERE merged_into IS NULL')).toBe(people)
  const { kept, rebuilt } = await shop.compareWithRebuild()
  expect(kept).toEqual(rebuilt)
  expect(kept.length).toBeGreaterThan(3 * people)
})
