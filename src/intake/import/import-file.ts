/**
 * Importing a file from beginning to end: read in blocks, written in chunks while the next one is read, each chunk
 * together with how far the file is. Whatever ends a run, the next one goes on after the last chunk.
 */

import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { needsConfirmation } from '../../domain/consent-rule.ts'
import { needsOfLifecycle } from '../../domain/definition-needs.ts'
import type { Definitions } from '../../domain/definitions.ts'
import { stageOf } from '../../domain/lifecycle.ts'
import { recountCategories } from '../../store/customer-categories.ts'
import { lockCustomers } from '../../store/customers.ts'
import type { Database, Queryable } from '../../store/database.ts'
import {
  beginImport,
  findImport,
  type ImportCounts,
  type ImportState,
  lockImport,
  saveImport,
  takeImportedCustomers,
  unlockImport,
} from '../../store/imports.ts'
import { placePage } from '../../store/stages.ts'
import type { Vault } from '../../store/vault.ts'
import { patiently } from '../patiently.ts'
import {
  addCounts,
  type ImportContext,
  type ImportKind,
  type Rejection,
  type Tally,
  type ValueOptions,
} from './chunk.ts'
import { ColumnPlan, type Mapping } from './columns.ts'
import { type FileFormat, type FormatOptions, readFormat } from './header.ts'
import { InputError } from './input-error.ts'
import { InputFile } from './input-file.ts'
import { readInThread } from './read-in-thread.ts'
import { type Progress, readStretches, type Stretch } from './reading.ts'
import { RejectFile } from './reject-file.ts'
import { UnpackedFile } from './unpacked-file.ts'

export interface ImportRequest extends FormatOptions {
  /** `-` for standard input. */
  readonly path: string
  readonly stdin: Readable
  readonly kind: ImportKind
  readonly mapping: Mapping
  readonly values: ValueOptions
  /** Where rejected lines go; undefined: they are only counted. */
  readonly rejects: string | undefined
  /** Also if it was imported before. */
  readonly again: boolean
}

export interface ImportNeeds {
  readonly database: Database
  readonly vault: Vault
  readonly definitions: Definitions
  readonly nowMs: number
  readonly onProgress?: (progress: ImportProgress) => void
  /** Ends the import after the chunk that is being written: the next run goes on there. */
  readonly signal?: AbortSignal
  /** A finer grain, for tests. */
  readonly chunkLines?: number
  /** Files of so many bytes are read in a thread, of so much memory. */
  readonly threadFromBytes?: number
  readonly threadHeapMiB?: number
}

export interface ImportProgress extends Progress {
  readonly doing: 'reading' | 'finishing'
}

export interface ImportReport {
  readonly outcome: 'imported' | 'was imported before'
  /** The line at which this run went on after an earlier one; undefined if it began at the beginning. */
  readonly resumedAtLine: number | undefined
  readonly counts: ImportCounts
  readonly columns: Readonly<Record<string, string>>
  readonly firstRejected: readonly Rejection[]
  readonly rejects: string | undefined
}

export interface OpenedImport {
  readonly file: InputFile
  readonly format: FileFormat
  readonly plan: ColumnPlan
  readonly fingerprint: Buffer
}

/** @throws InputError if the whole of it cannot be imported. */
export async function openImport(request: ImportRequest): Promise<OpenedImport> {
  const file = await InputFile.open(request.path, request.stdin)
  try {
    const format = await readFormat(file, request)
    const plan = new ColumnPlan(request.path, format.columns, request.kind.fields, request.mapping)
    return { file, format, plan, fingerprint: fingerprintOf(file, request) }
  } catch (error) {
    await file.close()
    throw error
  }
}

/** Of the content and of how it is read: with another mapping it is another import. */
function fingerprintOf(file: InputFile, { kind, mapping, values, format, delimiter }: ImportRequest): Buffer {
  const how = [kind.name, [...mapping].sort(([a], [b]) => (a < b ? -1 : 1)), values, format ?? null, delimiter ?? null]
  return createHash('sha256').update(file.hash).update(JSON.stringify(how)).digest()
}

/** Imports, or goes on importing. @throws InputError; OutOfDateError never. */
export async function importFile(request: ImportRequest, needs: ImportNeeds): Promise<ImportReport> {
  const opened = await openImport(request)
  try {
    const client = await needs.database.pool.connect()
    try {
      if (!(await lockImport(client, opened.fingerprint))) {
        throw new InputError(`${request.path}: is being imported by another process right now`)
      }
      return await new Run(request, needs, opened).run()
    } finally {
      await unlockImport(client, opened.fingerprint).catch(() => undefined)
      client.release()
    }
  } finally {
    await opened.file.close()
  }
}

const stagePage = 1_000
/** Smaller files are read before a thread has begun. */
const bytesWorthAThread = 1 << 20
/** Small: between two of them the database gets its turn, and it should not wait for long. */
const sliceBytes = 1 << 14

class Run {
  readonly #request: ImportRequest
  readonly #needs: ImportNeeds
  readonly #opened: OpenedImport
  #state!: ImportState
  #rejects!: RejectFile
  #progress: Progress = { share: 0, lines: 0 }
  readonly #samples: Rejection[] = []

  constructor(request: ImportRequest, needs: ImportNeeds, opened: OpenedImport) {
    this.#request = request
    this.#needs = needs
    this.#opened = opened
  }

  async run(): Promise<ImportReport> {
    const { database, nowMs } = this.#needs
    const { fingerprint, format } = this.#opened
    const known = this.#request.again ? undefined : await findImport(database.pool, fingerprint)
    if (known?.status === 'done') return this.#summary(known, 'was imported before', undefined)
    this.#rejects = await RejectFile.open(this.#request.rejects, known?.rejectBytes ?? 0)
    try {
      this.#state = known ?? {
        ...(await beginImport(database.pool, { kind: this.#request.kind.name, fingerprint, nowMs })),
        nextLine: format.start.line,
        nextByte: format.start.byte,
      }
      const hasBegun = known !== undefined && known.nextLine > 1
      const context = this.#context()
      if (this.#state.status === 'reading') await this.#read(context)
      await this.#finish(context)
      return this.#summary(this.#state, 'imported', hasBegun ? known.nextLine : undefined)
    } finally {
      await this.#rejects.close()
    }
  }

  #context(): ImportContext {
    const { database, vault, nowMs, definitions } = this.#needs
    const contentId = this.#opened.fingerprint.toString('hex').slice(0, 24)
    const { identity, policy } = definitions
    return {
      database,
      vault,
      importId: this.#state.id,
      contentId,
      nowMs,
      identity,
      needsConfirmation: (channel, topic) => needsConfirmation(policy, channel, topic),
      options: this.#request.values,
    }
  }

  async #read(context: ImportContext): Promise<void> {
    let writing = Promise.resolve()
    try {
      // Each is written while the next one is read.
      for await (const stretch of this.#stretches(context)) {
        await writing
        this.#needs.signal?.throwIfAborted()
        writing = this.#write(stretch, context)
        writing.catch(() => undefined) // Told when it is waited for.
      }
    } finally {
      await writing
    }
  }

  #stretches(context: ImportContext): AsyncIterable<Stretch> {
    const { file, format, plan } = this.#opened
    const { kind, mapping } = this.#request
    const { chunkLines = kind.chunkLines, threadFromBytes = bytesWorthAThread, signal, threadHeapMiB } = this.#needs
    const steps = { from: this.#recallFrom(), resumeLine: this.#state.nextLine, chunkLines }
    const onProgress = (progress: Progress): void => {
      this.#progress = progress
      this.#report('reading')
    }
    if (!kind.readsInThread || file.bytes < threadFromBytes) {
      const unpacked = new UnpackedFile(file.opened, sliceBytes)
      return readStretches(unpacked, format, kind.open(plan, context), steps, onProgress)
    }
    const { contentId, nowMs, options } = context
    const { columns, delimiter } = format
    const request = {
      kind: kind.name,
      file: file.opened,
      format: { columns, delimiter },
      mapping,
      context: { contentId, nowMs, options },
      plan: steps,
    }
    return readInThread(request, { onProgress, signal, heapMiB: threadHeapMiB })
  }

  /** Lines are compared with those before them: after a crash with those of the last chunk. */
  #recallFrom(): { line: number; byte: number } {
    const { counts, nextLine, nextByte } = this.#state
    const line = counts['(recall line)']
    const byte = counts['(recall byte)']
    return line === undefined || byte === undefined ? { line: nextLine, byte: nextByte } : { line, byte }
  }

  async #write({ told, content, end }: Stretch, context: ImportContext): Promise<void> {
    const { nextLine, nextByte } = this.#state
    let state = this.#state
    let samples: readonly Rejection[] = []
    const save = async (client: Queryable, { counts: more, samples: late, rejects }: Tally): Promise<void> => {
      const rejectBytes = await this.#rejects.append(this.#state.rejectBytes, told.rejects, rejects.bytes)
      const counts = addCounts(addCounts(this.#state.counts, told.counts), more)
      state = {
        ...this.#state,
        status: end === undefined ? 'finishing' : 'reading',
        nextLine: end?.line ?? nextLine,
        nextByte: end?.byte ?? nextByte,
        rejectBytes,
        counts: { ...counts, '(recall line)': nextLine, '(recall byte)': nextByte },
      }
      await saveImport(client, state, this.#needs.nowMs)
      samples = late
    }
    await patiently(() => this.#request.kind.write(content, context, save))
    this.#state = state
    this.#samples.push(...told.samples, ...samples)
  }

  async #finish(context: ImportContext): Promise<void> {
    const { database, nowMs } = this.#needs
    const finish = async (): Promise<void> => {
      while (await patiently(() => database.transaction((client) => this.#finishPage(client, context))));
    }
    const place = async (): Promise<void> => {
      while (await patiently(() => database.transaction((client) => this.#placePage(client))));
    }
    // Whoever waits for nothing is placed meanwhile, and the rest by both. Both are waited for, also if one fails.
    const ends = await Promise.allSettled([finish().then(place), place()])
    for (const end of ends) if (end.status === 'rejected') throw end.reason
    this.#state = { ...this.#state, status: 'done' }
    await saveImport(database.pool, this.#state, nowMs)
  }

  async #finishPage(client: Queryable, context: ImportContext): Promise<boolean> {
    this.#needs.signal?.throwIfAborted()
    const tally = await this.#request.kind.finishPage?.(client, context)
    if (tally === undefined) return false
    const rejectBytes = await this.#rejects.append(this.#state.rejectBytes, tally.rejects.bytes)
    const state = { ...this.#state, rejectBytes, counts: addCounts(this.#state.counts, tally.counts) }
    await saveImport(client, state, this.#needs.nowMs)
    this.#state = state
    this.#samples.push(...tally.samples)
    this.#report('finishing')
    return true
  }

  /** Nothing of the past is news: whoever it concerns is put into the stage that it has earned. */
  async #placePage(client: Queryable): Promise<boolean> {
    const { nowMs, definitions, signal } = this.#needs
    signal?.throwIfAborted()
    const ids = await takeImportedCustomers(client, this.#state.id, stagePage)
    if (ids.length === 0) return false
    await this.#request.kind.finishCustomers?.(client, ids, nowMs)
    await recountCategoriesOf(client, ids)
    const { lifecycle } = definitions
    await placePage(client, ids, {
      nowMs,
      rules: lifecycle.version,
      cause: 'import',
      stageOf: (view) => stageOf(view, lifecycle, nowMs),
      needs: needsOfLifecycle(lifecycle),
    })
    this.#report('finishing')
    return true
  }

  #report(doing: ImportProgress['doing']): void {
    this.#needs.onProgress?.({ ...this.#progress, doing })
  }

  #summary(state: ImportState, outcome: ImportReport['outcome'], resumedAtLine: number | undefined): ImportReport {
    const counts = Object.entries(state.counts).filter(([name, count]) => !name.startsWith('(') && count !== 0)
    return {
      outcome,
      resumedAtLine,
      counts: Object.fromEntries(counts),
      columns: this.#opened.plan.describe(),
      firstRejected: this.#samples.sort((a, b) => a.line - b.line).slice(0, 10),
      rejects: (state.counts['rejected'] ?? 0) > 0 ? this.#request.rejects : undefined,
    }
  }
}

async function recountCategoriesOf(client: Queryable, customerIds: readonly string[]): Promise<void> {
  const { rows } = await client.query<{ any: boolean }>(
    'SELECT EXISTS (SELECT FROM products WHERE category IS NOT NULL) AS any',
  )
  if (rows[0]?.any !== true) return
  await lockCustomers(client, customerIds, [])
  await recountCategories(client, customerIds)
}
