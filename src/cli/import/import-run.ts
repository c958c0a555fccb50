/** What `perennial import` does. */

import { createClock } from '../../clock.ts'
import { readConfig } from '../../config.ts'
import { isTimeZone } from '../../domain/local-time.ts'
import type { ImportKind } from '../../intake/import/chunk.ts'
import { type DryReport, dryRun } from '../../intake/import/dry-run.ts'
import {
  type ImportProgress,
  type ImportReport,
  type ImportRequest,
  importFile,
} from '../../intake/import/import-file.ts'
import { InputError } from '../../intake/import/input-error.ts'
import { importKinds } from '../../intake/import/kinds.ts'
import type { DateOrder } from '../../intake/import/values.ts'
import { toCurrency } from '../../intake/money.ts'
import { loadDefinitions } from '../../store/campaigns.ts'
import { type Database, openDatabase } from '../../store/database.ts'
import { describeError } from '../../store/describe-error.ts'
import { openVault } from '../../store/master-key.ts'
import { loadMasterKeys } from '../../store/vault.ts'
import { writeResult } from '../analyze/output.ts'
import { databaseOf } from '../installation.ts'
import { homeOf } from '../options.ts'
import { UsageError } from '../usage-error.ts'
import { ProgressLine } from './import-progress.ts'
import { readMapping } from './mapping-options.ts'

export interface ImportOptions {
  readonly map: readonly string[]
  readonly mapping?: string
  readonly format?: 'csv' | 'jsonl'
  readonly delimiter?: string
  readonly dates: DateOrder
  readonly timeZone: string
  readonly currency: string
  readonly source?: string
  readonly rejects?: string
  readonly again?: boolean
  readonly dryRun?: boolean
  readonly home?: string
  readonly json?: boolean
}

/** Finished, but not everything was taken. 1 is for what did not finish, 2 for mistakes of the caller. */
const statusWithRejects = 3

export async function runImport(kindName: string, path: string, options: ImportOptions): Promise<void> {
  const request = requestOf(kindName, path, options)
  const database = openDatabase(databaseOf(options))
  const progress = new ProgressLine()
  try {
    const startedAt = performance.now()
    const report = await run(request, database, progress, options)
    progress.end()
    const seconds = (performance.now() - startedAt) / 1000
    const rejected = report.counts['rejected'] ?? 0
    writeResult(options.json, { kind: kindName, dryRun: options.dryRun === true, ...report, seconds }, () =>
      inWords(report, seconds),
    )
    if (rejected > 0) process.exitCode = statusWithRejects
  } catch (error) {
    progress.end()
    throw toldError(error)
  } finally {
    await database.close()
  }
}

function requestOf(kindName: string, path: string, options: ImportOptions): ImportRequest {
  const kind = importKinds.find(({ name }) => name === kindName) as ImportKind
  const currency = toCurrency(options.currency)
  if (currency === undefined)
    throw new UsageError(`--currency: "${options.currency}" must be an ISO 4217 code, such as EUR`)
  if (!isTimeZone(options.timeZone)) {
    throw new UsageError(`--time-zone: "${options.timeZone}" must be an IANA time zone, such as Europe/Berlin`)
  }
  const { delimiter, format } = options
  if (delimiter !== undefined && (delimiter.length !== 1 || /["\r\n\p{L}\p{N}]/u.test(delimiter))) {
    throw new UsageError(`--delimiter: ${JSON.stringify(delimiter)} must be one sign, and no quote`)
  }
  return {
    path,
    stdin: process.stdin,
    kind,
    mapping: readMapping(options.map, options.mapping),
    values: { dates: options.dates, timeZone: options.timeZone, currency, source: options.source },
    rejects: options.rejects ?? (path === '-' ? undefined : `${path}.rejects.csv`),
    again: options.again === true,
    ...(format === undefined ? {} : { format }),
    ...(delimiter === undefined ? {} : { delimiter }),
  }
}

async function run(
  request: ImportRequest,
  database: Database,
  progress: ProgressLine,
  { home, dryRun: isDry }: ImportOptions,
): Promise<ImportReport | DryReport> {
  const config = readConfig()
  const keys = loadMasterKeys({ ...config, home: homeOf(home === undefined ? {} : { home }) })
  const vault = await openVault(database.pool, keys)
  if (isDry) return dryRun(request, database, vault)
  const definitions = await loadDefinitions(database)
  const nowMs = createClock(config.clock).nowMs()
  const cancel = new AbortController()
  // The chunk that is being written is finished; a second signal ends the process at once.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => cancel.abort(new Error(`Stopped by ${signal}.`)))
  }
  const onProgress = (done: ImportProgress): void => progress.report(done)
  return importFile(request, { database, vault, definitions, nowMs, onProgress, signal: cancel.signal })
}

/** A database's words about data may hold data: they go no further. */
function toldError(error: unknown): unknown {
  if (error instanceof InputError) return new UsageError(error.message)
  if (error instanceof RangeError || error instanceof UsageError) return error
  const { message } = describeError(error)
  return new Error(`${message}; the same command goes on where this one ended`, { cause: error })
}

function inWords(report: ImportReport | DryReport, seconds: number): string {
  const { counts } = report
  const lines = counts['lines'] ?? 0
  const width = Math.max(0, ...Object.values(counts).map((count) => String(count).length))
  const facts = Object.entries(counts)
    .filter(([name]) => !name.startsWith('rejected: '))
    .map(([name, count]) => `  ${String(count).padStart(width)}  ${name}`)
  const reasons = Object.entries(counts)
    .filter(([name]) => name.startsWith('rejected: '))
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `  ${String(count).padStart(width)}  ${name.slice('rejected: '.length)}`)
  const first = report.firstRejected.map(
    ({ line, column, rule }) => `  line ${line}: ${column === '' ? 'it' : column} ${rule}`,
  )
  return [
    ...headline(report, lines, seconds),
    ...sayColumns(report),
    ...(facts.length > 0 ? facts : ['  nothing: it has a header and no lines']),
    ...(reasons.length > 0 ? ['Rejected, by rule:', ...reasons] : []),
    ...(first.length > 0 ? ['The first of them:', ...first] : []),
    ...('rejects' in report && report.rejects !== undefined ? [`All of them are in ${report.rejects}`] : []),
  ].join('\n')
}

/** Before anything is done, people want to know whether their columns were understood. */
function sayColumns(report: ImportReport | DryReport): string[] {
  if ('outcome' in report) return []
  return ['Columns:', ...Object.entries(report.columns).map(([name, what]) => `  ${name} → ${what}`)]
}

function headline(report: ImportReport | DryReport, lines: number, seconds: number): string[] {
  if (!('outcome' in report)) return [`Would be imported (${lines} lines read in ${seconds.toFixed(1)} s):`]
  if (report.outcome === 'was imported before') {
    return ['This content was imported before: nothing was done (--again imports it once more). It had:']
  }
  const since = report.resumedAtLine === undefined ? '' : `, gone on at line ${report.resumedAtLine}`
  return [`Imported${since}, in ${seconds.toFixed(1)} s:`]
}
