/** Keys for the HTTP API. They are random and long, so a plain SHA-256 is all that is kept of them. */

import { createHash, randomBytes } from 'node:crypto'
import { v7 } from 'uuid'
import type { Records } from './database.ts'

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
  db: Records,
  { kind, name }: { readonly kind: ApiKeyKind; readonly name: string },
): Promise<{ id: string; key: string }> {
  const { apiKey } = await db.prisma()
  const id = v7()
  const key = prefixes[kind] + randomBytes(24).toString('base64url')
  // Keys belong to people who run the installation: their times are real ones, also where the shop's clock is virtual.
  await apiKey.create({ data: { id, kind, name, keyHash: hash(key), createdAt: new Date() } })
  return { id, key }
}

/** The id of the key, or undefined if there is no such key of this kind or it was revoked. */
export async function verifyApiKey(db: Records, kind: ApiKeyKind, key: string): Promise<string | undefined> {
  const { apiKey } = await db.prisma()
  const found = await apiKey.findUnique({
    where: { keyHash: hash(key), kind, revokedAt: null },
    select: { id: true },
  })
  return found?.id
}

/** All keys, newest first; never the keys themselves. */
export async function listApiKeys(db: Records): Promise<ApiKeyRecord[]> {
  const { apiKey } = await db.prisma()
  const keys = await apiKey.findMany({ omit: { keyHash: true }, orderBy: { id: 'desc' } })
  return keys.map((key) => ({ ...key, kind: key.kind as ApiKeyKind }))
}

/** @returns whether there was such a key to revoke. Processes that hold it in memory learn of it within seconds. */
export async function revokeApiKey(db: Records, id: string): Promise<boolean> {
  const { apiKey } = await db.prisma()
  const { count } = await apiKey.updateMany({ where: { id, revokedAt: null }, data: { revokedAt: new Date() } })
  return count === 1
}

/** Whether the key with this id still holds. */
export async function isActiveApiKey(db: Records, id: string): Promise<boolean> {
  const { apiKey } = await db.prisma()
  return (await apiKey.count({ where: { id, revokedAt: null } })) === 1
}

function hash(key: string): Buffer<ArrayBuffer> {
  return createHash('sha256').update(key).digest()
}
