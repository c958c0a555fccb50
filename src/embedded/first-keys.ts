/** The keys that an installation starts with. */

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createApiKey, listApiKeys, verifyApiKey } from '../store/api-keys.ts'
import { openDatabase } from '../store/database.ts'

export interface FirstKeys {
  readonly writeKey: string
  readonly adminToken: string
}

/**
 * Makes a write key and an admin token if the installation has no key yet, and a token in the home for the commands of
 * this machine: who may read the home could read the database as well.
 *
 * @returns the new keys, at the first start only: afterwards nobody can read them.
 */
export async function ensureKeys(databaseUrl: string, home: string): Promise<FirstKeys | undefined> {
  const db = openDatabase(databaseUrl, { maxConnections: 1 })
  try {
    const isFirstStart = (await listApiKeys(db)).length === 0
    const path = localTokenPath(home)
    const local = existsSync(path) ? readFileSync(path, 'utf8').trim() : ''
    if (local === '' || (await verifyApiKey(db, 'admin', local)) === undefined) {
      const { key } = await createApiKey(db, { kind: 'admin', name: 'commands on this machine' })
      writeFileSync(path, `${key}\n`, { mode: 0o600 })
    }
    if (!isFirstStart) return undefined
    const write = await createApiKey(db, { kind: 'write', name: 'first start' })
    const admin = await createApiKey(db, { kind: 'admin', name: 'first start' })
    return { writeKey: write.key, adminToken: admin.key }
  } finally {
    await db.close()
  }
}

/** The token of the commands of this machine. */
export function localTokenPath(home: string): string {
  return join(home, 'commands.token')
}
