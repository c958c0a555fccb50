/** RFM scores: the same as the analytics work out, kept by the day and with every order, and asked for by segments. */

import { afterAll, beforeAll, expect, test } from 'vitest'
import { rfm } from '../../src/analytics/rfm.ts'
import type { RfmWaits } from '../../src/domain/interests.ts'
import { dayMs } from '../../src/domain/time.ts'
import { makeRfmScale, scoreRfmPage } from '../../src/store/rfm-scores.ts'
import { type Call, startMs } from '../intake/support/shop.ts'
import { openSegmentShop, type SegmentShop } from './support/engine.ts'

let shop: SegmentShop
beforeAll(async () => {
  shop = await openSegmentShop()
})
afterAll(() => shop.close())

interface Bought {
  readonly who: string
  readonly order: string
  readonly atMs: number
  readonly cents: number
}

const order = ({ who, order: order_id, atMs, cents }: Bought): Call => ({
  type: 'track',
  event: 'Order Completed',
  userId: who,
  timestamp: new Date(atMs).toISOString(),
  properties: { order_id, revenue: cents / 100, currency: 'EUR' },
})

/** Skewed, with days that have several orders. */
const bought: Bought[] = Array.from({ length: 400 }, (_, i) => ({
  who: `u${Math.floor((i * i) / 1_700) % 90}`,
  order: `o${i}`,
  atMs: startMs - ((i * 7919) % 5_000) * (dayMs / 24),
  cents: 100 + ((i * 104_729) % 20_000),
}))

/** What `src/analytics` says of the same orders: `u1 5-3-2`. */
function byAnalytics(orders: readonly Bought[], nowMs: number): string[] {
  const transactions = {
    customerIds: orders.map(({ who }) => who),
    days: orders.map(({ atMs }) => Math.floor(atMs / dayMs)),
    amounts: orders.map(({ cents }) => cents),
  }
  const { customers } = rfm(transactions, { asOfDay: Math.floor(nowMs / dayMs) + 1 })
  return customers
    .map(({ customerId, scores }) => `${customerId} ${scores.recency}-${scores.frequency}-${scores.monetary}`)
    .sort()
}

async function stored(): Promise<string[]> {
  const rows = await shop.rows<{ line: string }>(
    `SELECT external_id || ' ' || string_agg(value::int::text, '-' ORDER BY kind = 'rfm_recency' DESC, kind) AS line
     FROM scores s JOIN customers c ON c.id = s.customer_id WHERE kind LIKE 'rfm%' GROUP BY external_id`,
  )
  return rows.map(({ line }) => line).sort()
}

async function scoreEverybody(): Promise<boolean> {
  const isNew = await makeRfmScale(shop.database, shop.time.nowMs)
  while ((await scoreRfmPage(shop.database, shop.time.nowMs, waits, 25)).hasMore);
  return isNew
}

const nobodyWaits: RfmWaits = { ofLifecycle: false, ofRuns: [] }
let waits = nobodyWaits

const best = async (): Promise<string[]> => {
  await shop.evaluate()
  return shop.members('best')
}
const recent = (lines: readonly string[]): string[] =>
  lines.flatMap((line) => (/ 5-/.test(line) ? [line.split(' ')[0] as string] : [])).sort()

test('scores are those of the analytics, and follow the days and every order', async () => {
  await shop.publish('segment', { best: 'name: Best\nif: { rfm.recency: 5 }' })
  await shop.build()
  await shop.live(bought.map(order))
  expect(await stored()).toEqual([]) // Nobody has been compared with anybody yet.
  expect(await scoreEverybody()).toBe(true)
  expect(await stored()).toEqual(byAnalytics(bought, shop.time.nowMs))
  expect(await best()).toEqual(recent(byAnalytics(bought, shop.time.nowMs)))
  expect((await best()).length).toBeGreaterThan(5)

  // The scale is good for a day; whoever buys meanwhile is scored by it at once.
  expect(await scoreEverybody()).toBe(false)
  shop.time.nowMs += dayMs / 2
  const back = byAnalytics(bought, shop.time.nowMs)
    .find((line) => / 1-/.test(line))
    ?.split(' ')[0] as string
  const again = { who: back, order: 'again', atMs: shop.time.nowMs, cents: 100 }
  await shop.live([order(again)])
  expect((await stored()).find((line) => line.startsWith(`${back} `))).toMatch(/ 5-/)
  expect(await best()).toContain(back)

  // Days pass: the fifths are parted anew, and only those who change are looked at again.
  shop.time.nowMs += 40 * dayMs
  expect(await scoreEverybody()).toBe(true)
  const now = byAnalytics([...bought, again], shop.time.nowMs)
  expect(await stored()).toEqual(now)
  const touched = await shop.rows('SELECT DISTINCT customer_id FROM dirty_customers')
  expect(touched.length).toBeLessThan(now.length / 2)
  expect(await best()).toEqual(recent(now))
})

test('who has no order left has no score, and two who become one have one', async () => {
  await shop.live([
    order({ who: 'gone', order: 'g1', atMs: shop.time.nowMs, cents: 500 }),
    { type: 'track', event: 'Order Completed', anonymousId: 'visitor-7', properties: { order_id: 'm1', revenue: 5 } },
  ])
  expect((await stored()).some((line) => line.startsWith('gone '))).toBe(true)
  await shop.live([
    { type: 'track', event: 'Order Cancelled', userId: 'gone', properties: { order_id: 'g1' } },
    { type: 'identify', userId: 'u0', anonymousId: 'visitor-7' },
  ])
  expect((await stored()).some((line) => line.startsWith('gone '))).toBe(false)
  const [row] = await shop.rows(
    `SELECT count(*)::int AS n, count(DISTINCT customer_id)::int AS people FROM scores s
     JOIN customers c ON c.id = s.customer_id WHERE c.external_id = 'u0' OR c.merged_into IS NOT NULL`,
  )
  expect(row).toEqual({ n: 3, people: 1 })
  expect((await stored()).find((line) => line.startsWith('u0 '))).toMatch(/ 5-/)
})

test('a new day is news for those whose step, goal or stage asks for the scores that it changes, and for nobody else', async () => {
  // Everybody waits: half of them for the scores.
  await shop.rows(
    `INSERT INTO journey_runs (id, customer_id, journey, version, entry_number, status, step, step_since, entered_at)
     SELECT gen_random_uuid(), customer_id, 'back', 'v1', 1, 'active',
            CASE WHEN row_number() OVER (ORDER BY customer_id) % 2 = 0 THEN 'scores' ELSE 'event' END, now(), now()
       FROM (SELECT DISTINCT customer_id FROM scores) AS scored`,
  )
  const waiting = await shop.rows<{ id: string }>(`SELECT customer_id AS id FROM journey_runs WHERE step = 'scores'`)
  const atStep = { journey: 'back', version: 'v1', step: 'scores' }
  const changed = await aNewDay({ ofLifecycle: false, ofRuns: [atStep] })
  const told = waiting.map(({ id }) => id).filter((id) => changed.has(id))
  expect(told.length).toBeGreaterThan(0)
  expect(told.length).toBeLessThan(changed.size)
  expect(await heard()).toEqual(told.toSorted())

  expect((await aNewDay({ ofLifecycle: false, ofRuns: [{ ...atStep, version: 'v2' }] })).size).toBeGreaterThan(0)
  expect(await heard()).toEqual([])

  const ofGoal = await aNewDay({ ofLifecycle: false, ofRuns: [{ ...atStep, step: null }] })
  expect(await heard()).toEqual([...ofGoal].toSorted())

  await shop.rows(`UPDATE journey_runs SET status = 'completed'`)
  const ofStage = await aNewDay({ ofLifecycle: true, ofRuns: [] })
  expect(ofStage.size).toBeGreaterThan(0)
  expect(await heard()).toEqual([...ofStage].toSorted())
})

/** A day on which twenty have come back, whoever was the longest away. @returns whose scores are others after it. */
async function aNewDay(waitsNow: RfmWaits): Promise<Set<string>> {
  waits = waitsNow
  shop.time.nowMs += 2 * dayMs
  await shop.rows(
    `UPDATE orders SET ordered_at = $1 WHERE customer_id IN (
       SELECT customer_id FROM orders GROUP BY customer_id ORDER BY max(ordered_at), customer_id LIMIT 20)`,
    [new Date(shop.time.nowMs - dayMs)],
  )
  await shop.rows('DELETE FROM news')
  const { rows: before } = await shop.database.pool.query<{ id: string; scores: string }>(allScores)
  await scoreEverybody()
  return changedSince(before)
}

const allScores = `
  SELECT customer_id AS id, string_agg(value::text, ' ' ORDER BY kind) AS scores FROM scores
   WHERE kind LIKE 'rfm%' GROUP BY customer_id`

async function changedSince(before: readonly { readonly id: string; readonly scores: string }[]): Promise<Set<string>> {
  const { rows } = await shop.database.pool.query<{ id: string; scores: string }>(allScores)
  const known = new Map(before.map(({ id, scores }) => [id, scores]))
  return new Set(rows.filter(({ id, scores }) => known.get(id) !== scores).map(({ id }) => id))
}

const heard = async (): Promise<string[]> => {
  const rows = await shop.rows<{ id: string }>('SELECT customer_id AS id FROM news ORDER BY 1')
  return rows.map(({ id }) => id)
}
