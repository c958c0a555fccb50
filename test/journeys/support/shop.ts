/** A shop with one journey, and crowds of customers who stand on its steps. */

import { createHash } from 'node:crypto'
import { type Database, openDatabase } from '../../../src/store/database.ts'
import type { InFlightChoices } from '../../../src/store/publishing/journey-plans.ts'
import { type Publication, publishCampaigns } from '../../../src/store/publishing/publish-campaigns.ts'
import { type CampaignDirectory, campaignDirectory } from '../../store/support/campaign-directory.ts'
import { createTestDatabase } from '../../support/database.ts'
import { createSettableClock, mondayNoonMs, type SettableClock } from '../../workflows/support/store-world.ts'

export const startMs = mondayNoonMs

/** Waits, asks, waits for a person, and says goodbye. */
export const firstVersion = `
name: Course
topic: news
entry: [ { type: api } ]
goal: { event: Order Completed }
steps:
  - { id: rest, type: delay, for: 3 days }
  - { id: hello, type: email, template: hello }
  - { id: think, type: wait-until, event: Lesson Done, timeout: 5 days }
  - { id: call, type: task, title: Call them, due_in: 1 day, timeout: 4 days, outcomes: [ { name: reached } ] }
  - { id: late, type: delay, for: 10 days }
  - { id: bye, type: email, template: hello }
`

/** The first wait as it was, another second one, no call, and a new last step. */
export const secondVersion = `
name: Course
topic: news
entry: [ { type: api } ]
goal: { event: Order Completed }
steps:
  - { id: rest, type: delay, for: 3 days }
  - { id: hello, type: email, template: hello }
  - { id: think, type: wait-until, event: Lesson Done, timeout: 8 days }
  - { id: pause, type: delay, for: 1 day }
  - { id: done, type: email, template: hello }
`

export interface JourneyShop {
  readonly db: Database
  readonly url: string
  readonly clock: SettableClock
  readonly directory: CampaignDirectory
  publish(choices?: InFlightChoices): Promise<Publication>
  rows<Row extends object = Record<string, unknown>>(sql: string, values?: readonly unknown[]): Promise<Row[]>
  close(): Promise<void>
}

export async function openJourneyShop(journey = firstVersion): Promise<JourneyShop> {
  const database = await createTestDatabase()
  const db = openDatabase(database.url)
  const clock = createSettableClock()
  const directory = campaignDirectory({ 'journeys/course.yaml': journey })
  await publishCampaigns(db, directory.path, clock.nowMs())
  return {
    db,
    url: database.url,
    clock,
    directory,
    publish: (choices) => publishCampaigns(db, directory.path, clock.nowMs(), choices === undefined ? {} : { choices }),
    rows: async (sql, values) => (await db.pool.query(sql, values as unknown[])).rows as never,
    async close() {
      await db.close()
      await database.drop()
      directory.remove()
    },
  }
}

/** The version of the journey that is in force. */
export async function liveVersion(shop: Pick<JourneyShop, 'rows'>): Promise<string> {
  const [row] = await shop.rows<{ version: string }>(
    `SELECT version FROM campaigns WHERE kind = 'journey' AND key = 'course' AND status = 'live'`,
  )
  return row?.version ?? ''
}

export interface Plant {
  readonly step: string
  readonly count: number
  /** When they came to it. */
  readonly sinceMs: number
  readonly wakeMs: number | null
}

/** Customers who stand on steps, as reviews have left them: with open tasks at "call", with unsent messages elsewhere. */
export async function plantInFlight(shop: Pick<JourneyShop, 'rows'>, plants: readonly Plant[]): Promise<void> {
  const version = await liveVersion(shop)
  for (const { step, count, sinceMs, wakeMs } of plants) {
    const people = Array.from({ length: count }, (_, i) => uuid(`customer ${step} ${i} ${sinceMs}`))
    const since = new Date(sinceMs)
    await shop.rows(
      `INSERT INTO customers (id, stage, stage_since, first_seen_at, last_seen_at, created_at, updated_at, due_at)
       SELECT id, 'acquire', $2, $2, $2, $2, $2, $3 FROM unnest($1::uuid[]) AS given (id)`,
      [people, since, wakeMs === null ? null : new Date(wakeMs)],
    )
    await shop.rows(
      `INSERT INTO journey_runs (id, customer_id, journey, version, entry_number, status, step, step_since, wake_at, memory, entered_at)
       SELECT md5('run' || id)::uuid, id, 'course', $2, 1, 'active', $3, $4, $5,
              jsonb_build_object('visits', jsonb_build_object($3::text, 1), 'tasks',
                CASE WHEN $3 = 'call' THEN '{"call": 1}'::jsonb ELSE '{}'::jsonb END), $4
         FROM unnest($1::uuid[]) AS given (id)`,
      [people, version, step, since, wakeMs === null ? null : new Date(wakeMs)],
    )
    if (step === 'call') {
      await shop.rows(
        `INSERT INTO tasks (id, customer_id, journey, version, step, entry_number, title, outcomes, created_at, due_at, expires_at)
         SELECT md5('task' || id)::uuid, id, 'course', $2, 'call', 1, 'Call them', '{reached}', $3, $3, $4
           FROM unnest($1::uuid[]) AS given (id)`,
        [people, version, since, new Date(sinceMs + 4 * 86_400_000)],
      )
    }
    if (step === 'think') {
      await shop.rows(
        `INSERT INTO messages (id, customer_id, journey, version, step, entry_number, visit, channel, message_class, topic,
                               template, status, planned_at)
         SELECT md5('message' || id)::uuid, id, 'course', $2, 'hello', 1, 0, 'email', 'marketing', 'news', 'hello', 'planned', $3
           FROM unnest($1::uuid[]) AS given (id)`,
        [people, version, since],
      )
    }
  }
}

function uuid(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  )
}
