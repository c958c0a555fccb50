/** A database with published campaigns, and files to import into it. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import {
  type ImportNeeds,
  type ImportReport,
  type ImportRequest,
  importFile,
} from '../../../src/intake/import/import-file.ts'
import { importKinds } from '../../../src/intake/import/kinds.ts'
import { loadDefinitions } from '../../../src/store/campaigns.ts'
import { type Database, openDatabase } from '../../../src/store/database.ts'
import { publishCampaigns } from '../../../src/store/publishing/publish-campaigns.ts'
import { Vault } from '../../../src/store/vault.ts'
import { createTestDatabase } from '../../support/database.ts'

export interface ImportShop {
  readonly url: string
  readonly database: Database
  readonly vault: Vault
  readonly folder: string
  /** Writes a file into the folder. @returns its path. */
  file(name: string, content: string | Buffer): string
  /** Imports a file as a kind. */
  run(kind: string, path: string, changes?: Partial<ImportRequest>, needs?: Partial<ImportNeeds>): Promise<ImportReport>
  rows<Row extends object = Record<string, unknown>>(sql: string, values?: readonly unknown[]): Promise<Row[]>
  close(): Promise<void>
}

export const nowMs = Date.UTC(2026, 5, 1)
export const masterKey = Buffer.alloc(32, 5)

const campaigns = fileURLToPath(new URL('../../../campaigns', import.meta.url))

export async function openImportShop(): Promise<ImportShop> {
  const test = await createTestDatabase()
  const database = openDatabase(test.url)
  await publishCampaigns(database, campaigns, nowMs)
  const definitions = await loadDefinitions(database)
  const vault = new Vault(masterKey)
  const folder = mkdtempSync(join(tmpdir(), 'perennial-import-'))
  return {
    url: test.url,
    database,
    vault,
    folder,
    file(name, content) {
      const path = join(folder, name)
      writeFileSync(path, content)
      return path
    },
    run: (kind, path, changes = {}, needs = {}) =>
      importFile(requestFor(kind, path, changes), { database, vault, definitions, nowMs, ...needs }),
    async rows<Row extends object>(sql: string, values: readonly unknown[] = []) {
      return (await database.pool.query(sql, [...values])).rows as Row[]
    },
    async close() {
      await database.close()
      await test.drop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export function requestFor(kind: string, path: string, changes: Partial<ImportRequest> = {}): ImportRequest {
  const found = importKinds.find(({ name }) => name === kind)
  if (found === undefined) throw new RangeError(`kind ${kind}: there is none`)
  return {
    path,
    stdin: Readable.from([]),
    kind: found,
    mapping: new Map(),
    values: { dates: 'iso', timeZone: 'UTC', currency: 'GBP', source: undefined },
    rejects: `${path}.rejects.csv`,
    again: false,
    ...changes,
  }
}
