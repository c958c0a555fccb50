/** Putting customers into a journey by hand: each of them hears of it as news, and the journey's own rules decide. */

import type { Queryable } from './database.ts'
import { standsForSql } from './stands-for.ts'

export interface HandEntry {
  readonly journey: string
  /** Ids of the shop's, or UUIDs of customers. */
  readonly customers: readonly string[]
  /** What messages of the run may speak of. Nothing personal. */
  readonly properties: Readonly<Record<string, unknown>>
  readonly atMs: number
}

export interface HandEntered {
  readonly told: number
  /** Nobody is known by these. */
  readonly unknown: readonly string[]
}

/** One statement for all of them, whoever appears twice is told once. */
export async function enterByHand(client: Queryable, entry: HandEntry): Promise<HandEntered> {
  const { rows } = await client.query<{ given: string; id: string | null }>(
    `WITH found AS (
       SELECT given.name, ${standsForSql('c')} AS id
         FROM (SELECT DISTINCT unnest($1::text[]) AS name) AS given
         LEFT JOIN customers c ON c.external_id = given.name OR c.id::text = lower(given.name)
     ), told AS (
       INSERT INTO news (customer_id, kind, detail, created_at)
       SELECT DISTINCT id, 'entry', $2::jsonb, $3::timestamptz FROM found WHERE id IS NOT NULL
     )
     SELECT name AS given, id FROM found`,
    [entry.customers, JSON.stringify({ journey: entry.journey, properties: entry.properties }), new Date(entry.atMs)],
  )
  return {
    told: new Set(rows.flatMap(({ id }) => id ?? [])).size,
    unknown: rows.filter(({ id }) => id === null).map(({ given }) => given),
  }
}
