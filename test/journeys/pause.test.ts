import { afterEach, beforeEach, expect, test } from 'vitest'
import { verdictOn } from '../../activities/verdict.ts'
import { loadDefinitions } from '../../src/store/campaigns.ts'
import { createIdentifiers } from '../../src/store/identifiers.ts'
import { pauseJourney, resumeJourney } from '../../src/store/journeys/pause-journey.ts'
import { createReviewStore } from '../../src/store/reviews.ts'
import { Vault } from '../../src/store/vault.ts'
import { type JourneyShop, openJourneyShop, plantInFlight, startMs } from './support/shop.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const people = 100
let shop: JourneyShop

beforeEach(async () => {
  shop = await openJourneyShop()
  await plantInFlight(shop, [{ step: 'rest', count: people, sinceMs: startMs - 2 * dayMs, wakeMs: startMs + dayMs }])
})
afterEach(() => shop.close())

/** Looks at everybody, as the crowd's lane does. */
async function lookAtAll(): Promise<void> {
  const vault = new Vault(Buffer.alloc(32, 7))
  const ids = (await shop.rows<{ id: string }>('SELECT id FROM customers ORDER BY id')).map(({ id }) => id)
  const definitions = await loadDefinitions(shop.db)
  const nowMs = shop.clock.nowMs()
  await createReviewStore(shop.db).reviewPage(
    ids,
    nowMs,
    (loaded, salt) =>
      verdictOn(loaded, definitions, nowMs, createIdentifiers(vault, loaded.snapshot.customer.id, salt)),
    undefined,
    50,
  )
}

const wish = (): { key: string; by: string; nowMs: number } => ({ key: 'course', by: 'ops', nowMs: shop.clock.nowMs() })

test('a pause is one row, holds up whoever is looked at, and says so once; afterwards they come one after the other', async () => {
  expect(await pauseJourney(shop.db, wish())).toEqual({ result: 'done', people, messages: 0 })
  expect(await pauseJourney(shop.db, wish())).toEqual({ result: 'same' })
  expect(await shop.rows('SELECT 1 FROM news')).toEqual([]) // Nobody is disturbed.

  for (const wait of [1.5 * dayMs, 0.5 * dayMs]) {
    shop.clock.advance(wait)
    await lookAtAll()
  }
  const state = `SELECT step, count(*) AS count, count(wake_at) AS waking FROM journey_runs WHERE status = 'active' GROUP BY 1`
  expect(await shop.rows(state)).toEqual([{ step: 'rest', count: people, waking: 0 }])
  const said = `SELECT rule, count(*) AS count FROM decision_records GROUP BY 1`
  expect(await shop.rows(said)).toEqual([{ rule: 'journey-paused', count: people }])

  const resumedMs = shop.clock.nowMs()
  const spreadMs = 6 * hourMs
  expect(await resumeJourney(shop.db, { ...wish(), spreadMs })).toEqual({ result: 'done', people, messages: 0 })
  expect(await resumeJourney(shop.db, { ...wish(), spreadMs })).toEqual({ result: 'same' })
  await lookAtAll()
  const wakes = (await shop.rows<{ wake_at: Date }>('SELECT DISTINCT wake_at FROM journey_runs')).map((row) =>
    row.wake_at.getTime(),
  )
  expect(wakes.length).toBeGreaterThan(people * 0.9)
  expect(Math.min(...wakes)).toBeGreaterThan(resumedMs)
  expect(Math.max(...wakes)).toBeLessThan(resumedMs + spreadMs)
  const due = `SELECT count(*) AS count FROM customers c JOIN journey_runs r ON r.customer_id = c.id WHERE c.due_at = r.wake_at`
  expect(await shop.rows(due)).toEqual([{ count: people }])

  shop.clock.advance(spreadMs)
  await lookAtAll()
  expect(await shop.rows(state)).toEqual([{ step: 'think', count: people, waking: people }])
})

test('what waits in the ledger gets its place within the spread, and its customer is looked at', async () => {
  await plantInFlight(shop, [{ step: 'think', count: people, sinceMs: startMs, wakeMs: startMs + 5 * dayMs }])
  await pauseJourney(shop.db, wish())
  await shop.rows(`UPDATE messages SET reason = 'postponed: journey-paused', not_before = $1`, [
    new Date(startMs + 3 * dayMs),
  ])
  shop.clock.advance(hourMs)
  const resumedMs = shop.clock.nowMs()
  expect(await resumeJourney(shop.db, { ...wish(), spreadMs: hourMs })).toMatchObject({ people: 0, messages: people })
  const [row] = await shop.rows<Record<string, number>>(
    `SELECT count(DISTINCT not_before) AS moments, extract(epoch FROM min(not_before)) * 1000 AS first,
            extract(epoch FROM max(not_before)) * 1000 AS last, count(reason) AS reasons,
            (SELECT count(*) FROM news WHERE kind = 'journey') AS news FROM messages`,
  )
  expect(row).toMatchObject({ reasons: 0, news: people })
  expect(row?.['moments']).toBeGreaterThan(people * 0.9)
  expect(Number(row?.['first'])).toBeGreaterThanOrEqual(resumedMs)
  expect(Number(row?.['last'])).toBeLessThanOrEqual(resumedMs + hourMs)
})

test('a journey that there is not, or not any more, can be neither paused nor resumed', async () => {
  const nowhere = { ...wish(), key: 'nowhere' }
  expect(await pauseJourney(shop.db, nowhere)).toEqual({ result: 'unknown' })
  expect(await resumeJourney(shop.db, { ...nowhere, spreadMs: 0 })).toEqual({ result: 'unknown' })
  expect(await resumeJourney(shop.db, { ...wish(), spreadMs: 0 })).toEqual({ result: 'same' })
})
