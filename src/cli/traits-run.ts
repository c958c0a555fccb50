/** What `perennial traits …` does. */

import { type Database, openDatabase } from '../store/database.ts'
import { archiveTrait, usersOfTrait } from '../store/segments/archive-segment.ts'
import { findTrait, listTraits, type TraitSummary, valuesOf } from '../store/segments/trait-reports.ts'
import { textFacts, textTable, writeResult } from './analyze/output.ts'
import { databaseOf } from './installation.ts'
import { UsageError } from './usage-error.ts'

export interface TraitsOptions {
  readonly home?: string
  readonly json?: boolean
}

export async function list(options: TraitsOptions): Promise<void> {
  const traits = await withDatabase(options, ({ pool }) => listTraits(pool))
  writeResult(options.json, { traits }, () =>
    traits.length === 0
      ? 'No computed traits yet: put YAML files into campaigns/traits and run "perennial apply".'
      : textTable(
          ['key', 'name', 'status', 'customers'],
          traits.map(({ key, name, status, size }) => [key, name, status, size]),
        ),
  )
}

export async function show(key: string, options: TraitsOptions): Promise<void> {
  const { trait, values } = await withDatabase(options, async ({ pool }) => ({
    trait: await traitOrRefuse(pool, key),
    values: await valuesOf(pool, key),
  }))
  writeResult(options.json, { ...trait, values }, () =>
    [
      textFacts({
        name: trait.name,
        status: trait.status,
        customers: trait.size,
        version: trait.version,
        'next version': trait.nextVersion,
        problem: trait.problem,
      }),
      '',
      JSON.stringify(trait.document, null, 2),
      '',
      textTable(
        ['value', 'customers'],
        values.map(({ value, customers }) => [JSON.stringify(value), customers]),
      ),
    ].join('\n'),
  )
}

export async function archive(key: string, options: TraitsOptions & { readonly yes?: boolean }): Promise<void> {
  const { yes = false } = options
  const { trait, users } = await withDatabase(options, async (db) => {
    const found = await traitOrRefuse(db.pool, key)
    const usedBy = await usersOfTrait(db, key)
    if (yes && usedBy.length === 0) await archiveTrait(db.pool, key)
    return { trait: found, users: usedBy }
  })
  if (users.length > 0) throw new UsageError(`trait "${key}" is in use by ${users.join(', ')}: change those first`)
  const { size } = trait
  writeResult(options.json, { key, size, archived: yes }, () =>
    yes
      ? `${key} is archived; ${size} customers lose its value.`
      : `${size} customers have a value of ${key}, and nothing in force asks about it. Say --yes to archive it.`,
  )
}

async function traitOrRefuse(pool: Database['pool'], key: string): Promise<TraitSummary> {
  const trait = await findTrait(pool, key)
  if (trait === undefined) {
    throw new UsageError(`There is no computed trait "${key}": "perennial traits list" shows them`)
  }
  return trait
}

async function withDatabase<T>(options: TraitsOptions, work: (db: Database) => Promise<T>): Promise<T> {
  const db = openDatabase(databaseOf(options), { maxConnections: 2 })
  try {
    return await work(db)
  } finally {
    await db.close()
  }
}
