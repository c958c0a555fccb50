/**
 * Stopping a journey for a while. To pause is to write one row, however many are in flight: decisions and the ledger read it.
 * To resume tells those whom the pause held up, and gives what waits in the ledger its place within the spread.
 */

import { pausedRule } from '../../domain/decide/pause.ts'
import type { Definitions, Pause } from '../../domain/definitions.ts'
import type { EpochMs } from '../../domain/time.ts'
import { noteChange } from '../audit.ts'
import type { Database, Queryable } from '../database.ts'
import { lockPublishing } from '../publishing/publish-campaigns.ts'

export interface PauseWish {
  readonly key: string
  readonly by: string
  readonly nowMs: EpochMs
}

export interface ResumeWish extends PauseWish {
  /** Over how long those who were held up come again. */
  readonly spreadMs: number
}

export type PauseOutcome =
  | {
      readonly result: 'done'
      /** Paused: who is in flight. Resumed: whom the pause has held up. */
      readonly people: number
      /** In the ledger, and not sent. */
      readonly messages: number
    }
  /** It was so already: nothing changed. */
  | { readonly result: 'same' }
  | { readonly result: 'unknown' }

type Pool = Pick<Database, 'transaction'>

export function pauseJourney(db: Pool, { key, by, nowMs }: PauseWish): Promise<PauseOutcome> {
  return db.transaction(async (client) => {
    const state = await lockedState(client, key)
    if (state !== 'running') return state === 'paused' ? { result: 'same' } : { result: 'unknown' }
    await client.query(
      `INSERT INTO journey_states (journey, paused_at, paused_by, spread_ms) VALUES ($1, $2, $3, 0)
       ON CONFLICT (journey) DO UPDATE SET paused_at = $2, paused_by = $3, resumed_at = NULL, spread_ms = 0`,
      [key, new Date(nowMs), by],
    )
    const { rows } = await client.query<{ people: number; messages: number }>(
      `SELECT (SELECT count(*) FROM journey_runs WHERE journey = $1 AND status = 'active') AS people,
              (SELECT count(*) FROM messages WHERE journey = $1 AND settled_at IS NULL AND broadcast_id IS NULL) AS messages`,
      [key],
    )
    const counts = rows[0] ?? { people: 0, messages: 0 }
    await noteChange(client, { actor: by, action: 'pause', detail: { what: `journey ${key}`, ...counts } })
    return { result: 'done', ...counts }
  })
}

/** As the ledger writes it to a message that it has held up. */
const heldReason = `postponed: ${pausedRule}`

export function resumeJourney(db: Pool, { key, by, nowMs, spreadMs }: ResumeWish): Promise<PauseOutcome> {
  return db.transaction(async (client) => {
    const state = await lockedState(client, key)
    if (state !== 'paused') return state === 'running' ? { result: 'same' } : { result: 'unknown' }
    await client.query('UPDATE journey_states SET resumed_at = $2, spread_ms = $3 WHERE journey = $1', [
      key,
      new Date(nowMs),
      spreadMs,
    ])
    const counts = await letGo(client, key, nowMs, spreadMs)
    await noteChange(client, { actor: by, action: 'resume', detail: { what: `journey ${key}`, spreadMs, ...counts } })
    return { result: 'done', ...counts }
  })
}

/**
 * Whoever was looked at meanwhile, and put off, hears that the journey goes on; others come at their own moment. A message
 * that would be stale by then is looked at once more before it is, and says why it was not sent.
 */
async function letGo(
  client: Queryable,
  key: string,
  nowMs: EpochMs,
  spreadMs: number,
): Promise<{ people: number; messages: number }> {
  const { rows } = await client.query<{ people: number; messages: number }>(
    `WITH held_message AS (
       UPDATE messages
          SET not_before = $2::timestamptz + $3::double precision / 1000 * interval '1 second'
                             * ((hashtext(customer_id::text) & 2147483647) / 2147483648.0),
              reason = NULL
        WHERE journey = $1 AND settled_at IS NULL AND broadcast_id IS NULL AND reason = $4
       RETURNING customer_id
     ), held_run AS (
       SELECT customer_id FROM journey_runs
        WHERE journey = $1 AND status = 'active' AND memory ->> 'postponedBy' = $5
     ), told AS (
       INSERT INTO news (customer_id, kind, detail, created_at)
       SELECT customer_id, 'journey', jsonb_build_object('journey', $1::text), $2
         FROM (SELECT customer_id FROM held_message UNION SELECT customer_id FROM held_run) AS held
     )
     SELECT (SELECT count(DISTINCT customer_id) FROM held_run) AS people, (SELECT count(*) FROM held_message) AS messages`,
    [key, new Date(nowMs), spreadMs, heldReason, pausedRule],
  )
  return rows[0] ?? { people: 0, messages: 0 }
}

/** Under the lock of publishing: nobody pauses what somebody archives. */
async function lockedState(client: Queryable, key: string): Promise<'running' | 'paused' | 'unknown'> {
  await lockPublishing(client)
  const { rows } = await client.query<{ paused: boolean | null }>(
    `SELECT (SELECT s.paused_at IS NOT NULL AND s.resumed_at IS NULL FROM journey_states s WHERE s.journey = $1) AS paused
      WHERE EXISTS (SELECT FROM campaigns WHERE kind = 'journey' AND key = $1 AND status IN ('live', 'superseded'))`,
    [key],
  )
  if (rows.length === 0) return 'unknown'
  return rows[0]?.paused === true ? 'paused' : 'running'
}

/** The last pause of every journey that ever had one, as a part of the definitions. */
export async function readPauses(client: Queryable): Promise<Pick<Definitions, 'pauses'>> {
  const { rows } = await client.query<{ journey: string; from: Date; to: Date | null; spread: number }>(
    `SELECT journey, paused_at AS from, resumed_at AS to, spread_ms AS spread FROM journey_states WHERE paused_at IS NOT NULL`,
  )
  if (rows.length === 0) return {}
  return {
    pauses: new Map(
      rows.map(({ journey, from, to, spread }): [string, Pause] => [
        journey,
        { fromMs: from.getTime(), toMs: to?.getTime() ?? null, spreadMs: spread },
      ]),
    ),
  }
}
