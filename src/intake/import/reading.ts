/** Reads a file stretch by stretch: the same in a thread of its own and in the one that writes. */

import { setImmediate as turn } from 'node:timers/promises'
import type { Chunk, ChunkMaker, Told } from './chunk.ts'
import { type FileFormat, parserOf } from './header.ts'
import { type FileRecord, type Position, readBlocks } from './line-blocks.ts'
import type { UnpackedFile } from './unpacked-file.ts'

/** What is read, and in which steps. */
export interface ReadingPlan {
  /** Where reading begins: lines before `resumeLine` are only compared with. */
  readonly from: Position
  readonly resumeLine: number
  readonly chunkLines: number
}

export interface Stretch<Content = unknown> {
  readonly told: Told
  readonly content: Content
  /** Where the next one begins; undefined: this is the last one. */
  readonly end: Position | undefined
}

export interface Progress {
  /** Of the file, from 0 to 1. */
  readonly share: number
  /** Of this run. */
  readonly lines: number
}

/** Of very long lines a chunk holds fewer: it must fit into memory, with the one that is written meanwhile. */
const mostChunkCharacters = 1 << 23

/** @throws InputError if the file is damaged. */
export async function* readStretches<Content>(
  file: UnpackedFile,
  format: Pick<FileFormat, 'columns' | 'delimiter'>,
  maker: ChunkMaker<Content>,
  { from, resumeLine, chunkLines }: ReadingPlan,
  onProgress: (progress: Progress) => void = () => undefined,
): AsyncGenerator<Stretch<Content>, void, undefined> {
  let chunk = maker.next()
  let lines = 0
  let characters = 0
  let linesOfAll = 0
  let isRecalling = false
  const full: { readonly chunk: Chunk<Content>; readonly line: number }[] = []
  const visit = (record: FileRecord): void => {
    if (record.line < resumeLine) {
      isRecalling = true
      return maker.recall?.(record)
    }
    if (isRecalling) chunk = maker.next() // What was recalled is a stretch of its own.
    isRecalling = false
    const isFull = lines >= chunkLines || characters >= mostChunkCharacters
    if (isFull && record.fault === undefined && (maker.mayCut?.(record) ?? true)) {
      full.push({ chunk, line: record.line })
      chunk = maker.next()
      lines = 0
      characters = 0
    }
    take(chunk, record)
    lines++
    characters += record.text.length
    linesOfAll++
  }
  for await (const block of readBlocks(file.read(from.byte), parserOf(format), from, visit)) {
    for (const { chunk, line } of full) yield toStretch(chunk, { line, byte: block.byteOf(line) })
    full.length = 0
    onProgress({ share: file.share, lines: linesOfAll })
    await turn() // Whoever else works in this thread: a chunk is being written meanwhile, statement by statement.
  }
  yield toStretch(chunk, undefined)
}

function toStretch<Content>(chunk: Chunk<Content>, end: Position | undefined): Stretch<Content> {
  return { told: chunk.reading.told, content: chunk.content(), end }
}

function take(chunk: Chunk, record: FileRecord): void {
  chunk.reading.add('lines')
  if (record.fault === undefined) chunk.take(record)
  else chunk.reading.reject(record, '', record.fault)
}
