/**
 * News: what a customer's workflow should look at. A row is written in the transaction of what caused it, so that
 * nothing is lost while Temporal is away; a signal only says "look".
 */

import type { Queryable } from './database.ts'

/**
 * One row of news to be.
 *
 * - `event`: something that journeys or the lifecycle wait for; `detail` is `{name}`, the properties are those of the
 *   event with that id.
 * - `arrived`: the first time that the shop can name or reach this customer.
 * - `contact`: an address, a consent or a suppression changed.
 * - `score`: a score crossed a threshold; `detail` is `{score, crossed}`.
 * - `merged`: this customer has become part of another one; `detail` is `{into}`. Its workflow has nothing to review.
 */
export interface NewNews {
  readonly customerId: string
  readonly kind: 'event' | 'arrived' | 'contact' | 'score' | 'merged'
  readonly eventId?: number
  readonly detail?: Readonly<Record<string, unknown>>
  /** When it happened, in business time. */
  readonly atMs: number
}

/** Writes news in the order given, in one statement. */
export async function insertNews(client: Queryable, rows: readonly NewNews[]): Promise<void> {
  if (rows.length === 0) return
  await client.query({
    name: 'insert-news',
    text: `
      INSERT INTO news (customer_id, kind, event_id, detail, created_at)
      SELECT * FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::jsonb[], $5::timestamptz[])`,
    values: [
      rows.map((row) => row.customerId),
      rows.map((row) => row.kind),
      rows.map((row) => row.eventId ?? null),
      rows.map((row) => JSON.stringify(row.detail ?? {})),
      rows.map((row) => new Date(row.atMs).toISOString()),
    ],
  })
}
