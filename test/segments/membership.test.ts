/** Segments follow what is known of customers and the time, and journeys hear of it. */

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { dayMs } from '../../src/domain/time.ts'
import { hasBuilderWork, rebuildSegments } from '../../src/store/segments/segment-catalog.ts'
import { unmergeCustomer } from '../../src/store/unmerge.ts'
import { type Call, startMs } from '../intake/support/shop.ts'
import { openSegmentShop, type SegmentShop } from './support/engine.ts'

let shop: SegmentShop
beforeAll(async () => {
  shop = await openSegmentShop()
})
afterAll(() => shop.close())
beforeEach(async () => {
  await shop.clear()
  shop.heard.clear()
  for (const table of [
    'segments',
    'segment_members',
    'segment_states',
    'segment_moments',
    'segment_catch_ups',
    'dirty_customers',
  ])
    await shop.rows(`DELETE FROM ${table}`)
  await shop.rows('DELETE FROM campaigns')
})

function identify(userId: string, traits: Record<string, unknown> = {}): Call {
  return { type: 'identify', userId, traits, timestamp: new Date(shop.time.nowMs).toISOString() }
}

let orders = 0
function order(userId: string): Call {
  return {
    type: 'track',
    event: 'Order Completed',
    userId,
    timestamp: new Date(shop.time.nowMs).toISOString(),
    properties: { order_id: `o${++orders}`, revenue: 10, currency: 'EUR' },
  }
}

const buyers = 'name: Buyers\nif: { orders.count: { at_least: 1 } }'
const quiet = 'name: Quiet\nif: { orders.last: { before: 30 days } }'
const recent = 'name: Recent\nif: { orders.last: { within: 7 days } }'

test('a new segment holds everybody who belongs to it, and that is no news', async () => {
  await shop.live([identify('ada'), order('ada'), identify('bob')])
  shop.heard.add('buyers')
  await shop.publish('segment', { buyers })
  const outcome = await shop.build()
  expect(outcome?.failed).toEqual([])
  expect(outcome?.built).toMatchObject([{ key: 'buyers', size: 1 }])
  expect(await shop.members('buyers')).toEqual(['ada'])
  await shop.evaluate()
  expect(await shop.segmentNews()).toEqual([])
})

test('an order brings its customer in, a refund elsewhere changes nothing, and journeys hear of it once', async () => {
  await shop.publish('segment', { buyers })
  await shop.build()
  shop.heard.add('buyers')
  await shop.live([identify('ada'), identify('bob')])
  await shop.evaluate()
  expect(await shop.members('buyers')).toEqual([])
  await shop.live([order('bob'), order('bob')])
  const pages = await shop.evaluate()
  expect(pages).toMatchObject([{ customers: 1, entered: 1, exited: 0, hasNews: true }])
  expect(await shop.members('buyers')).toEqual(['bob'])
  expect(await shop.segmentNews()).toEqual(['bob entered buyers'])
  expect(await shop.rows(`SELECT size FROM segments WHERE key = 'buyers'`)).toEqual([{ size: 1 }])
  expect(await shop.evaluate()).toEqual([])
})

test('nobody hears of a segment that no journey asks about, nor of a past that was imported', async () => {
  await shop.publish('segment', { buyers })
  await shop.build()
  await shop.live([order('ada')])
  await shop.evaluate()
  shop.heard.add('buyers')
  await shop.live([order('bob')])
  await shop.rows(`UPDATE dirty_customers SET cause = 'import'`)
  await shop.evaluate()
  expect(await shop.members('buyers')).toEqual(['ada', 'bob'])
  expect(await shop.segmentNews()).toEqual([])
})

test('a page is no larger than asked for, whatever the statistics of the queue say', async () => {
  await shop.live(Array.from({ length: 60 }, (_, i) => identify(`u${i}`)))
  await shop.evaluate()
  // A queue that was long once and is empty now: the planner takes it for empty for ever.
  await shop.rows('INSERT INTO dirty_customers (customer_id) SELECT gen_random_uuid() FROM generate_series(1, 3000)')
  await shop.rows('DELETE FROM dirty_customers')
  await shop.rows('VACUUM (ANALYZE, TRUNCATE false) dirty_customers')
  await shop.rows('INSERT INTO dirty_customers (customer_id) SELECT id FROM customers')
  expect((await shop.evaluate(20)).map(({ customers }) => customers)).toEqual([20, 20, 20])
})

test('time alone moves customers, at the moment at which it does and not before', async () => {
  await shop.publish('segment', { quiet, recent })
  await shop.build()
  shop.heard.add('quiet').add('recent')
  await shop.live([identify('ada'), order('ada')])
  await shop.evaluate()
  expect(await shop.members('recent')).toEqual(['ada'])
  shop.time.nowMs = startMs + 7 * dayMs
  await shop.sweep()
  expect(await shop.members('recent')).toEqual(['ada'])
  shop.time.nowMs += 1
  await shop.sweep()
  expect(await shop.members('recent')).toEqual([])
  shop.time.nowMs = startMs + 30 * dayMs + 1
  await shop.sweep()
  expect(await shop.members('quiet')).toEqual(['ada'])
  expect(await shop.segmentNews()).toEqual(['ada entered recent', 'ada exited recent', 'ada entered quiet'])
  expect(await shop.rows('SELECT 1 FROM segment_states WHERE flips_at IS NOT NULL')).toEqual([])
})

test('a segment that was built from nothing knows its moments', async () => {
  await shop.live([order('ada')])
  await shop.evaluate()
  await shop.publish('segment', { quiet, recent })
  await shop.build()
  expect(await shop.members('recent')).toEqual(['ada'])
  shop.time.nowMs = startMs + 31 * dayMs
  await shop.sweep()
  expect(await shop.members('recent')).toEqual([])
  expect(await shop.members('quiet')).toEqual(['ada'])
})

test('a builder that dies before it has written the moments of a segment leaves that to the next one', async () => {
  await shop.live([order('ada')])
  await shop.evaluate()
  await shop.publish('segment', { recent })
  await shop.build()
  // As it was between the two.
  await shop.rows('UPDATE segment_states SET flips_at = NULL')
  await shop.rows(`UPDATE segments SET moments_at = built_at WHERE status = 'live'`)
  expect(await hasBuilderWork(shop.database.pool)).toBe(true)
  await shop.build()
  expect(await hasBuilderWork(shop.database.pool)).toBe(false)
  shop.time.nowMs = startMs + 31 * dayMs
  await shop.sweep()
  expect(await shop.members('recent')).toEqual([])
})

test('a changed document takes the place of the former one at once; who stays has been in since before', async () => {
  await shop.publish('segment', { vip: buyers })
  await shop.build()
  await shop.live([order('ada'), order('bob'), order('bob')])
  await shop.evaluate()
  const since = await shop.rows('SELECT since FROM segment_members ORDER BY 1')
  shop.heard.add('vip')
  shop.time.nowMs += dayMs
  await shop.publish('segment', { vip: 'name: Buyers\nif: { orders.count: { at_least: 2 } }' })
  await shop.build()
  expect(await shop.members('vip')).toEqual(['bob'])
  expect(await shop.rows('SELECT since FROM segment_members')).toEqual(since.slice(0, 1))
  expect(await shop.segmentNews()).toEqual([])

  await shop.publish('segment', { vip: `${buyers}\nannounce_rebuild: true` })
  await shop.build()
  expect(await shop.segmentNews()).toEqual(['ada entered vip'])
})

test('an archived segment has no members any more', async () => {
  await shop.publish('segment', { buyers })
  await shop.build()
  await shop.live([order('ada')])
  await shop.evaluate()
  await shop.rows(`UPDATE campaigns SET status = 'archived'`)
  await shop.build()
  expect(await shop.members('buyers')).toEqual([])
  expect(await shop.rows('SELECT 1 FROM segment_members')).toEqual([])
  await shop.live([order('bob')])
  expect(await shop.evaluate()).toMatchObject([{ entered: 0 }])
})

test('who became part of another customer, or is gone, is in no segment', async () => {
  await shop.publish('segment', { buyers })
  await shop.build()
  await shop.live([
    { ...order('ada'), anonymousId: 'x' },
    { ...order('x'), userId: undefined, anonymousId: 'y' },
  ])
  await shop.evaluate()
  expect(await shop.rows('SELECT 1 FROM segment_members')).toHaveLength(2)
  await shop.live([{ type: 'identify', userId: 'ada', anonymousId: 'y', traits: {} }])
  await shop.evaluate()
  expect(await shop.rows('SELECT 1 FROM segment_members')).toHaveLength(1)
  expect(await shop.members('buyers')).toEqual(['ada'])
  await shop.rows(`INSERT INTO dirty_customers (customer_id) SELECT id FROM customers`)
  await shop.rows('DELETE FROM customers')
  await shop.evaluate()
  expect(await shop.rows('SELECT 1 FROM segment_members')).toEqual([])
})

test('two who become one, and are taken apart again, are each time where a build from nothing puts them', async () => {
  await shop.publish('trait', { bought: 'name: Bought\ncompute: count\nevent: Order Completed\nwithin: 30 days' })
  await shop.publish('segment', {
    buyers,
    twice: 'name: Twice\nif: { orders.count: { at_least: 2 } }',
    counted: 'name: Counted\nif: { computed.bought: { at_least: 2 } }',
    inBoth: 'name: In both\nif: { all: [{ segment: twice }, { not: { trait.plan: gold } }] }',
    lookers: 'name: Lookers\nif: { event: Product Viewed }',
    unknown: 'name: Unknown\nif: { reachable.email: false }',
  })
  await shop.build()
  await shop.live([
    { type: 'identify', userId: 'ada', traits: { email: 'ada@inbox.example', plan: 'gold' } },
    order('ada'),
    { type: 'track', event: 'Product Viewed', anonymousId: 'y', properties: { product_id: 'p' } },
    { ...order('y'), userId: undefined, anonymousId: 'y' },
  ])
  await shop.evaluate()
  const where = async (): Promise<string[]> =>
    (
      await shop.rows<{ line: string }>(
        `SELECT s.key || ' ' || coalesce(c.external_id, 'guest') AS line FROM segment_members m
         JOIN segments s ON s.id = m.segment_id AND s.status = 'live' JOIN customers c ON c.id = m.customer_id ORDER BY 1`,
      )
    ).map(({ line }) => line)
  const apart = ['buyers ada', 'buyers guest', 'lookers guest', 'unknown guest']
  expect(await where()).toEqual(apart)

  await shop.live([{ type: 'identify', userId: 'ada', anonymousId: 'y', traits: {} }])
  await shop.evaluate()
  expect(await where()).toEqual(['buyers ada', 'counted ada', 'lookers ada', 'twice ada'])

  const [left] = await shop.rows<{ id: string }>('SELECT id FROM customers WHERE merged_into IS NOT NULL')
  const undone = await unmergeCustomer(shop.database, shop.vault, left?.id ?? '', {
    nowMs: shop.time.nowMs,
    by: 'test',
  })
  expect(undone.outcome).toBe('undone')
  await shop.evaluate()
  expect(await where()).toEqual(apart)
  const { kept, rebuilt } = await shop.compareWithRebuild()
  expect(kept).toEqual(rebuilt)
})

test('after a past was imported, everything is worked out anew beside what counts', async () => {
  await shop.publish('segment', { buyers })
  await shop.build()
  await shop.live([order('ada')])
  await shop.rows('DELETE FROM dirty_customers')
  shop.heard.add('buyers')
  await rebuildSegments(shop.database.pool, shop.time.nowMs)
  expect(await shop.members('buyers')).toEqual([])
  await shop.build()
  expect(await shop.members('buyers')).toEqual(['ada'])
  expect(await shop.segmentNews()).toEqual([])
})
