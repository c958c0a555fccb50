/** Imports of files: how far each is. Saved in the transaction of what was imported, so that a second run goes on there. */

import { v7 } from 'uuid'
import type { Queryable } from './database.ts'

export type ImportStatus = 'reading' | 'finishing' | 'done'

/** How many, by what. Holds no values of the file. */
export type ImportCounts = Record<string, number>

export interface ImportState {
  readonly id: string
  readonly status: ImportStatus
  /** Where to go on. */
  readonly nextLine: number
  readonly nextByte: number
  readonly rejectBytes: number
  readonly counts: ImportCounts
  readonly finishedAtMs: number | null
}

const columns = `
  id, status, next_line AS "nextLine", next_byte AS "nextByte", reject_bytes AS "rejectBytes", counts,
  (extract(epoch FROM finished_at) * 1000)::float8 AS "finishedAtMs"`

/** The import of this content that counts, if there was one. */
export async function findImport(client: Queryable, fingerprint: Buffer): Promise<ImportState | undefined> {
  const { rows } = await client.query<ImportState>(
    `SELECT ${columns} FROM imports WHERE fingerprint = $1 AND status <> 'superseded'`,
    [fingerprint],
  )
  return rows[0]
}

/** Begins anew; what there was of the same content is history. */
export async function beginImport(
  client: Queryable,
  { kind, fingerprint, nowMs }: { readonly kind: string; readonly fingerprint: Buffer; readonly nowMs: number },
): Promise<ImportState> {
  await client.query(
    `WITH superseded AS (
       UPDATE imports SET status = 'superseded' WHERE fingerprint = $1 AND status <> 'superseded' RETURNING id
     ), forgotten AS (
       DELETE FROM imported_customers WHERE import_id IN (SELECT id FROM superseded)
     )
     DELETE FROM imported_refunds WHERE import_id IN (SELECT id FROM superseded)`,
    [fingerprint],
  )
  const { rows } = await client.query<ImportState>(
    `INSERT INTO imports (id, kind, fingerprint, status, started_at, updated_at)
     VALUES ($1, $2, $3, 'reading', $4, $4) RETURNING ${columns}`,
    [v7({ msecs: nowMs }), kind, fingerprint, new Date(nowMs)],
  )
  return rows[0] as ImportState
}

export async function saveImport(client: Queryable, state: ImportState, nowMs: number): Promise<void> {
  const isDone = state.status === 'done'
  await client.query({
    name: 'save-import',
    text: `
      UPDATE imports SET status = $2, next_line = $3, next_byte = $4, reject_bytes = $5, counts = $6, updated_at = $7,
                         finished_at = $8
      WHERE id = $1`,
    values: [
      state.id,
      state.status,
      state.nextLine,
      state.nextByte,
      state.rejectBytes,
      JSON.stringify(state.counts),
      new Date(nowMs),
      isDone ? new Date(nowMs) : null,
    ],
  })
}

/** Remembers whom an import has touched, until they are put into their stage. */
export async function noteImportedCustomers(
  client: Queryable,
  importId: string,
  customerIds: readonly string[],
): Promise<void> {
  if (customerIds.length === 0) return
  await client.query({
    name: 'note-imported-customers',
    text: `
      INSERT INTO imported_customers (import_id, customer_id) SELECT $1, unnest($2::uuid[]) ON CONFLICT DO NOTHING`,
    values: [importId, customerIds],
  })
}

/**
 * Takes a page of them off the list; nobody of whom refunds wait, because those change what they are. Two may take at the
 * same time.
 */
export async function takeImportedCustomers(client: Queryable, importId: string, limit: number): Promise<string[]> {
  const { rows } = await client.query<{ customer_id: string }>({
    name: 'take-imported-customers',
    text: `
      DELETE FROM imported_customers WHERE import_id = $1 AND customer_id = ANY (ARRAY(
        SELECT customer_id FROM imported_customers c
        WHERE import_id = $1
          AND NOT EXISTS (SELECT FROM imported_refunds r WHERE r.import_id = $1 AND r.customer_id = c.customer_id)
        ORDER BY customer_id LIMIT $2 FOR UPDATE SKIP LOCKED))
      RETURNING customer_id`,
    values: [importId, limit],
  })
  return rows.map((row) => row.customer_id)
}

const lockClass = 8_700_003

/** Keeps others from importing the same content until the connection ends. @returns whether nobody else does. */
export async function lockImport(client: Queryable, fingerprint: Buffer): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>('SELECT pg_try_advisory_lock($1, $2) AS locked', [
    lockClass,
    fingerprint.readInt32BE(0),
  ])
  return rows[0]?.locked === true
}

export async function unlockImport(client: Queryable, fingerprint: Buffer): Promise<void> {
  await client.query('SELECT pg_advisory_unlock($1, $2)', [lockClass, fingerprint.readInt32BE(0)])
}
