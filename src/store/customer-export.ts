/**
 * Everything that is known of a person, opened, for themselves: the customer, the customers that turned out to be them,
 * and every row of every table that is about them.
 */

import type { Queryable } from './database.ts'
import { isAboutThem, personTables } from './person-tables.ts'
import { openAddress, openPersonalTraits, type PersonalTraits } from './personal-data.ts'
import { customersOfPerson } from './persons.ts'
import type { CustomerKey, Vault } from './vault.ts'

type Row = Readonly<Record<string, unknown>>

export interface PersonExport {
  /** One for each id that the person has or had; the first is the one of today. */
  readonly customers: readonly Row[]
  readonly addresses: readonly Row[]
  /** By table, in camel case: `orders`, `events`, `decisionRecords`, … Instants are ISO 8601. */
  readonly [table: string]: readonly Row[]
}

/** Shown opened, or of no use to anybody: keys, and the hashes by which addresses are found. */
const leftOut: ReadonlySet<string> = new Set(['customer_keys', 'contact_points'])

/** @returns undefined if nobody has that id. */
export async function exportPerson(
  client: Queryable,
  vault: Vault,
  customerId: string,
): Promise<PersonExport | undefined> {
  const ids = await customersOfPerson(client, customerId)
  if (ids.length === 0) return undefined
  const keys = await keysOf(client, vault, ids)
  const tables: Record<string, readonly Row[]> = {}
  for (const one of await personTables(client)) {
    if (leftOut.has(one.table)) continue
    const rows = await rowsOf(client, one.table, isAboutThem(one), ids)
    tables[camelCase(one.table)] = one.table === 'identities' ? rows.filter(isReadable) : rows
  }
  tables['orders'] = await withLines(client, tables['orders'] ?? [])
  return {
    customers: (await rowsOf(client, 'customers', 'id = ANY ($1::uuid[])', ids, 'personal')).map((row) =>
      withPersonal(row, vault, keys),
    ),
    addresses: await addressesOf(client, vault, keys, ids),
    ...tables,
  }
}

/** Addresses among the identities are hashes; they stand in `addresses` as what they are. */
function isReadable({ kind }: Row): boolean {
  return kind !== 'email' && kind !== 'phone'
}

/** @param sealed a column of bytes that is wanted; all others are left out. */
async function rowsOf(
  client: Queryable,
  table: string,
  where: string,
  ids: readonly string[],
  sealed?: string,
): Promise<Row[]> {
  const { rows } = await client.query<Row>(`SELECT * FROM ${table} WHERE ${where}`, [ids])
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).flatMap(([column, value]) =>
        Buffer.isBuffer(value) && column !== sealed ? [] : [[camelCase(column), value]],
      ),
    ),
  )
}

async function keysOf(client: Queryable, vault: Vault, ids: readonly string[]): Promise<Map<string, CustomerKey>> {
  const { rows } = await client.query<{ customer_id: string; wrapped_key: Buffer }>(
    'SELECT customer_id, wrapped_key FROM customer_keys WHERE customer_id = ANY ($1::uuid[])',
    [ids],
  )
  return new Map(rows.map((row) => [row.customer_id, vault.openCustomerKey(row.customer_id, row.wrapped_key)]))
}

function withPersonal({ personal, ...row }: Row, vault: Vault, keys: ReadonlyMap<string, CustomerKey>): Row {
  const id = String(row['id'])
  const key = keys.get(id)
  const opened: PersonalTraits =
    key !== undefined && Buffer.isBuffer(personal) ? openPersonalTraits(vault, key, id, personal) : {}
  return { ...row, personal: opened }
}

async function addressesOf(
  client: Queryable,
  vault: Vault,
  keys: ReadonlyMap<string, CustomerKey>,
  ids: readonly string[],
): Promise<Row[]> {
  const { rows } = await client.query<{
    id: string
    owner: string
    channel: string
    address: Buffer
    current: boolean
  }>(
    `SELECT p.id, p.customer_id AS owner, p.channel, p.address, p.current, p.created_at AS "createdAt",
            s.reason AS suppressed, s.since AS "suppressedSince"
     FROM contact_points p
     LEFT JOIN suppressions s ON s.channel = p.channel AND s.address_hash = p.address_hash
     WHERE p.customer_id = ANY ($1::uuid[]) ORDER BY p.channel, p.created_at`,
    [ids],
  )
  return rows.map(({ id, owner, address, ...row }) => {
    const key = keys.get(owner)
    return { ...row, address: key === undefined ? null : openAddress(vault, key, id, address) }
  })
}

async function withLines(client: Queryable, orders: readonly Row[]): Promise<Row[]> {
  const { rows: lines } = await client.query<{ order_id: string }>(
    'SELECT * FROM order_lines WHERE order_id = ANY ($1::uuid[]) ORDER BY order_id, position',
    [orders.map(({ id }) => id)],
  )
  const { rows: changes } = await client.query<{ order_key: string }>(
    'SELECT * FROM order_changes WHERE order_key = ANY ($1) ORDER BY changed_at',
    [orders.map(({ orderKey }) => orderKey)],
  )
  const linesOf = Map.groupBy(lines, (line) => line.order_id)
  const changesOf = Map.groupBy(changes, (change) => change.order_key)
  return orders.map((order) => ({
    ...order,
    lines: (linesOf.get(String(order['id'])) ?? []).map((line) => inCamelCase(line, 'order_id')),
    changes: (changesOf.get(String(order['orderKey'])) ?? []).map((change) => inCamelCase(change, 'order_key')),
  }))
}

function inCamelCase(row: Row, without: string): Row {
  const columns = Object.entries(row).filter(([name]) => name !== without)
  return Object.fromEntries(columns.map(([name, value]) => [camelCase(name), value]))
}

function camelCase(name: string): string {
  return name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
