/** Putting whole segments into a journey: by its schedule, or because somebody said so. News for all, in one statement. */

import type { Database, Queryable } from './database.ts'

/** Members of a segment that counts, who are somebody and may hear of it. */
const membersSql = `
  FROM segments s JOIN segment_members m ON m.segment_id = s.id
  JOIN customers c ON c.id = m.customer_id AND c.merged_into IS NULL AND c.erasing_at IS NULL
 WHERE s.kind = 'segment' AND s.status = 'live'`

export interface SlotOfSchedule {
  readonly journey: string
  readonly segment: string
  readonly atMs: number
}

/**
 * Lets a segment enter a journey at a moment of its schedule. Whoever comes second, or again, does nothing; nor does a
 * moment before the journey was first published.
 *
 * @returns how many customers; undefined if it was done before.
 */
export function enterOnSchedule(db: Database, slot: SlotOfSchedule): Promise<number | undefined> {
  const at = new Date(slot.atMs)
  return db.transaction(async (client) => {
    const { rowCount } = await client.query(
      `INSERT INTO scheduled_entries (journey, at, segment, customers)
       SELECT $1, $2, $3, 0 WHERE EXISTS (
         SELECT FROM campaigns WHERE kind = 'journey' AND key = $1 AND published_at <= $2)
       ON CONFLICT DO NOTHING`,
      [slot.journey, at, slot.segment],
    )
    if (rowCount === 0) return undefined
    const customers = await tellMembers(client, slot.segment, { journey: slot.journey, by: 'schedule' }, at)
    await client.query('UPDATE scheduled_entries SET customers = $4 WHERE journey = $1 AND at = $2 AND segment = $3', [
      slot.journey,
      at,
      slot.segment,
      customers,
    ])
    return customers
  })
}

/** Somebody lets a whole segment enter a journey. @returns how many customers hear of it. */
export function enterSegment(
  client: Queryable,
  { journey, segment, atMs }: { readonly journey: string; readonly segment: string; readonly atMs: number },
): Promise<number> {
  return tellMembers(client, segment, { journey, properties: {} }, new Date(atMs))
}

async function tellMembers(client: Queryable, segment: string, detail: object, at: Date): Promise<number> {
  const { rowCount } = await client.query(
    `INSERT INTO news (customer_id, kind, detail, created_at)
     SELECT c.id, 'entry', $2::jsonb, $3::timestamptz ${membersSql} AND s.key = $1`,
    [segment, JSON.stringify(detail), at],
  )
  return rowCount ?? 0
}

export interface SegmentEntryPreview {
  readonly members: number
  /** Of them: in the journey right now. They will not enter a second time. */
  readonly inJourney: number
  /** Of them: have been in it before. Its re-entry rule decides about them. */
  readonly beenInJourney: number
}

/** Whom it concerns; undefined if no such segment is in force. */
export async function previewSegmentEntry(
  client: Queryable,
  journey: string,
  segment: string,
): Promise<SegmentEntryPreview | undefined> {
  const { rows } = await client.query<SegmentEntryPreview & { known: boolean }>(
    `SELECT EXISTS (SELECT FROM segments WHERE kind = 'segment' AND key = $1 AND status = 'live') AS known,
            count(*) AS members, count(*) FILTER (WHERE active) AS "inJourney",
            count(*) FILTER (WHERE been AND NOT active) AS "beenInJourney"
       FROM (
         SELECT EXISTS (SELECT FROM journey_runs r WHERE r.customer_id = c.id AND r.journey = $2 AND r.status = 'active') AS active,
                EXISTS (SELECT FROM journey_runs r WHERE r.customer_id = c.id AND r.journey = $2) AS been
           ${membersSql} AND s.key = $1) AS member`,
    [segment, journey],
  )
  const { known, ...preview } = rows[0] as SegmentEntryPreview & { known: boolean }
  return known ? preview : undefined
}
