/**
 * Where rows about a person are. Erasing and exporting walk this list, so a table that is missing here could be
 * forgotten: a test compares it with the database, and whatever has a `customer_id` without being listed is found by
 * that column.
 */

import type { Queryable } from './database.ts'

export interface PersonTable {
  readonly table: string
  /** Any of these holding the customer's id makes it a row about them. */
  readonly columns: readonly string[]
}

/** In the order in which they are deleted; `customers` comes after all of them. */
const listed: readonly PersonTable[] = [
  // As intake takes its locks: what names a customer first.
  by('identities'),
  by('events'),
  by('news'),
  by('orders'),
  by('consents'),
  by('lifecycle_moves'),
  by('journey_runs'),
  by('decision_records'),
  by('messages'),
  by('broadcast_recipients'),
  by('tasks'),
  by('webhook_calls'),
  by('experiment_assignments'),
  by('scores'),
  by('coupons'),
  by('referral_codes'),
  by('referrals', 'referrer_id', 'friend_id'),
  by('segment_members'),
  by('segment_states'),
  by('segment_catch_ups'),
  by('segment_moments'),
  by('computed_traits'),
  by('customer_matches'),
  by('event_days'),
  by('customer_categories'),
  by('imported_customers'),
  by('imported_refunds'),
  // Before the customers themselves: what a merge keeps to be undone is sealed, but it is about them.
  by('merged_profiles'),
  by('customer_merges', 'leaving_id', 'staying_id'),
  by('dirty_customers'),
  by('contact_points'),
  // The customer's own key. What was sealed with it can be read by nobody from here on, wherever a copy of it lies.
  by('customer_keys'),
]

function by(table: string, ...columns: readonly string[]): PersonTable {
  return { table, columns: columns.length === 0 ? ['customer_id'] : columns }
}

/** All tables with rows about people, in order: the listed ones that exist, then whatever else has a `customer_id`. */
export async function personTables(client: Queryable): Promise<PersonTable[]> {
  const { rows } = await client.query<{ table: string }>(
    // A partition is reached through its table.
    `SELECT t.relname AS table FROM pg_class t
     WHERE t.relnamespace = 'public'::regnamespace AND t.relkind IN ('r', 'p') AND NOT t.relispartition
       AND (t.relname = ANY ($1) OR EXISTS (
         SELECT FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attname = 'customer_id' AND NOT a.attisdropped))
     ORDER BY t.relname`,
    [listed.map(({ table }) => table)],
  )
  const there = new Set(rows.map(({ table }) => table))
  const known = listed.filter(({ table }) => there.has(table))
  const others = [...there].filter((table) => !listed.some((one) => one.table === table)).map((table) => by(table))
  return [...known, ...others]
}

/** The names on the list. */
export const listedTables: readonly string[] = listed.map(({ table }) => table)

/** SQL: the row is about one of the customers in `$1`. */
export function isAboutThem({ columns }: PersonTable): string {
  return columns.map((column) => `${column} = ANY ($1::uuid[])`).join(' OR ')
}
