import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { InFlightChoice } from '../../src/domain/in-flight.ts'
import { readCampaignFiles } from '../../src/store/campaign-files.ts'
import { loadDefinitions } from '../../src/store/campaigns.ts'
import type { InFlightReport } from '../../src/store/publishing/journey-plans.ts'
import { previewPublication } from '../../src/store/publishing/publish-campaigns.ts'
import {
  type JourneyShop,
  liveVersion,
  openJourneyShop,
  plantInFlight,
  secondVersion,
  startMs,
} from './support/shop.ts'

const dayMs = 86_400_000
let shop: JourneyShop

beforeEach(async () => {
  shop = await openJourneyShop()
})

afterEach(() => shop.close())

/** People on four steps, 5,000 if nobody says otherwise. */
async function crowd(people = 5_000): Promise<void> {
  const share = people / 5_000
  await plantInFlight(shop, [
    { step: 'rest', count: 2_000 * share, sinceMs: startMs - dayMs, wakeMs: startMs + 2 * dayMs },
    { step: 'think', count: 1_500 * share, sinceMs: startMs - 2 * dayMs, wakeMs: startMs + 3 * dayMs },
    { step: 'call', count: 1_000 * share, sinceMs: startMs - dayMs, wakeMs: startMs + 3 * dayMs },
    { step: 'late', count: 500 * share, sinceMs: startMs, wakeMs: startMs + 10 * dayMs },
  ])
  shop.directory.write({ 'journeys/course.yaml': secondVersion })
}

async function previewed(choice: InFlightChoice | undefined): Promise<InFlightReport | undefined> {
  const files = await readCampaignFiles(shop.directory.path)
  const { journeys } = await previewPublication(shop.db, files, choicesOf(choice))
  return journeys[0]
}

function choicesOf(choice: InFlightChoice | undefined): Map<string, InFlightChoice> {
  return new Map(choice === undefined ? [] : [['course', choice]])
}

/** Where everybody is, as the rows say. */
async function places(): Promise<Record<string, number>> {
  const rows = await shop.rows<{ place: string; count: number }>(
    `SELECT CASE status WHEN 'active' THEN (SELECT max(number) FROM campaign_publications p
                                             WHERE p.kind = 'journey' AND p.key = r.journey AND p.version = r.version)
                                           || ' ' || step ELSE status END AS place, count(*) AS count
       FROM journey_runs r GROUP BY 1`,
  )
  return Object.fromEntries(rows.map(({ place, count }) => [place, count]))
}

function foreseen({ after, exit }: InFlightReport): Record<string, number> {
  const there = after.map(({ number, step, count }): [string, number] => [`${number} ${step}`, count])
  return Object.fromEntries([...there, ...(exit > 0 ? [['exited', exit] as [string, number]] : [])])
}

const move = { choice: 'move', map: { call: 'pause', late: null, think: 'think', bye: 'done' } } as const

describe('publishing with 5,000 people in flight does to them what the preview said:', () => {
  test.each<[string, InFlightChoice | undefined, object, Record<string, number>]>([
    [
      'they stay, if nobody says otherwise',
      undefined,
      { choice: 'stay', stay: 5_000, move: 0, exit: 0 },
      { '1 rest': 2_000, '1 think': 1_500, '1 call': 1_000, '1 late': 500 },
    ],
    [
      'they move by a map',
      move,
      { choice: 'move', stay: 0, move: 4_500, exit: 500 },
      { '2 rest': 2_000, '2 think': 1_500, '2 pause': 1_000, exited: 500 },
    ],
    ['they leave', { choice: 'exit' }, { choice: 'exit', stay: 0, move: 0, exit: 5_000 }, { exited: 5_000 }],
  ])('%s', async (_, choice, counts, expected) => {
    await crowd()
    const preview = await previewed(choice)
    const before = await places()
    expect(preview).toMatchObject({ journey: 'course', from: 1, to: 2, ...counts })
    expect(before).toEqual({ '1 rest': 2_000, '1 think': 1_500, '1 call': 1_000, '1 late': 500 })

    const { journeys } = await shop.publish(choicesOf(choice))
    expect(journeys[0]).toEqual(preview)
    expect(await places()).toEqual(expected)
    expect(foreseen(preview as InFlightReport)).toEqual(expected)

    // Whoever was touched is looked at, once, and can be told why; nobody else is.
    const changed = (preview?.move ?? 0) + (preview?.exit ?? 0)
    const [told] = await shop.rows(
      `SELECT count(*) AS news, count(DISTINCT customer_id) AS people,
              (SELECT count(*) FROM decision_records WHERE rule IN ('moved', 'version-replaced')) AS reasons
         FROM news WHERE kind = 'journey' AND consumed_at IS NULL`,
    )
    expect(told).toEqual({ news: changed, people: changed, reasons: changed })
  })
})

describe('moving', () => {
  beforeEach(() => crowd(50))

  test('keeps the wait of a step that goes on, counts a changed one from its beginning, and begins others now', async () => {
    shop.clock.advance(3_600_000)
    await shop.publish(choicesOf(move))
    const rows = await shop.rows<{ step: string }>(
      `SELECT DISTINCT step, step_since AS since, wake_at AS wake, memory -> 'visits' AS visits
         FROM journey_runs WHERE status = 'active' ORDER BY step`,
    )
    expect(rows).toEqual([
      { step: 'pause', since: new Date(startMs + 3_600_000), wake: null, visits: { call: 1, pause: 1 } },
      {
        step: 'rest',
        since: new Date(startMs - dayMs),
        wake: new Date(startMs + 2 * dayMs),
        visits: { rest: 1 },
      },
      {
        step: 'think',
        since: new Date(startMs - 2 * dayMs),
        wake: new Date(startMs + 3 * dayMs),
        visits: { think: 1 },
      },
    ])
  })

  test('takes tasks back that nobody waits for, and only those who leave lose what was planned', async () => {
    await shop.publish(choicesOf({ choice: 'move', map: { ...move.map, think: null } }))
    expect(await shop.rows('SELECT status, count(*) AS count FROM tasks GROUP BY 1')).toEqual([
      { status: 'cancelled', count: 10 },
    ])
    expect(await shop.rows('SELECT status, reason, count(*) AS count FROM messages GROUP BY 1, 2')).toEqual([
      { status: 'refused', reason: 'run ended: a new version of the journey took its place', count: 15 },
    ])
  })

  test('names the steps that a map leaves out, and the targets that there are not, and then changes nothing', async () => {
    const before = await places()
    for (const [map, complaint] of [
      [{ call: 'pause' }, 'journey course: the map says nothing of bye, late, think'],
      [{ ...move.map, call: 'nowhere' }, 'journey course: the map leads to nowhere'],
    ] as const) {
      await expect(previewed({ choice: 'move', map })).rejects.toThrow(complaint)
      await expect(shop.publish(choicesOf({ choice: 'move', map }))).rejects.toThrow(complaint)
    }
    await expect(shop.publish(new Map([['other', { choice: 'exit' }]]))).rejects.toThrow(
      'journey other: is not among those that are published',
    )
    expect(await places()).toEqual(before)
    expect(await shop.rows('SELECT 1 FROM campaign_publications WHERE number > 1')).toEqual([])
  })

  test('can be said in the file, which makes no other version of it', async () => {
    shop.directory.write({
      'journeys/course.yaml': `${secondVersion}in_flight: { move: { call: pause, late: null, think: think, bye: done } }\n`,
    })
    const { journeys } = await shop.publish()
    expect(journeys[0]).toMatchObject({ choice: 'move', move: 45, exit: 5 })
    shop.directory.write({ 'journeys/course.yaml': `${secondVersion}in_flight: exit\n` })
    expect((await shop.publish()).published).toEqual([])
    shop.directory.write({ 'journeys/course.yaml': `${secondVersion}in_flight: { move: { call: away } }\n` })
    await expect(shop.publish()).rejects.toThrow(
      'journeys/course.yaml:12 in_flight.move.call "away": must be a step of this journey; known: rest, hello',
    )
  })

  test('follows those who entered the former version at that very moment', async () => {
    await shop.publish(choicesOf(move))
    const { successions } = await loadDefinitions(shop.db)
    expect(successions?.get('course')).toEqual({ version: await liveVersion(shop), inFlight: move })
  })
})

describe('a published version', () => {
  test('cannot be changed, nor can it be forgotten that it was published', async () => {
    for (const sql of [
      `UPDATE campaigns SET document = '{}' WHERE key = 'course'`,
      `UPDATE campaigns SET name = 'Else' WHERE key = 'course'`,
      `UPDATE templates SET text = 'Else'`,
      `UPDATE campaign_publications SET published_by = 'somebody'`,
      'DELETE FROM campaign_publications',
      'TRUNCATE campaign_publications',
    ])
      await expect(shop.rows(sql)).rejects.toThrow('is immutable: publish a new version instead')
    await expect(shop.rows(`DELETE FROM campaigns WHERE key = 'course'`)).rejects.toThrow('foreign key')
  })
})
