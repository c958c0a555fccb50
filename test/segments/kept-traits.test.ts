/** Traits computed by rule follow events and time, segments and journeys follow them. */

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { dayMs } from '../../src/domain/time.ts'
import { rebuildSegments } from '../../src/store/segments/segment-catalog.ts'
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
    'computed_traits',
    'campaigns',
  ])
    await shop.rows(`DELETE FROM ${table}`)
})

const views = 'name: Views\ncompute: count\nevent: Product Viewed\nwithin: 30 days'
const favourite = 'name: Favourite\ncompute: most_frequent\nevent: Product Viewed\nof: category\nwithin: 30 days'
const away = 'name: Away\ncompute: days_since\nevent: Product Viewed\nwithin: 60 days'
const keen = 'name: Keen\nif: { computed.views: { at_least: 2 } }'
const traits = { views, favourite, away }

function viewed(userId: string, category: string, daysAgo = 0): Call {
  const timestamp = new Date(startMs - daysAgo * dayMs).toISOString()
  return { type: 'track', event: 'Product Viewed', userId, timestamp, properties: { category } }
}

async function values(): Promise<string[]> {
  const rows = await shop.rows<{ line: string }>(
    `SELECT concat_ws(' ', c.external_id, t.name, t.value) AS line
       FROM computed_traits t JOIN customers c ON c.id = t.customer_id ORDER BY c.external_id, t.name`,
  )
  return rows.map(({ line }) => line)
}

async function profileNews(): Promise<string[]> {
  const rows = await shop.rows<{ who: string }>(
    `SELECT c.external_id AS who FROM news n JOIN customers c ON c.id = n.customer_id WHERE n.kind = 'profile' ORDER BY n.id`,
  )
  return rows.map(({ who }) => who)
}

const sizes = () => shop.rows(`SELECT key, size FROM segments WHERE status = 'live' ORDER BY key`)

const calls = [
  viewed('ada', 'jazz', 3),
  viewed('ada', 'folk', 2),
  viewed('ada', 'jazz', 1),
  viewed('bob', 'folk', 5),
  viewed('eve', 'folk', 45),
]
const expected = [
  'ada away 1',
  'ada favourite "jazz"',
  'ada views 3',
  'bob away 5',
  'bob favourite "folk"',
  'bob views 1',
  'eve away 45',
]

test('events in whatever order lead to the same values, and those to what a rebuild says', async () => {
  await shop.publish('trait', traits)
  await shop.publish('segment', { keen })
  expect((await shop.build())?.failed).toEqual([])
  for (const call of [...calls].reverse()) {
    await shop.live([call])
    await shop.evaluate()
  }
  expect(await values()).toEqual(expected)
  expect(await shop.members('keen')).toEqual(['ada'])
  const kept = await sizes()
  expect(kept).toEqual([
    { key: 'away', size: 3 },
    { key: 'favourite', size: 2 },
    { key: 'keen', size: 1 },
    { key: 'views', size: 2 },
  ])

  // What went wrong is mended by working everything out from nothing, and nothing of that is news.
  shop.interests.traits.add('computed.views')
  await shop.rows(`UPDATE computed_traits SET value = '99' WHERE name = 'views'`)
  await rebuildSegments(shop.database.pool, shop.time.nowMs)
  await shop.build()
  await shop.evaluate()
  shop.interests.traits.delete('computed.views')
  expect(await values()).toEqual(expected)
  expect(await shop.members('keen')).toEqual(['ada'])
  expect(await sizes()).toEqual(kept)
  expect(await profileNews()).toEqual([])
})

test('a trait that is published later is built for everybody before the segments that ask about it', async () => {
  await shop.live(calls)
  await shop.evaluate()
  await shop.publish('segment', { keen })
  await shop.publish('trait', traits)
  const outcome = await shop.build()
  expect(outcome?.built.at(-1)).toMatchObject({ kind: 'segment', key: 'keen', size: 1 })
  expect(await values()).toEqual(expected)
  expect(await shop.members('keen')).toEqual(['ada'])
})

test('time alone changes values, and with them segments, at the moment and not before', async () => {
  await shop.publish('trait', traits)
  await shop.publish('segment', { keen })
  await shop.live(calls)
  await shop.evaluate()
  await shop.build() // Its moments come with what was built.
  shop.heard.add('keen')
  shop.time.nowMs = startMs + 27 * dayMs
  await shop.sweep()
  expect(await shop.members('keen')).toEqual(['ada'])
  shop.time.nowMs += 1
  await shop.sweep()
  expect(await values()).toContain('ada views 2')
  shop.time.nowMs = startMs + 28 * dayMs
  await shop.sweep()
  expect(await shop.members('keen')).toEqual(['ada'])
  shop.time.nowMs = startMs + 28 * dayMs + 1
  await shop.sweep()
  expect(await values()).toContain('ada views 1')
  expect(await values()).toContain('ada away 29')
  expect(await shop.members('keen')).toEqual([])
  expect(await shop.segmentNews()).toEqual(['ada exited keen'])
  shop.time.nowMs = startMs + 61 * dayMs
  await shop.sweep()
  expect(await values()).toEqual([])
  expect(await shop.rows('SELECT 1 FROM segment_states WHERE flips_at IS NOT NULL')).toEqual([])
})

test('who waits for a trait is told when its value changes, by an event or by a changed document', async () => {
  await shop.publish('trait', traits)
  await shop.publish('segment', { keen })
  await shop.build()
  await shop.live(calls)
  await shop.evaluate()
  expect(await profileNews()).toEqual([])
  shop.interests.traits.add('computed.views')
  await shop.live([viewed('bob', 'folk')])
  await shop.evaluate()
  await shop.live([{ ...viewed('ada', 'jazz'), event: 'Product Clicked' }])
  await shop.evaluate()
  expect(await profileNews()).toEqual(['bob'])
  expect(await shop.members('keen')).toEqual(['ada', 'bob'])

  await shop.publish('trait', { views: views.replace('30 days', '4 days') })
  expect(await shop.build()).toMatchObject({ hasNews: true })
  await shop.evaluate()
  expect(await values()).toContain('bob views 1')
  expect(await profileNews()).toEqual(['bob', 'bob'])
  expect(await shop.members('keen')).toEqual(['ada'])
  shop.interests.traits.delete('computed.views')
})

test('an archived trait leaves; one given up half-way is worked out as it was', async () => {
  await shop.publish('trait', traits)
  await shop.live(calls)
  await shop.build()
  await shop.evaluate()
  await shop.rows(`UPDATE computed_traits SET value = '7' WHERE name = 'views'`) // As a builder that died left them.
  await shop.rows(
    `INSERT INTO segments (kind, key, version, status, created_at) VALUES ('trait', 'views', 'gone', 'building', now())`,
  )
  expect((await shop.build())?.built).toMatchObject([{ key: 'views', size: 2 }])
  expect(await values()).toEqual(expected)
  await shop.rows(`UPDATE campaigns SET status = 'archived' WHERE key <> 'views'`)
  await shop.build()
  expect(await values()).toEqual(['ada views 3', 'bob views 1'])
  await shop.live([viewed('ada', 'jazz')])
  await shop.evaluate()
  expect(await values()).toEqual(['ada views 4', 'bob views 1'])
})
