/** Customers, a page of them at a time: created, locked, brought up to date. */

import type { Queryable } from './database.ts'

/** A customer under lock, as intake needs them. */
export interface LockedCustomer {
  readonly id: string
  readonly externalId: string | null
  readonly mergedInto: string | null
  /** Counts how often a name was taken from them. */
  readonly epoch: number
  /** The shop can name or reach them. */
  readonly isKnown: boolean
  readonly traits: Readonly<Record<string, unknown>>
  readonly traitTimes: Readonly<Record<string, string>>
  readonly timeZone: string | null
  readonly locale: string | null
  readonly country: string | null
  readonly emailDomain: string | null
  /** Sealed; null as well if it was not asked for. */
  readonly personal: Buffer | null
  readonly wrappedKey: Buffer | null
}

/**
 * Locks customers until the end of the transaction, by ascending id, so that two pages that share some of them never
 * wait for each other in a circle.
 *
 * @param withPersonal whose personal part and key are wanted too.
 */
export async function lockCustomers(
  client: Queryable,
  ids: readonly string[],
  withPersonal: readonly string[],
): Promise<Map<string, LockedCustomer>> {
  if (ids.length === 0) return new Map()
  const { rows } = await client.query<LockedCustomer>({
    name: 'lock-customers',
    text: `
      SELECT c.id, c.external_id AS "externalId", c.merged_into AS "mergedInto", c.identity_epoch AS epoch, c.traits,
             c.trait_times AS "traitTimes", c.time_zone AS "timeZone", c.locale, c.country,
             c.email_domain AS "emailDomain",
             c.external_id IS NOT NULL
               OR EXISTS (SELECT FROM contact_points p WHERE p.customer_id = c.id) AS "isKnown",
             CASE WHEN c.id = ANY ($2::uuid[]) THEN c.personal END AS personal,
             CASE WHEN c.id = ANY ($2::uuid[])
               THEN (SELECT k.wrapped_key FROM customer_keys k WHERE k.customer_id = c.id) END AS "wrappedKey"
      FROM customers c WHERE c.id = ANY ($1::uuid[]) ORDER BY c.id FOR UPDATE OF c`,
    values: [ids, withPersonal],
  })
  return new Map(rows.map((row) => [row.id, row]))
}

/** Locks those whom nobody else holds right now, and waits for nobody. @returns whom it has locked. */
export async function passLockedCustomers(client: Queryable, ids: readonly string[]): Promise<ReadonlySet<string>> {
  if (ids.length === 0) return new Set()
  const { rows } = await client.query<{ id: string }>({
    name: 'pass-locked-customers',
    text: 'SELECT id FROM customers WHERE id = ANY ($1::uuid[]) FOR UPDATE SKIP LOCKED',
    values: [ids],
  })
  return new Set(rows.map(({ id }) => id))
}

/** Everything of a customer that intake writes. */
export interface CustomerRow {
  readonly id: string
  readonly externalId: string | null
  readonly traits: Readonly<Record<string, unknown>>
  readonly traitTimes: Readonly<Record<string, string>>
  /** Sealed. */
  readonly personal: Buffer | null
  readonly timeZone: string | null
  readonly locale: string | null
  readonly country: string | null
  readonly emailDomain: string | null
  readonly firstSeenMs: number
  readonly lastSeenMs: number
}

/** New customers stand in the lowest stage since they were first seen. */
export async function createCustomers(client: Queryable, rows: readonly CustomerRow[], nowMs: number): Promise<void> {
  if (rows.length === 0) return
  await client.query({
    name: 'create-customers',
    text: `
      INSERT INTO customers (id, external_id, traits, trait_times, personal, time_zone, locale, country, email_domain,
                             first_seen_at, last_seen_at, stage_since, created_at, updated_at)
      SELECT id, external_id, traits, trait_times, personal, time_zone, locale, country, email_domain,
             to_timestamp(first_ms / 1000), to_timestamp(last_ms / 1000), to_timestamp(first_ms / 1000), $12, $12
      FROM ${givenRows}`,
    values: [...columns(rows), new Date(nowMs)],
  })
}

/** Writes the profiles of customers who exist; they must be locked. First and last sight only ever move apart. */
export async function updateCustomers(client: Queryable, rows: readonly CustomerRow[], nowMs: number): Promise<void> {
  if (rows.length === 0) return
  await client.query({
    name: 'update-customers',
    text: `
      UPDATE customers c SET
        external_id = coalesce(c.external_id, given.external_id), traits = given.traits,
        trait_times = given.trait_times, personal = coalesce(given.personal, c.personal), time_zone = given.time_zone,
        locale = given.locale, country = given.country, email_domain = given.email_domain,
        first_seen_at = least(c.first_seen_at, to_timestamp(given.first_ms / 1000)),
        last_seen_at = greatest(c.last_seen_at, to_timestamp(given.last_ms / 1000)), updated_at = $12
      FROM ${givenRows} WHERE c.id = given.id`,
    values: [...columns(rows), new Date(nowMs)],
  })
}

const givenRows = `unnest($1::uuid[], $2::text[], $3::jsonb[], $4::jsonb[], $5::bytea[], $6::text[], $7::text[],
                 $8::text[], $9::text[], $10::float8[], $11::float8[])
          AS given (id, external_id, traits, trait_times, personal, time_zone, locale, country, email_domain,
                    first_ms, last_ms)`

function columns(rows: readonly CustomerRow[]): unknown[] {
  return [
    rows.map((row) => row.id),
    rows.map((row) => row.externalId),
    rows.map((row) => JSON.stringify(row.traits)),
    rows.map((row) => JSON.stringify(row.traitTimes)),
    rows.map((row) => row.personal),
    rows.map((row) => row.timeZone),
    rows.map((row) => row.locale),
    rows.map((row) => row.country),
    rows.map((row) => row.emailDomain),
    rows.map((row) => row.firstSeenMs),
    rows.map((row) => row.lastSeenMs),
  ]
}

export interface Sighting {
  readonly id: string
  readonly firstSeenMs: number
  readonly lastSeenMs: number
}

/** For customers of whom nothing else changed. */
export async function noteSightings(client: Queryable, rows: readonly Sighting[]): Promise<void> {
  if (rows.length === 0) return
  await client.query({
    name: 'note-sightings',
    text: `
      UPDATE customers c SET
        first_seen_at = least(c.first_seen_at, to_timestamp(given.first_ms / 1000)),
        last_seen_at = greatest(c.last_seen_at, to_timestamp(given.last_ms / 1000))
      FROM unnest($1::uuid[], $2::float8[], $3::float8[]) AS given (id, first_ms, last_ms)
      WHERE c.id = given.id
        AND (c.first_seen_at > to_timestamp(given.first_ms / 1000) OR c.last_seen_at < to_timestamp(given.last_ms / 1000))`,
    values: [rows.map((row) => row.id), rows.map((row) => row.firstSeenMs), rows.map((row) => row.lastSeenMs)],
  })
}

export interface NewCustomerKey {
  readonly customerId: string
  readonly wrappedKey: Buffer
}

export async function insertCustomerKeys(
  client: Queryable,
  keys: readonly NewCustomerKey[],
  nowMs: number,
): Promise<void> {
  if (keys.length === 0) return
  await client.query({
    name: 'insert-customer-keys',
    text: `
      INSERT INTO customer_keys (customer_id, wrapped_key, created_at)
      SELECT customer_id, wrapped_key, $3 FROM unnest($1::uuid[], $2::bytea[]) AS given (customer_id, wrapped_key)`,
    values: [keys.map((key) => key.customerId), keys.map((key) => key.wrappedKey), new Date(nowMs)],
  })
}
