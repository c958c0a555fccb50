/** A stretch of a file on its way into the database. */

import type { IdentityPolicy } from '../../domain/definitions.ts'
import type { ConsentChannel } from '../../domain/tracking.ts'
import type { Database, Queryable } from '../../store/database.ts'
import type { Identity } from '../../store/identities.ts'
import type { ImportCounts } from '../../store/imports.ts'
import type { Vault } from '../../store/vault.ts'
import type { ColumnPlan, KindFields } from './columns.ts'
import type { FileRecord } from './line-blocks.ts'
import { RejectedLines, rejectCells } from './reject-file.ts'
import type { DateOrder } from './values.ts'

/** What reading lines needs to know; nothing that could not be told to another thread. */
export interface ReadingContext {
  /** Of the file and how it is read: the same at every run, so that what comes of a line can be recognised. */
  readonly contentId: string
  readonly nowMs: number
  readonly options: ValueOptions
}

/** What every import needs to know, whatever it imports. */
export interface ImportContext extends ReadingContext {
  readonly database: Database
  readonly vault: Vault
  readonly importId: string
  /** What tells people apart and joins them. */
  readonly identity?: IdentityPolicy
  /** Whether a yes to a topic counts only once it is confirmed. Default: never. */
  readonly needsConfirmation?: (channel: ConsentChannel, topic: string) => boolean
}

/** How values are to be read. */
export interface ValueOptions {
  readonly dates: DateOrder
  /** Of times without a zone of their own. */
  readonly timeZone: string
  /** Of amounts without one of their own. */
  readonly currency: string
  /** Where consent comes from, if the file does not say. */
  readonly source: string | undefined
}

/** How lines of a kind are read. */
export interface LineReading<Content = unknown, Context extends ReadingContext = ReadingContext> {
  readonly name: string
  readonly fields: KindFields
  readonly chunkLines: number
  /** Makes chunks; what they share (a memory of the lines before) lives in here. */
  open(plan: ColumnPlan, context: Context): ChunkMaker<Content>
}

/** One thing that can be imported. Its lines are read in chunks; what a chunk holds is written as a whole. */
export interface ImportKind<Content = unknown> extends LineReading<Content, ImportContext> {
  /** Whether `read-thread.ts` knows how to read it too: then large files are read there. */
  readonly readsInThread: boolean
  /**
   * Writes what a chunk holds. May be called again after a failure.
   *
   * @param save must be called in the transaction that writes, or the last of them, with what more became known.
   */
  write(content: Content, context: ImportContext, save: SaveChunk): Promise<void>
  /** What would be made: names of customers and orders that the database can be asked for. */
  preview(content: Content): Preview
  /** Once all lines are there: a page of what only the whole file tells. @returns undefined when nothing is left. */
  finishPage?(client: Queryable, context: ImportContext): Promise<Tally | undefined>
  /** After that: counts anew what all lines together say of these customers. */
  finishCustomers?(client: Queryable, customerIds: readonly string[], nowMs: number): Promise<void>
}

export type SaveChunk = (client: Queryable, writing: Tally) => Promise<void>

export interface ChunkMaker<Content = unknown> {
  next(): Chunk<Content>
  /** Of lines that were handled before a crash: only what later lines are compared with. */
  recall?(record: FileRecord): void
  /** Whether a chunk may end before this line. */
  mayCut?(record: FileRecord): boolean
}

/** A stretch of a file while it is read. */
export interface Chunk<Content = unknown> {
  /** What became of its lines. */
  readonly reading: Tally
  take(record: FileRecord): void
  /** What is to be written, once all its lines were taken. Plain data: it may go to another thread. */
  content(): Content
}

export interface Preview {
  /** One name of each. */
  readonly customers: Iterable<Identity>
  readonly orders: Iterable<string>
}

export interface Rejection {
  readonly line: number
  readonly column: string
  readonly rule: string
}

const mostSamples = 10

interface Broken {
  count: number
  /** How column and rule stand in the reject file. */
  readonly cells: string
}

/** What became of lines, as plain data. */
export interface Told {
  readonly counts: ImportCounts
  readonly samples: readonly Rejection[]
  /** For the reject file. */
  readonly rejects: Uint8Array
}

/** What became of the lines of a chunk. */
export class Tally {
  readonly samples: Rejection[] = []
  readonly #counts = new Map<string, number>()
  /** How many by column and rule. */
  readonly #byRule = new Map<string, Map<string, Broken>>()
  /** For the reject file. */
  readonly rejects = new RejectedLines()

  add(what: string, count = 1): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + count)
  }

  /** @param rule in words that hold no value of the line. */
  reject({ line, text }: Pick<FileRecord, 'line' | 'text'>, column: string, rule: string): void {
    let rules = this.#byRule.get(column)
    if (rules === undefined) this.#byRule.set(column, (rules = new Map()))
    let broken = rules.get(rule)
    if (broken === undefined) rules.set(rule, (broken = { count: 0, cells: rejectCells(column, rule) }))
    broken.count++
    if (this.samples.length < mostSamples) this.samples.push({ line, column, rule })
    this.rejects.add(line, broken.cells, text)
  }

  get told(): Told {
    return { counts: this.counts, samples: this.samples, rejects: this.rejects.bytes }
  }

  get counts(): ImportCounts {
    const counts: ImportCounts = Object.fromEntries(this.#counts)
    for (const [column, rules] of this.#byRule) {
      for (const [rule, { count }] of rules) {
        counts['rejected'] = (counts['rejected'] ?? 0) + count
        counts[`rejected: ${column === '' ? '' : `${column} `}${rule}`] = count
      }
    }
    return counts
  }
}

export function addCounts(one: ImportCounts, other: ImportCounts): ImportCounts {
  const sum = { ...one }
  for (const [name, count] of Object.entries(other)) sum[name] = (sum[name] ?? 0) + count
  return sum
}
