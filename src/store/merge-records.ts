/**
 * Merges as they are remembered: who became part of whom, when, why, and for a while all that it takes to undo it.
 *
 * For whoever erases a customer: `mergedFamily` names everybody who is part of them, and `eraseMerges` deletes what is
 * kept here of any of them, in both tables. The sealed profile of one who left is the only place, besides
 * `customer_keys`, that holds a customer's key.
 */

import { dayMs } from '../domain/time.ts'
import type { Queryable } from './database.ts'

/** One customer becoming part of another one. Within one call nobody both leaves and stays. */
export interface Merge {
  /** Of the record. */
  readonly id: string
  readonly from: string
  readonly into: string
  /** The moment that counts for consent: when what showed it happened. */
  readonly atMs: number
  /** The event that showed it; null: an operator said so. */
  readonly eventId: number | null
  readonly operator: string | null
}

/** For how long a merge can be undone. */
export const undoableDays = 30

/** The columns of merges for `unnest`, in the order of `givenMerges`. */
export function mergeColumns(merges: readonly Merge[]): unknown[] {
  return [merges.map(({ id }) => id), merges.map(({ from }) => from), merges.map(({ into }) => into)]
}

/** Takes `mergeColumns` as the first three parameters. */
export const givenMerges = 'unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS merge (id, leaving, staying)'

/**
 * Records merges, with the profiles of both sides as they are. Call it before anything has changed, under locks on the
 * customers.
 */
export async function recordMerges(client: Queryable, merges: readonly Merge[], nowMs: number): Promise<void> {
  await client.query({
    name: 'record-merges',
    text: `
      INSERT INTO customer_merges (id, leaving_id, staying_id, event_id, operator, merged_at)
      SELECT *, $6 FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[], $5::text[])`,
    values: [
      ...mergeColumns(merges),
      merges.map(({ eventId }) => eventId),
      merges.map(({ operator }) => operator),
      new Date(nowMs),
    ],
  })
  await client.query({ name: 'keep-merged-profiles', text: keepProfiles, values: mergeColumns(merges) })
}

const keepProfiles = `
  INSERT INTO merged_profiles (merge_id, customer_id, wrapped_key, profile, personal, contact_points)
  SELECT merge.id, c.id, CASE WHEN c.id = merge.leaving THEN k.wrapped_key END,
         jsonb_build_object('traits', c.traits, 'traitTimes', c.trait_times, 'timeZone', c.time_zone,
           'locale', c.locale, 'country', c.country, 'emailDomain', c.email_domain,
           'firstSeenAt', c.first_seen_at, 'lastSeenAt', c.last_seen_at),
         c.personal,
         coalesce((SELECT jsonb_agg(jsonb_build_object('id', p.id, 'channel', p.channel, 'current', p.current,
                     'address', encode(p.address, 'hex'), 'hash', encode(p.address_hash, 'hex'), 'createdAt', p.created_at))
                   FROM contact_points p WHERE p.customer_id = c.id), '[]')
  FROM ${givenMerges}
  JOIN customers c ON c.id IN (merge.leaving, merge.staying)
  LEFT JOIN customer_keys k ON k.customer_id = c.id`

/** SQL: runs an UPDATE that returns `merge` and `key`, and notes the keys in the records. */
export function rememberMoved(name: string, update: string): string {
  return `WITH moved AS (${update}), keys AS (
            SELECT merge, jsonb_agg(key) AS keys FROM moved GROUP BY merge
          )
          UPDATE customer_merges m SET moved = m.moved || jsonb_build_object('${name}', keys.keys)
          FROM keys WHERE m.id = keys.merge`
}

/** A merge that could be undone, or was. */
export interface MergeRecord {
  readonly id: string
  readonly leavingId: string
  readonly stayingId: string
  readonly mergedAt: Date
  readonly eventId: number | null
  readonly operator: string | null
  readonly undoneAt: Date | null
  readonly purgedAt: Date | null
  /** By table: keys of rows; `shifts`: by journey, by how much its entries were renumbered. */
  readonly moved: Readonly<Record<string, unknown>>
}

/** Who comes back, from whom, and the records of the merges that led there, the first one first. */
export interface Split {
  readonly leavingId: string
  readonly stayingId: string
  readonly chain: readonly [MergeRecord, ...MergeRecord[]]
}

/** The keys of what moved, as text. */
export function movedKeys(moved: MergeRecord['moved'], table: string): string[] {
  const list = moved[table]
  return Array.isArray(list) ? list.map(String) : []
}

/** How many rows moved, by table. */
export function movedCounts(moved: MergeRecord['moved']): Record<string, number> {
  return Object.fromEntries(
    Object.entries(moved).flatMap(([table, list]) =>
      Array.isArray(list) && table !== 'upheld' && table !== 'ended' ? [[table, list.length]] : [],
    ),
  )
}

const recordColumns = `id, leaving_id AS "leavingId", staying_id AS "stayingId", merged_at AS "mergedAt",
  event_id AS "eventId", operator, undone_at AS "undoneAt", purged_at AS "purgedAt", moved`

/** The merges by which customers became part of others, in the order of the ids; of some there may be no record. */
export async function findMerges(client: Queryable, leavingIds: readonly string[]): Promise<MergeRecord[]> {
  const { rows } = await client.query<MergeRecord>(
    `SELECT ${recordColumns} FROM customer_merges WHERE leaving_id = ANY ($1::uuid[]) AND undone_at IS NULL`,
    [leavingIds],
  )
  return leavingIds.flatMap((id) => rows.filter(({ leavingId }) => leavingId === id))
}

/** Every merge in which a customer left or stayed, the newest first, without what moved. */
export async function listMerges(client: Queryable, customerId: string): Promise<Omit<MergeRecord, 'moved'>[]> {
  const { rows } = await client.query<Omit<MergeRecord, 'moved'>>(
    `SELECT ${recordColumns.replace(', moved', '')} FROM customer_merges
     WHERE leaving_id = $1 OR staying_id = $1 ORDER BY merged_at DESC, id DESC LIMIT 200`,
    [customerId],
  )
  return rows
}

/** Which of these customers were joined once and taken apart again; who stayed is named as who they are today. */
export async function findUndoneMerges(
  client: Queryable,
  customerIds: readonly string[],
): Promise<{ leavingId: string; stayingId: string }[]> {
  const { rows } = await client.query<{ leavingId: string; stayingId: string }>({
    name: 'find-undone-merges',
    text: `
      SELECT m.leaving_id AS "leavingId", coalesce(c.merged_into, m.staying_id) AS "stayingId"
      FROM customer_merges m LEFT JOIN customers c ON c.id = m.staying_id
      WHERE m.undone_at IS NOT NULL AND m.leaving_id = ANY ($1::uuid[])`,
    values: [customerIds],
  })
  return rows
}

/** Whether any of these customers is about to be forgotten. */
export async function isBeingErased(client: Queryable, customerIds: readonly string[]): Promise<boolean> {
  const { rows } = await client.query(
    'SELECT FROM customers WHERE id = ANY ($1::uuid[]) AND erasing_at IS NOT NULL LIMIT 1',
    [customerIds],
  )
  return rows.length > 0
}

/** A customer and all who have become part of them, also through others. */
export async function mergedFamily(client: Queryable, customerId: string): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>(
    `WITH RECURSIVE family AS (
       SELECT $1::uuid AS id
       UNION SELECT m.leaving_id FROM family f JOIN customer_merges m ON m.staying_id = f.id AND m.undone_at IS NULL
     )
     SELECT id FROM family`,
    [customerId],
  )
  return rows.map(({ id }) => id)
}

/** Deletes all that is kept of merges in which any of these customers left or stayed. */
export async function eraseMerges(client: Queryable, customerIds: readonly string[]): Promise<void> {
  await client.query(
    `WITH gone AS (
       DELETE FROM customer_merges WHERE leaving_id = ANY ($1::uuid[]) OR staying_id = ANY ($1::uuid[]) RETURNING id
     )
     DELETE FROM merged_profiles p
     WHERE p.customer_id = ANY ($1::uuid[]) OR p.merge_id IN (SELECT id FROM gone)`,
    [customerIds],
  )
}

/**
 * Lets go of what it takes to undo merges that are too old for it: the keys of those who left, sealed profiles, lists of
 * what moved. That there was a merge stays known.
 *
 * @returns how many.
 */
export async function purgeMerges(client: Queryable, nowMs: number): Promise<number> {
  const { rowCount } = await client.query(
    `WITH old AS (
       SELECT id FROM customer_merges WHERE purged_at IS NULL AND undone_at IS NULL AND merged_at < $1
       ORDER BY merged_at LIMIT 1000 FOR UPDATE SKIP LOCKED
     ), profiles AS (
       DELETE FROM merged_profiles WHERE merge_id IN (SELECT id FROM old)
     ), counters AS (
       -- What somebody who left had counted was kept to be taken out again.
       DELETE FROM event_days WHERE customer_id IN (
         SELECT leaving_id FROM customer_merges WHERE id IN (SELECT id FROM old))
     )
     UPDATE customer_merges SET purged_at = $2, moved = '{}' WHERE id IN (SELECT id FROM old)`,
    [new Date(nowMs - undoableDays * dayMs), new Date(nowMs)],
  )
  return rowCount ?? 0
}
