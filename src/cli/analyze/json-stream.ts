/** JSON documents that are too long to be made in memory: written member by member, list by list. */

import { once } from 'node:events'

/** The members of a document, in order: a short value, or a list whose elements come one at a time as JSON texts. */
export type StreamedDocument = Readonly<Record<string, { value: unknown } | { list: Iterable<string> }>>

const CHUNK_LENGTH = 65_536

/** Writes one JSON document to standard output, waiting whenever the reader is slower. */
export async function writeJsonStream(document: StreamedDocument): Promise<void> {
  let chunk = ''
  for (const text of textsOf(document)) {
    chunk += text
    if (chunk.length < CHUNK_LENGTH) continue
    if (!process.stdout.write(chunk)) await once(process.stdout, 'drain')
    chunk = ''
  }
  process.stdout.write(`${chunk}\n`)
}

function* textsOf(document: StreamedDocument): Generator<string> {
  let before = '{'
  for (const [name, member] of Object.entries(document)) {
    yield `${before}${JSON.stringify(name)}:`
    before = ','
    if ('value' in member) yield JSON.stringify(member.value)
    else yield* listTexts(member.list)
  }
  yield '}'
}

function* listTexts(list: Iterable<string>): Generator<string> {
  let before = '['
  for (const element of list) {
    yield before + element
    before = ','
  }
  yield before === '[' ? '[]' : ']'
}
