/** Keys for the HTTP API. They are random and long, so a plain SHA-256 is all that is kept of them. */

import { createHash, randomBytes } from 'node:crypto'
import { v7 } from 'uuid'
import type { Queryable } from './database.ts'

/** `write`: may send events. `admin`: may read and change everything. */
export type ApiKeyKind = 'write' | 'admin'

export interface ApiKeyRecord {
  readonly id: string
  readonly kind: ApiKeyKind
  readonly name: string
  readonly createdAt: Date
  readonly revokedAt: Date | null
}

const prefixes: Readonly<Record<ApiKeyKind, string>> = { write: 'pwk_', admin: 'pat_' }

/** Makes a key. It can be read from the answer only: the database holds its hash. */
export async function createApiKey(
  pool: Queryable,
  { kind, name }: { readonly kind: ApiKeyKind; readonly name: string },
): Promise<{ id: string; key: string }> {
  const id = v7()
  const key = prefixes[kind] + randomBytes(24).toString('base64url')
  // Keys belong to people who run the installation: their times are real ones, also where the shop's clock is virtual.
  await pool.query('INSERT INTO api_keys (id, kind, name, key_hash, created_at) VALUES ($1, $2, $3, $4, now())', [
    id,
    kind,
    name,
    hash(key),
  ])
  return { id, key }
}

/** The id of the key, or undefined if there is no such key of this kind or it was revoked. */
export async function verifyApiKey(pool: Queryable, kind: ApiKeyKind, key: string): Promise<string | undefined> {
  const { rows } = await pool.query<{ id: string }>(
    'SELECT id FROM api_keys WHERE key_hash = $1 AND kind = $2 AND revoked_at IS NULL',
    [hash(key), kind],
  )
  return rows[0]?.id
}

/** All keys, newest first; never the keys themselves. */
export async function listApiKeys(pool: Queryable): Promise<ApiKeyRecord[]> {
  const { rows } = await pool.query<ApiKeyRecord>(
    `SELECT id, kind, name, created_at AS "createdAt", revoked_at AS "revokedAt" FROM api_keys ORDER BY id DESC`,
  )
  return rows
}

/** @returns whether there was such a key to revoke. Processes that hold it in memory learn of it within seconds. */
export async function revokeApiKey(pool: Queryable, id: string): Promise<boolean> {
  const { rowCount } = await pool.query('UPDATE api_keys SET revoked_at = now() WHERE id = $1 AND revoked_at IS NULL', [
    id,
  ])
  return rowCount === 1
}

function hash(key: string): Buffer {
  return createHash('sha256').update(key).digest()
}

/** Whether the key with this id still holds. */
export async function isActiveApiKey(pool: Queryable, id: string): Promise<boolean> {
  const { rowCount } = await pool.query('SELECT FROM api_keys WHERE id::text = $1 AND revoked_at IS NULL', [id])
  return rowCount === 1
}
