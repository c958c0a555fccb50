/** What an import would do: everything is read and checked, nothing is written. */

import type { Database, Queryable } from '../../store/database.ts'
import { findIdentities, identityKey } from '../../store/identities.ts'
import { findOrderKeys } from '../../store/imported-orders.ts'
import type { ImportCounts } from '../../store/imports.ts'
import type { Vault } from '../../store/vault.ts'
import { addCounts, type Preview, type Rejection } from './chunk.ts'
import { type ImportRequest, openImport } from './import-file.ts'
import { readStretches } from './reading.ts'
import { UnpackedFile } from './unpacked-file.ts'

export interface DryReport {
  readonly counts: ImportCounts
  readonly columns: Readonly<Record<string, string>>
  readonly firstRejected: readonly Rejection[]
}

/** As many names as are told apart; of more, it says "at least". */
const mostNames = 500_000

export async function dryRun(request: ImportRequest, database: Database, vault: Vault): Promise<DryReport> {
  const { file, format, plan: columns } = await openImport(request)
  try {
    const { kind } = request
    const context = { database, vault, importId: '', contentId: '', nowMs: 0, options: request.values }
    const seen = { customers: new Set<string>(), orders: new Set<string>() }
    let counts: ImportCounts = {}
    const samples: Rejection[] = []
    const plan = { from: format.start, resumeLine: format.start.line, chunkLines: kind.chunkLines }
    const stretches = readStretches(new UnpackedFile(file.opened), format, kind.open(columns, context), plan)
    for await (const { told, content } of stretches) {
      counts = addCounts(counts, told.counts)
      samples.push(...told.samples)
      counts = addCounts(counts, await preview(database.pool, kind.preview(content), seen))
    }
    return { counts, columns: columns.describe(), firstRejected: samples.slice(0, 10) }
  } finally {
    await file.close()
  }
}

async function preview(
  client: Queryable,
  { customers, orders }: Preview,
  seen: { readonly customers: Set<string>; readonly orders: Set<string> },
): Promise<ImportCounts> {
  const counts: ImportCounts = {}
  const isFresh = (name: string, known: Set<string>): boolean => {
    if (known.has(name)) return false
    if (known.size < mostNames) known.add(name)
    return true
  }
  const people = [...customers].filter((identity) => isFresh(identityKey(identity), seen.customers))
  if (people.length > 0) {
    const known = await findIdentities(client, people)
    counts['customers to make'] = people.filter((identity) => !known.has(identityKey(identity))).length
    counts['customers known'] = people.length - (counts['customers to make'] ?? 0)
  }
  const keys = [...orders].filter((key) => isFresh(key, seen.orders))
  if (keys.length > 0) {
    const known = await findOrderKeys(client, keys)
    counts['orders to make'] = keys.length - known
    counts['orders known'] = known
  }
  return counts
}
