/**
 * Journeys and messages of customers who become one. Everything moves to the one who stays, entries renumbered behind
 * theirs, so that the ledger still holds one row per entry, step and visit.
 *
 * - A run that is under way goes on, unless the one who stays is in the same journey, or has been and may enter it only
 *   once: then it ends, and takes back the marketing that it had planned, like any run that is left.
 * - A message that somebody has claimed but not begun to send is given back: the claim was to another customer's address.
 *   Its holder finds it in other hands and stops; the workflow of the one who stays sends it.
 * - A message that is being sent stays in its holder's hands, who writes down how it ended.
 */

import type { Queryable } from './database.ts'
import {
  givenMerges,
  movedKeys as keys,
  type Merge,
  type MergeRecord,
  mergeColumns,
  rememberMoved,
  type Split,
} from './merge-records.ts'

export async function moveJourneys(client: Queryable, merges: readonly Merge[], nowMs: number): Promise<void> {
  const { rows: shifts } = await client.query<Shift>({
    name: 'entry-shifts',
    text: entryShifts,
    values: mergeColumns(merges),
  })
  if (shifts.length > 0) {
    const column = (name: keyof Shift): unknown[] => shifts.map((shift) => shift[name])
    const values = [column('merge'), column('leaving'), column('staying'), column('journey'), column('shift')]
    const now = new Date(nowMs)
    await client.query(endRuns, [...values, now])
    await client.query(rememberMoved('messages', moveMessages), values)
    await client.query(rememberMoved('journey_runs', moveRuns), values)
    await client.query(
      `UPDATE customer_merges m SET moved = m.moved || jsonb_build_object('shifts', by_journey)
       FROM (SELECT merge, jsonb_object_agg(journey, shift) AS by_journey FROM ${givenShifts} GROUP BY merge) AS given
       WHERE m.id = given.merge`,
      values,
    )
  }
  await client.query(rememberMoved('decision_records', moveRecords), [
    ...mergeColumns(merges),
    shifts.map(({ leaving }) => leaving),
    shifts.map(({ journey }) => journey),
    shifts.map(({ shift }) => shift),
  ])
}

interface Shift {
  readonly merge: string
  readonly leaving: string
  readonly staying: string
  readonly journey: string
  readonly shift: number
}

/** Several who leave for the same one come one behind the other. */
const entryShifts = `
  WITH entry AS (
    SELECT customer_id, journey, max(entry_number) AS top
    FROM (SELECT customer_id, journey, entry_number FROM journey_runs
           WHERE customer_id = ANY ($2::uuid[]) OR customer_id = ANY ($3::uuid[])
          UNION ALL
          SELECT customer_id, journey, entry_number FROM messages
           WHERE customer_id = ANY ($2::uuid[]) OR customer_id = ANY ($3::uuid[])) AS known
    GROUP BY customer_id, journey
  )
  SELECT merge.id AS merge, merge.leaving, merge.staying, l.journey,
         (coalesce(s.top, 0) + coalesce(sum(l.top) OVER (
            PARTITION BY merge.staying, l.journey ORDER BY merge.leaving
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0))::int AS shift
  FROM ${givenMerges}
  JOIN entry l ON l.customer_id = merge.leaving
  LEFT JOIN entry s ON s.customer_id = merge.staying AND s.journey = l.journey`

const givenShifts =
  'unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::int[]) AS given (merge, leaving, staying, journey, shift)'

/** The reason of runs that end because there is one like it. */
const endedByMerge = 'merged: the customer who stays has been in this journey'

/** Of runs under way in the same journey the one who stays keeps theirs, else the oldest goes on. */
const endRuns = `
  WITH ranked AS (
    SELECT r.id, given.merge,
           row_number() OVER (PARTITION BY given.staying, r.journey ORDER BY r.entered_at, r.id) > 1
           OR EXISTS (
             SELECT FROM journey_runs own
             LEFT JOIN campaigns c ON c.kind = 'journey' AND c.key = r.journey AND c.version = r.version
             WHERE own.customer_id = given.staying AND own.journey = r.journey
               AND (own.status = 'active'
                    OR (c.key IS NOT NULL AND coalesce(c.document ->> 're_entry', 'never') = 'never'))) AS must_end
    FROM ${givenShifts}
    JOIN journey_runs r ON r.customer_id = given.leaving AND r.journey = given.journey AND r.status = 'active'
  ), ended AS (
    UPDATE journey_runs r SET status = 'exited', ended_at = $6, end_reason = '${endedByMerge}', wake_at = NULL
    FROM ranked WHERE r.id = ranked.id AND ranked.must_end
    RETURNING r.id, r.customer_id, r.journey, r.entry_number, ranked.merge
  ), withdrawn AS (
    UPDATE messages m
    SET status = 'refused', reason = 'run ended: ${endedByMerge}', settled_at = $6, claimed_by = NULL, lease_until = NULL
    FROM ended
    WHERE m.customer_id = ended.customer_id AND m.journey = ended.journey AND m.entry_number = ended.entry_number
      AND m.status IN ('planned', 'claimed') AND m.message_class = 'marketing'
  ), noted AS (
    SELECT merge, jsonb_agg(id) AS keys FROM ended GROUP BY merge
  )
  UPDATE customer_merges m SET moved = m.moved || jsonb_build_object('ended', noted.keys)
  FROM noted WHERE m.id = noted.merge`

const moveMessages = `
  UPDATE messages m
  SET customer_id = given.staying, entry_number = m.entry_number + given.shift,
      status = CASE m.status WHEN 'claimed' THEN 'planned' ELSE m.status END,
      claimed_by = CASE m.status WHEN 'claimed' THEN NULL ELSE m.claimed_by END,
      lease_until = CASE m.status WHEN 'claimed' THEN NULL ELSE m.lease_until END
  FROM ${givenShifts}
  WHERE m.customer_id = given.leaving AND m.journey = given.journey
  RETURNING given.merge AS merge, m.id AS key`

const moveRuns = `
  UPDATE journey_runs r SET customer_id = given.staying, entry_number = r.entry_number + given.shift
  FROM ${givenShifts}
  WHERE r.customer_id = given.leaving AND r.journey = given.journey
  RETURNING given.merge AS merge, r.id AS key`

const moveRecords = `
  UPDATE decision_records d
  SET customer_id = merge.staying, entry_number = d.entry_number + coalesce((
        SELECT shift FROM unnest($4::uuid[], $5::text[], $6::int[]) AS given (leaving, journey, shift)
        WHERE given.leaving = merge.leaving AND given.journey = d.journey), 0)
  FROM ${givenMerges}
  WHERE d.customer_id = merge.leaving RETURNING merge.id AS merge, d.id AS key`

/**
 * The way back: runs that had moved return with whatever they have done since, under their old numbers; runs that the
 * merge had ended go on.
 */
export async function returnJourneys(
  client: Queryable,
  { leavingId, stayingId, chain }: Split,
  nowMs: number,
): Promise<void> {
  const [{ moved }] = chain
  const shifts = totalShifts(chain.map((link) => link.moved))
  const values = [leavingId, stayingId, Object.keys(shifts), Object.values(shifts)]
  const given = 'unnest($3::text[], $4::int[]) AS given (journey, shift)'
  // Messages and records of these runs first: they are found by the numbers that the runs have now.
  const ofRuns = `EXISTS (SELECT FROM journey_runs r WHERE r.customer_id = $2 AND r.id::text = ANY ($5)
                            AND r.journey = t.journey AND r.entry_number = t.entry_number)`
  const runs = keys(moved, 'journey_runs')
  await client.query(
    `UPDATE messages t
     SET customer_id = $1, entry_number = t.entry_number - given.shift,
         status = CASE t.status WHEN 'claimed' THEN 'planned' ELSE t.status END,
         claimed_by = CASE t.status WHEN 'claimed' THEN NULL ELSE t.claimed_by END,
         lease_until = CASE t.status WHEN 'claimed' THEN NULL ELSE t.lease_until END
     FROM ${given}
     WHERE t.customer_id = $2 AND t.journey = given.journey AND (t.id::text = ANY ($6) OR ${ofRuns})`,
    [...values, runs, keys(moved, 'messages')],
  )
  await client.query(
    `UPDATE decision_records t
     SET customer_id = $1,
         entry_number = t.entry_number - coalesce((SELECT shift FROM ${given} WHERE given.journey = t.journey), 0)
     WHERE t.customer_id = $2 AND (t.id::text = ANY ($6) OR ${ofRuns})`,
    [...values, runs, keys(moved, 'decision_records')],
  )
  await client.query(
    `UPDATE coupons SET customer_id = $1 WHERE customer_id = $2 AND id::text IN (
       SELECT coupon.value FROM journey_runs r, jsonb_each_text(coalesce(r.memory -> 'coupons', '{}')) AS coupon
       WHERE r.customer_id = $2 AND r.id::text = ANY ($3))`,
    [leavingId, stayingId, runs],
  )
  await client.query(
    `UPDATE journey_runs t SET customer_id = $1, entry_number = t.entry_number - given.shift FROM ${given}
     WHERE t.customer_id = $2 AND t.journey = given.journey AND t.id::text = ANY ($5)`,
    [...values, runs],
  )
  await client.query(
    `UPDATE journey_runs SET status = 'active', ended_at = NULL, end_reason = NULL, wake_at = $2
     WHERE customer_id = $1 AND id::text = ANY ($3) AND end_reason = '${endedByMerge}'`,
    [leavingId, new Date(nowMs), keys(moved, 'ended')],
  )
}

/** Who became part of one who became part of another one was renumbered twice. */
function totalShifts(moved: readonly MergeRecord['moved'][]): Record<string, number> {
  const [first = {}] = moved
  const total: Record<string, number> = {}
  for (const journey of Object.keys(Object(first['shifts']) as object)) {
    total[journey] = 0
    for (const link of moved) total[journey] += (link['shifts'] as Record<string, number> | undefined)?.[journey] ?? 0
  }
  return total
}
