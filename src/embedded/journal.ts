/** An append-only file of JSON lines that survives being killed in the middle of a line. */

import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

export interface Journal<Entry> {
  /** Written when this returns (to the operating system: a crash of the machine may lose the last ones). */
  append(entry: Entry): void
  /** Starts over with these entries. */
  rewrite(entries: readonly Entry[]): void
}

/** Opens a journal and hands over what is in it, oldest first. A torn last line is cut off. */
export function openJournal<Entry>(path: string): { journal: Journal<Entry>; entries: Entry[] } {
  mkdirSync(dirname(path), { recursive: true })
  const entries = existsSync(path) ? readEntries<Entry>(path) : []
  const journal: Journal<Entry> = {
    append: (entry) => appendFileSync(path, `${JSON.stringify(entry)}\n`),
    rewrite(all) {
      writeFileSync(`${path}.new`, all.map((entry) => `${JSON.stringify(entry)}\n`).join(''))
      renameSync(`${path}.new`, path)
    },
  }
  return { journal, entries }
}

function readEntries<Entry>(path: string): Entry[] {
  const bytes = readFileSync(path)
  const whole = bytes.lastIndexOf('\n') + 1
  if (whole < bytes.length) truncateSync(path, whole)
  const lines = bytes.subarray(0, whole).toString('utf8').split('\n').slice(0, -1)
  return lines.map((line) => JSON.parse(line) as Entry)
}
