/** What `perennial export` does. */

import { maskTrait } from '../../analytics/privacy/masking.ts'
import { readConfig } from '../../config.ts'
import { csvLine } from '../../domain/csv-cell.ts'
import { noteAudit } from '../../store/audit.ts'
import { type CustomerRowOut, customerColumns, customerPages, hasSegment } from '../../store/customer-rows.ts'
import { type Database, openDatabase } from '../../store/database.ts'
import { openVault } from '../../store/master-key.ts'
import { openPersonalTraits, type PersonalTraits } from '../../store/personal-data.ts'
import { loadMasterKeys, type Vault } from '../../store/vault.ts'
import { writeResult } from '../analyze/output.ts'
import { databaseOf } from '../installation.ts'
import { homeOf } from '../options.ts'
import { UsageError } from '../usage-error.ts'
import { openOutput } from './whole-file.ts'

export interface ExportOptions {
  readonly format: 'csv' | 'jsonl'
  readonly columns?: readonly string[]
  readonly out?: string
  readonly force?: boolean
  readonly withPersonal?: boolean
  readonly home?: string
  readonly json?: boolean
}

const usualColumns = [
  'customer_id',
  'email',
  'phone',
  'stage',
  'first_order_at',
  'last_order_at',
  'order_count',
  'revenue_cents',
  'currency',
]

type Value = string | number | boolean | null
type Column = (row: CustomerRowOut, personal: PersonalTraits) => Value

/** @param segment undefined: everybody. */
export async function runExport(segment: string | undefined, options: ExportOptions): Promise<void> {
  const { out, json, home, withPersonal = false } = options
  if (json && out === undefined) throw new UsageError('--json: needs --out, because standard output is the export')
  const names = options.columns ?? usualColumns
  const columns = names.map((name) => columnNamed(name, withPersonal))
  const config = readConfig()
  const database = openDatabase(databaseOf(options))
  try {
    const keys = loadMasterKeys({ ...config, home: homeOf(home === undefined ? {} : { home }) })
    const vault = await openVault(database.pool, keys)
    if (segment !== undefined && !(await hasSegment(database, segment))) {
      throw new UsageError(`There is no segment ${JSON.stringify(segment)} in force`)
    }
    if (withPersonal) {
      await noteAudit(database.pool, vault, { actor: 'cli', action: 'export', detail: { segment: segment ?? '*' } })
    }
    const customers = await write(database, vault, segment, { ...options, names, columns })
    if (out !== undefined) {
      const masked = !withPersonal
      writeResult(json, { customers, out, masked }, () => `${customers} customers in ${out}${masked ? ', masked' : ''}`)
    }
  } finally {
    await database.close()
  }
}

interface Writing extends Omit<ExportOptions, 'columns'> {
  readonly names: readonly string[]
  readonly columns: readonly Column[]
}

async function write(
  database: Database,
  vault: Vault,
  segment: string | undefined,
  { out, force, format, names, columns }: Writing,
): Promise<number> {
  const output = await openOutput(out, force === true)
  let customers = 0
  try {
    if (format === 'csv') await output.write(csvLine(names))
    for await (const page of customerPages(database, segment)) {
      const lines = page.map((row) => {
        const personal = openPersonal(row, vault)
        const values = columns.map((column) => column(row, personal))
        return format === 'csv'
          ? csvLine(values)
          : `${JSON.stringify(Object.fromEntries(names.map((name, i) => [name, values[i] ?? null])))}\n`
      })
      await output.write(lines.join(''))
      customers += page.length
    }
    await output.end()
  } catch (error) {
    await output.abandon()
    throw error
  }
  return customers
}

function openPersonal({ id, personal, wrappedKey }: CustomerRowOut, vault: Vault): PersonalTraits {
  if (personal === null || wrappedKey === null) return {}
  return openPersonalTraits(vault, vault.openCustomerKey(id, wrappedKey), id, personal)
}

/** Names are compared with lists and used as keys of objects: none becomes part of a statement. */
function columnNamed(name: string, withPersonal: boolean): Column {
  const shown = (trait: string, value: unknown): Value =>
    value === undefined || value === null ? null : withPersonal ? plain(value) : maskTrait(trait, value)
  if (name === 'id') return ({ id }) => id
  if (name === 'customer_id') return ({ externalId }) => externalId
  if (name === 'email' || name === 'phone') return (_, personal) => shown(name, personal[name])
  if ((customerColumns as readonly string[]).includes(name)) return ({ columns }) => columns[name] ?? null
  const trait = name.slice(name.indexOf('.') + 1)
  if (name.startsWith('traits.') && trait !== '') return ({ traits }) => plain(own(traits, trait))
  if (name.startsWith('personal.') && trait !== '') return (_, personal) => shown(trait, own(personal, trait))
  const known = ['id', 'customer_id', 'email', 'phone', ...customerColumns, 'traits.NAME', 'personal.NAME'].join(', ')
  throw new UsageError(`--columns: ${JSON.stringify(name)} must be one of ${known}`)
}

function own(object: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : null
}

function plain(value: unknown): Value {
  if (value === null || value === undefined) return null
  return typeof value === 'object' ? JSON.stringify(value) : (value as Value)
}
