/** The other side of `read-in-thread.ts`: reads a file and hands it over stretch by stretch. */

import { once } from 'node:events'
import { parentPort, workerData } from 'node:worker_threads'
import type { LineReading, ReadingContext } from './chunk.ts'
import { ColumnPlan, type Mapping } from './columns.ts'
import type { FileFormat } from './header.ts'
import { InputError } from './input-error.ts'
import type { OrderStretch } from './order-stretch.ts'
import { ordersReading } from './orders.ts'
import { type Progress, type ReadingPlan, readStretches, type Stretch } from './reading.ts'
import { retailReading } from './retail.ts'
import { type OpenFile, UnpackedFile } from './unpacked-file.ts'

export interface ThreadRequest {
  readonly kind: string
  readonly file: OpenFile
  readonly format: Pick<FileFormat, 'columns' | 'delimiter'>
  readonly mapping: Mapping
  readonly context: ReadingContext
  readonly plan: ReadingPlan
}

/** Whoever gets a stretch says so with any message: the next one then comes as soon as it is read. */
export type ThreadAnswer =
  | { readonly stretch: Stretch }
  | { readonly progress: Progress }
  /** The file cannot be read to its end, in one sentence. */
  | { readonly refused: string }

const readings: readonly LineReading<OrderStretch>[] = [ordersReading, retailReading]
/** Oftener nobody looks. */
const progressPauseMs = 50

const { kind, file, format, mapping, context, plan } = workerData as ThreadRequest
const port = parentPort
const reading = readings.find(({ name }) => name === kind)
if (port === null || reading === undefined) throw new RangeError(`kind ${kind}: no thread can read it`)
try {
  const columns = new ColumnPlan(file.name, format.columns, reading.fields, mapping)
  let taken = Promise.resolve<unknown>(undefined)
  const stretches = readStretches(new UnpackedFile(file), format, reading.open(columns, context), plan, report())
  for await (const stretch of stretches) {
    await taken // One waits to be written, one is being read: more would only fill the memory.
    taken = once(port, 'message')
    say({ stretch }, buffersOf(stretch.content))
  }
} catch (error) {
  if (!(error instanceof InputError)) throw error
  say({ refused: error.message })
}

function report(): (progress: Progress) => void {
  let nextAt = 0
  return (progress) => {
    const now = performance.now()
    if (now < nextAt) return
    nextAt = now + progressPauseMs
    say({ progress })
  }
}

function buffersOf({ lines }: OrderStretch): ArrayBuffer[] {
  const { written, ordersOfWritten, orders, fileLines, texts } = lines
  const views = [...written, ordersOfWritten, orders, fileLines, texts.blockOf, texts.from, texts.length]
  return views.map(({ buffer }) => buffer)
}

function say(answer: ThreadAnswer, buffers: ArrayBuffer[] = []): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- A thread has no origin.
  port?.postMessage(answer, buffers)
}
