/** What `perennial segments …` does. */

import { readFile } from 'node:fs/promises'
import { createClock } from '../clock.ts'
import { readConfig } from '../config.ts'
import { problemsOf, sayProblem } from '../domain/problem.ts'
import { segmentDocument } from '../domain/segment-schema.ts'
import { isUuid } from '../store/customer-list.ts'
import { type Database, openDatabase } from '../store/database.ts'
import { archiveSegment, usersOfSegment } from '../store/segments/archive-segment.ts'
import { rebuildSegments } from '../store/segments/segment-catalog.ts'
import { previewSegment } from '../store/segments/segment-preview.ts'
import { findSegment, listMembers, listSegments, type SegmentSummary } from '../store/segments/segment-reports.ts'
import { readYaml } from '../store/yaml-source.ts'
import { textFacts, textTable, writeResult } from './analyze/output.ts'
import { databaseOf } from './installation.ts'
import { UsageError } from './usage-error.ts'

export interface SegmentsOptions {
  readonly home?: string
  readonly json?: boolean
}

export interface MembersOptions extends SegmentsOptions {
  readonly limit: number
  readonly after?: string
}

export interface PreviewOptions extends SegmentsOptions {
  readonly sample: number
}

export async function list(options: SegmentsOptions): Promise<void> {
  const segments = await withDatabase(options, ({ pool }) => listSegments(pool))
  writeResult(options.json, { segments }, () =>
    segments.length === 0
      ? 'No segments yet: put YAML files into campaigns/segments and run "perennial apply".'
      : textTable(
          ['key', 'name', 'status', 'size'],
          segments.map(({ key, name, status, size }) => [key, name, status, size]),
        ),
  )
}

export async function show(key: string, options: SegmentsOptions): Promise<void> {
  const { segment, sample } = await withDatabase(options, async ({ pool }) => {
    const found = await segmentOrRefuse(pool, key)
    return { segment: found, sample: (await listMembers(pool, key, { limit: 10 })).members }
  })
  writeResult(options.json, { ...segment, sample }, () =>
    [
      textFacts({
        name: segment.name,
        description: segment.description,
        status: segment.status,
        size: segment.size,
        version: segment.version,
        'next version': segment.nextVersion,
        problem: segment.problem,
      }),
      '',
      'Asks:',
      JSON.stringify((segment.document as { if: unknown }).if, null, 2),
      '',
      textTable(
        ['hour', 'size'],
        segment.history.slice(-24).map(({ hour, size }) => [hour.slice(0, 16), size]),
      ),
      '',
      ...(sample.length === 0
        ? ['Nobody is in it.']
        : ['Some of its members:', ...sample.map((one) => one.customerId)]),
    ].join('\n'),
  )
}

export async function members(key: string, options: MembersOptions): Promise<void> {
  if (options.after !== undefined && !isUuid(options.after)) {
    throw new UsageError(`--after: "${options.after}" must be the id of a customer`)
  }
  const page = await withDatabase(options, async ({ pool }) => {
    await segmentOrRefuse(pool, key)
    return listMembers(pool, key, options)
  })
  writeResult(options.json, page, () =>
    [
      ...page.members.map(({ customerId }) => customerId),
      ...(page.next === null ? [] : [`… more: --after ${page.next}`]),
    ].join('\n'),
  )
}

export async function preview(what: string, options: PreviewOptions): Promise<void> {
  const nowMs = createClock(readConfig().clock).nowMs()
  const result = await withDatabase(options, async (db) => {
    const document = await documentOf(db, what)
    return previewSegment(db, document.if, nowMs, options.sample)
  })
  writeResult(options.json, result, () =>
    [`${result.count} customers (counted in ${result.milliseconds} ms)`, ...result.sample].join('\n'),
  )
}

export async function rebuild(options: SegmentsOptions): Promise<void> {
  const nowMs = createClock(readConfig().clock).nowMs()
  const segments = await withDatabase(options, ({ pool }) => rebuildSegments(pool, nowMs))
  writeResult(options.json, { segments }, () => `${segments} segments will be worked out anew.`)
}

export async function archive(key: string, options: SegmentsOptions & { readonly yes?: boolean }): Promise<void> {
  const { yes = false } = options
  const { segment, users } = await withDatabase(options, async (db) => {
    const found = await segmentOrRefuse(db.pool, key)
    const usedBy = await usersOfSegment(db, key)
    if (yes && usedBy.length === 0) await archiveSegment(db.pool, key)
    return { segment: found, users: usedBy }
  })
  if (users.length > 0) throw new UsageError(`segment "${key}" is in use by ${users.join(', ')}: change those first`)
  const { size } = segment
  writeResult(options.json, { key, size, archived: yes }, () =>
    yes
      ? `${key} is archived; its ${size} members leave it.`
      : `${key} has ${size} members, and nothing in force asks about it. Say --yes to archive it.`,
  )
}

/** A file by its ending, everything else is a key. */
async function documentOf({ pool }: Database, what: string): Promise<ReturnType<typeof readSegment>> {
  if (!/\.ya?ml$/.test(what)) return readSegment((await segmentOrRefuse(pool, what)).document, what)
  const text = await readFile(what, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`${what}: cannot be read (${error.code ?? error.message})`)
  })
  const { problems, document } = readYaml(text)
  if (problems[0] !== undefined) throw new UsageError(`${what}: ${sayProblem(problems[0])}`)
  return readSegment(document, what)
}

function readSegment(document: unknown, what: string) {
  const result = segmentDocument.safeParse(document)
  if (result.success) return result.data
  throw new UsageError(`${what}: ${problemsOf(result.error, document).map(sayProblem).join('; ')}`)
}

async function segmentOrRefuse(pool: Database['pool'], key: string): Promise<SegmentSummary> {
  const segment = await findSegment(pool, key)
  if (segment === undefined) throw new UsageError(`There is no segment "${key}": "perennial segments list" shows them`)
  return segment
}

async function withDatabase<T>(options: SegmentsOptions, work: (db: Database) => Promise<T>): Promise<T> {
  const db = openDatabase(databaseOf(options), { maxConnections: 2 })
  try {
    return await work(db)
  } finally {
    await db.close()
  }
}
