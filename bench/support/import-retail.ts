/** The whole of Online Retail, through the product's own import. */

import { join } from 'node:path'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { importFile } from '../../src/intake/import/import-file.ts'
import { retailImport } from '../../src/intake/import/order-kinds.ts'
import { loadDefinitions } from '../../src/store/campaigns.ts'
import type { Database } from '../../src/store/database.ts'
import type { Vault } from '../../src/store/vault.ts'
import { dataPath } from './shared-data.ts'

export const retailFile = 'online_retail.csv.gz'

/** @returns how many lines were read, and the real milliseconds that it took. */
export async function importRetail(
  { database, vault, home }: { readonly database: Database; readonly vault: Vault; readonly home: string },
  nowMs: number,
): Promise<{ readonly lines: number; readonly tookMs: number }> {
  const definitions = await loadDefinitions(database)
  const request = {
    path: fileURLToPath(dataPath(retailFile)),
    stdin: Readable.from([]),
    kind: retailImport,
    mapping: new Map<string, string>(),
    values: { dates: 'iso', timeZone: 'UTC', currency: 'GBP', source: undefined },
    rejects: join(home, 'rejects.csv'),
    again: true,
  } as const
  const startedAt = performance.now()
  const { counts } = await importFile(request, { database, vault, definitions, nowMs })
  return { lines: counts['lines'] ?? 0, tookMs: performance.now() - startedAt }
}
