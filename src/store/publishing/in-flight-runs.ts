/**
 * People in flight while their journey changes: who they are, where they stand, and doing to all of them at once what was
 * chosen. Call everything inside the transaction that publishes.
 */

import type { FateOfMany, Standing } from '../../domain/in-flight.ts'
import type { EpochMs } from '../../domain/time.ts'
import type { Queryable } from '../database.ts'

/** How many are in flight, by version and step. */
export async function countInFlight(
  client: Queryable,
  journeys: readonly string[],
): Promise<ReadonlyMap<string, readonly Standing[]>> {
  const { rows } = await client.query<Standing & { journey: string }>(
    `SELECT journey, version, coalesce(step, '') AS step, count(*) AS count
       FROM journey_runs WHERE journey = ANY ($1) AND status = 'active'
      GROUP BY journey, version, step ORDER BY journey, version, step`,
    [journeys],
  )
  const found = new Map<string, Standing[]>(journeys.map((journey) => [journey, []]))
  for (const { journey, ...standing } of rows) found.get(journey)?.push(standing)
  return found
}

/**
 * Locks whoever is in flight in these journeys until the transaction ends, by ascending id like every review: nobody is
 * looked at meanwhile, and what a review saves afterwards it has read afterwards.
 */
export async function lockPeopleInFlight(client: Queryable, journeys: readonly string[]): Promise<void> {
  await client.query(`
    CREATE TEMPORARY TABLE IF NOT EXISTS people_in_flight (id uuid PRIMARY KEY) ON COMMIT DELETE ROWS;
    CREATE TEMPORARY TABLE IF NOT EXISTS runs_in_flight (
      id uuid PRIMARY KEY, customer_id uuid, entry_number int, version text, step text, becomes text, "to" text,
      "keepsWait" boolean) ON COMMIT DELETE ROWS`)
  await client.query(
    `INSERT INTO people_in_flight
     SELECT id FROM (
       SELECT id FROM customers
        WHERE id IN (SELECT customer_id FROM journey_runs WHERE journey = ANY ($1) AND status = 'active')
        ORDER BY id FOR UPDATE) AS locked
     ON CONFLICT DO NOTHING`,
    [journeys],
  )
  await client.query('ANALYZE people_in_flight')
}

export interface Settlement {
  readonly journey: string
  /** Of those who move. */
  readonly newVersion: string
  readonly fates: readonly FateOfMany[]
  /** Why some leave. */
  readonly rule: string
  readonly reason: string
  readonly nowMs: EpochMs
}

/** In a table of its own, so that the planner knows how many they are. */
const collect = `
  INSERT INTO runs_in_flight
  SELECT r.id, r.customer_id, r.entry_number, r.version, coalesce(r.step, ''), f.becomes, f."to", f."keepsWait"
    FROM people_in_flight p
    JOIN journey_runs r ON r.customer_id = p.id AND r.journey = $2 AND r.status = 'active'
    JOIN jsonb_to_recordset($1) AS f (version text, step text, becomes text, "to" text, "keepsWait" boolean)
      ON f.version = r.version AND f.step = coalesce(r.step, '')`

/** Needs the locks. A run that leaves takes back what it had planned and nobody has begun to send, as in `saveDecisions`. */
const settle = `
  WITH moved AS (
    UPDATE journey_runs r
       SET version = $2, step = c."to",
           step_since = CASE WHEN c."keepsWait" THEN r.step_since ELSE $3 END,
           wake_at = CASE WHEN c."keepsWait" THEN r.wake_at END,
           memory = CASE WHEN c."keepsWait" THEN r.memory ELSE
             (r.memory - 'postponedBy') || jsonb_build_object('visits', coalesce(r.memory -> 'visits', '{}')
               || jsonb_build_object(c."to", coalesce((r.memory -> 'visits' ->> c."to")::int, 0) + 1)) END
      FROM runs_in_flight c WHERE r.id = c.id AND c.becomes = 'moves'
  ), ended AS (
    UPDATE journey_runs r SET status = 'exited', wake_at = NULL, ended_at = $3, end_reason = $5
      FROM runs_in_flight c WHERE r.id = c.id AND c.becomes = 'exits'
  ), withdrawn AS (
    UPDATE messages m SET status = 'refused', reason = 'run ended: ' || $5, settled_at = $3
      FROM runs_in_flight c
     WHERE c.becomes = 'exits' AND m.customer_id = c.customer_id AND m.journey = $1
       AND m.entry_number = c.entry_number AND m.status = 'planned' AND m.message_class = 'marketing'
  ), closed AS (
    UPDATE tasks t SET status = 'cancelled', closed_at = $3
      FROM runs_in_flight c
     WHERE t.customer_id = c.customer_id AND t.journey = $1 AND t.entry_number = c.entry_number AND t.status = 'open'
       AND (c.becomes = 'exits' OR t.step <> c."to")
  ), noted AS (
    INSERT INTO decision_records (customer_id, decided_at, kind, journey, version, step, entry_number, outcome, rule, detail)
    SELECT customer_id, $3, CASE becomes WHEN 'exits' THEN 'exit' ELSE 'step' END, $1, version, step, entry_number, 'done',
           CASE becomes WHEN 'exits' THEN $4 ELSE 'moved' END,
           CASE becomes WHEN 'exits' THEN jsonb_build_object('reason', $5::text) ELSE jsonb_build_object('to', "to") END
      FROM runs_in_flight
  ), dirtied AS (
    INSERT INTO dirty_customers (customer_id, cause) SELECT DISTINCT customer_id, 'review' FROM runs_in_flight WHERE becomes = 'exits'
  ), told AS (
    INSERT INTO news (customer_id, kind, detail, created_at)
    SELECT DISTINCT customer_id, 'journey', jsonb_build_object('journey', $1::text), $3 FROM runs_in_flight
  )
  SELECT version, step, count(*) AS count FROM runs_in_flight GROUP BY version, step`

/**
 * Moves and ends runs, writes down why, and tells everybody whom it concerned to be looked at.
 *
 * @returns what was really done, group by group.
 */
export async function settleInFlight(client: Queryable, settlement: Settlement): Promise<readonly FateOfMany[]> {
  const { journey, newVersion, fates, rule, reason, nowMs } = settlement
  const rest = fates.filter(({ fate }) => fate.becomes === 'stays')
  const changing = fates.filter(({ fate }) => fate.becomes !== 'stays')
  if (changing.length === 0) return rest
  const rows = changing.map(({ version, step, fate }) => ({ version, step, ...fate }))
  await client.query('DELETE FROM runs_in_flight')
  await client.query(collect, [JSON.stringify(rows), journey])
  await client.query('ANALYZE runs_in_flight')
  const done = await client.query<Standing>(settle, [journey, newVersion, new Date(nowMs), rule, reason])
  const countOf = ({ version, step }: Standing): number =>
    done.rows.find((row) => row.version === version && row.step === step)?.count ?? 0
  return [...rest, ...changing.map((group) => ({ ...group, count: countOf(group) }))]
}
