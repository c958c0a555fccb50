/** Keys for the HTTP API. They are random and long, so a plain SHA-256 is all that is kept of them. */

import { createHash, randomBytes } from 'node:crypto'
import { v7 } from 'uuid'
import type { Records } from './database.ts'

/**
 * `write`: may send events. `admin`: may read, open and change everything. `marketer`: sees personal data as masks.
 * `analyst`: sees none of it.
 */
export type ApiKeyKind = 'write' | 'admin' | 'marketer' | 'analyst'

export interface ApiKeyRecord {
  readonly id: string
  readonly kind: ApiKeyKind
  readonly name: string
  readonly createdAt: Date
  readonly revokedAt: Date | null
}

const prefixes: Readonly<Record<ApiKeyKind, string>> = {
  write: 'pwk_',
  admin: 'pat_',
  marketer: 'pmt_',
  analyst: 'pan_',
}

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

/** The id and kind of a key that holds, whatever its kind. */
export async function findApiKey(db: Records, key: string): Promise<{ id: string; kind: ApiKeyKind } | undefined> {
  const { apiKey } = await db.prisma()
  const found = await apiKey.findUnique({
    where: { keyHash: hash(key), revokedAt: null },
    select: { id: true, kind: true },
  })
  return found === null ? undefined : { id: found.id, kind: found.kind as ApiKeyKind }
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

/** The kind of the key with this id; undefined if it does not hold any more. */
export async function kindOfActiveKey(db: Records, id: string): Promise<ApiKeyKind | undefined> {
  const { apiKey } = await db.prisma()
  const found = await apiKey.findUnique({ where: { id, revokedAt: null }, select: { kind: true } })
  return found?.kind as ApiKeyKind | undefined
}

function hash(key: string): Buffer<ArrayBuffer> {
  return createHash('sha256').update(key).digest()
}
