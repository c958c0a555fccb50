/**
 * Forgetting a person: first nothing more is decided or sent for them, then every row about them goes, with the key
 * under which their personal data was sealed. Each step may run again.
 */

import type { Database, Queryable } from './database.ts'
import { isAboutThem, personTables } from './person-tables.ts'
import { customersOfPerson } from './persons.ts'
import { suppressForever } from './suppressions.ts'
import type { Vault } from './vault.ts'
import { findWaitingEvents, signsOf } from './waiting-events.ts'

/** Rows by table. */
export type RowCounts = Readonly<Record<string, number>>

export interface ErasureRequest {
  readonly erasureId: string
  readonly customerId: string
  /** The id of a key, or `cli`. */
  readonly requestedBy: string
  readonly nowMs: number
}

export interface ErasureRecord {
  readonly id: string
  readonly requestedAt: Date
  readonly requestedBy: string
  readonly completedAt: Date | null
  readonly counts: RowCounts
}

/** What becomes of a person's orders. `anonymise`: amounts and days stay for the books, with nobody behind them. */
export type OrderErasure = 'delete' | 'anonymise'

export interface ErasureStore {
  /** From here on nothing is decided or sent. @returns all customers who are that person; empty if there is none. */
  begin(request: ErasureRequest): Promise<string[]>
  /** How many messages are in somebody's hands right now, and may leave. */
  underWay(customerIds: readonly string[]): Promise<number>
  /** @returns what this call deleted. Nothing left: an empty record. */
  erase(erasureId: string, customerIds: readonly string[], orders: OrderErasure, nowMs: number): Promise<RowCounts>
  complete(erasureId: string, nowMs: number): Promise<void>
}

export function createErasureStore(database: Database, vault: Vault): ErasureStore {
  return {
    begin: (request) => database.transaction((client) => begin(client, vault, request)),
    underWay: (customerIds) => underWay(database.pool, customerIds),
    erase: (erasureId, customerIds, orders, nowMs) =>
      database.transaction((client) => erase(client, vault, { erasureId, customerIds, orders, nowMs })),
    async complete(erasureId, nowMs) {
      await database.pool.query('UPDATE erasures SET completed_at = coalesce(completed_at, $2) WHERE id = $1', [
        erasureId,
        new Date(nowMs),
      ])
    },
  }
}

/** What there is to erase, without touching it. */
export async function countRows(client: Queryable, vault: Vault, customerId: string): Promise<RowCounts> {
  const ids = await customersOfPerson(client, customerId)
  const counts: Record<string, number> = {}
  for (const one of await personTables(client)) {
    add(counts, one.table, await counted(client, `FROM ${one.table} WHERE ${isAboutThem(one)}`, ids))
  }
  add(counts, 'order_changes', await counted(client, changesOfOrders, ids))
  add(counts, 'order_lines', await counted(client, linesOfOrders, ids))
  add(counts, 'events', (await findWaitingEvents(client, vault, await signsOf(client, vault, ids))).length)
  add(counts, 'customers', ids.length)
  return counts
}

/** The proof, for whoever knows the id of the erasure. */
export async function findErasure(client: Queryable, erasureId: string): Promise<ErasureRecord | undefined> {
  const { rows } = await client.query<ErasureRecord>(
    `SELECT id, requested_at AS "requestedAt", requested_by AS "requestedBy", completed_at AS "completedAt", counts
     FROM erasures WHERE id = $1`,
    [erasureId],
  )
  return rows[0]
}

async function begin(client: Queryable, vault: Vault, request: ErasureRequest): Promise<string[]> {
  const { erasureId, customerId, requestedBy } = request
  const now = new Date(request.nowMs)
  const ids = await customersOfPerson(client, customerId)
  if (ids.length === 0) return []
  await client.query('SELECT FROM customers WHERE id = ANY ($1::uuid[]) ORDER BY id FOR UPDATE', [ids])
  await client.query(
    `UPDATE customers SET erasing_at = coalesce(erasing_at, $2), due_at = NULL WHERE id = ANY ($1::uuid[])`,
    [ids, now],
  )
  await client.query(
    `UPDATE journey_runs SET status = 'exited', ended_at = $2, end_reason = 'erased', wake_at = NULL
     WHERE customer_id = ANY ($1::uuid[]) AND status = 'active'`,
    [ids, now],
  )
  await client.query(
    `UPDATE messages SET status = 'refused', reason = 'erased', settled_at = $2
     WHERE customer_id = ANY ($1::uuid[]) AND status = 'planned'`,
    [ids, now],
  )
  await client.query(
    `INSERT INTO erasures (id, subject_hash, requested_at, requested_by) VALUES ($1, $2, $3, $4)
     ON CONFLICT (id) DO NOTHING`,
    [erasureId, vault.subjectHash(customerId), now, requestedBy],
  )
  return ids
}

/** Past the lease nobody is at work on a message any more, whatever its row says. */
async function underWay(client: Queryable, customerIds: readonly string[]): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM messages WHERE customer_id = ANY ($1::uuid[])
       AND status IN ('claimed', 'transmitting') AND lease_until > clock_timestamp()`,
    [customerIds],
  )
  return rows[0]?.count ?? 0
}

interface Erasing {
  readonly erasureId: string
  readonly customerIds: readonly string[]
  readonly orders: OrderErasure
  readonly nowMs: number
}

async function erase(client: Queryable, vault: Vault, erasing: Erasing): Promise<RowCounts> {
  const { customerIds: ids, orders, nowMs } = erasing
  const counts: Record<string, number> = {}
  await suppressForever(client, await addressesOf(client, ids), nowMs)

  // Locks in the order of intake: events, identities, customers.
  const waiting = await findWaitingEvents(client, vault, await signsOf(client, vault, ids))
  add(counts, 'events', await deleted(client, 'DELETE FROM events WHERE id = ANY ($1::bigint[])', [waiting]))
  const tables = await personTables(client)
  add(counts, 'identities', await deleted(client, 'DELETE FROM identities WHERE customer_id = ANY ($1::uuid[])', [ids]))
  await client.query('SELECT FROM customers WHERE id = ANY ($1::uuid[]) ORDER BY id FOR UPDATE', [ids])
  add(counts, 'order_changes', await deleted(client, `DELETE ${changesOfOrders}`, [ids]))
  if (orders === 'anonymise') add(counts, 'orders', await deleted(client, anonymiseOrders, [ids]))
  add(counts, 'order_lines', await deleted(client, `DELETE ${linesOfOrders}`, [ids]))
  for (const one of tables) {
    add(counts, one.table, await deleted(client, `DELETE FROM ${one.table} WHERE ${isAboutThem(one)}`, [ids]))
  }
  add(counts, 'customers', await deleted(client, 'DELETE FROM customers WHERE id = ANY ($1::uuid[])', [ids]))
  await addToProof(client, erasing.erasureId, counts)
  return counts
}

const changesOfOrders = `
  FROM order_changes WHERE order_key IN (SELECT order_key FROM orders WHERE customer_id = ANY ($1::uuid[]))`

/** Those of anonymised orders stay with them. */
const linesOfOrders = `
  FROM order_lines WHERE order_id IN (SELECT id FROM orders WHERE customer_id = ANY ($1::uuid[]))`

/** Each order gets a customer of its own who never was: amounts and days stay, and nothing ties two of them together. */
const anonymiseOrders = `
  UPDATE orders SET customer_id = gen_random_uuid(), order_key = 'erased:' || gen_random_uuid(), coupon = NULL,
                    ordered_at = date_trunc('day', ordered_at, 'UTC'), content_at = NULL, content_by = NULL,
                    cancelled_at = date_trunc('day', cancelled_at, 'UTC')
  WHERE customer_id = ANY ($1::uuid[])`

async function addressesOf(
  client: Queryable,
  customerIds: readonly string[],
): Promise<{ channel: 'email' | 'sms'; addressHash: Buffer }[]> {
  const { rows } = await client.query<{ channel: 'email' | 'sms'; addressHash: Buffer }>(
    `SELECT channel, address_hash AS "addressHash" FROM contact_points WHERE customer_id = ANY ($1::uuid[])
     UNION
     SELECT CASE kind WHEN 'email' THEN 'email' ELSE 'sms' END, decode(value, 'hex') FROM identities
     WHERE customer_id = ANY ($1::uuid[]) AND kind IN ('email', 'phone')`,
    [customerIds],
  )
  return rows
}

async function addToProof(client: Queryable, erasureId: string, counts: RowCounts): Promise<void> {
  await client.query(
    `UPDATE erasures SET counts = (
       SELECT coalesce(jsonb_object_agg(name, total), '{}') FROM (
         SELECT name, sum(rows) AS total FROM (
           SELECT key AS name, value::bigint AS rows FROM jsonb_each_text(counts)
           UNION ALL SELECT key, value::bigint FROM jsonb_each_text($2::jsonb)) AS parts
         GROUP BY name) AS sums)
     WHERE id = $1`,
    [erasureId, JSON.stringify(counts)],
  )
}

async function counted(client: Queryable, from: string, ids: readonly string[]): Promise<number> {
  const { rows } = await client.query<{ count: number }>(`SELECT count(*)::int AS count ${from}`, [ids])
  return rows[0]?.count ?? 0
}

async function deleted(client: Queryable, sql: string, values: readonly unknown[]): Promise<number> {
  return (await client.query(sql, [...values])).rowCount ?? 0
}

function add(counts: Record<string, number>, table: string, rows: number): void {
  if (rows > 0) counts[table] = (counts[table] ?? 0) + rows
}
