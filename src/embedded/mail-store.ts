/** Caught mail on disk: one `.eml` file a message, as it came, and an index. */

import { randomBytes } from 'node:crypto'
import { mkdirSync, rmSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openJournal } from './journal.ts'

/** What the index keeps of a message. */
export interface CaughtMail {
  readonly id: string
  /** Real time, ISO 8601. */
  readonly receivedAt: string
  /** Of the envelope: who sends it, and to whom it is delivered. */
  readonly from: string
  readonly to: readonly string[]
  readonly sizeBytes: number
}

export interface MailStore {
  /** Keeps a message; it is on disk when this resolves. */
  add(mail: { from: string; to: readonly string[]; raw: Buffer }): Promise<CaughtMail>
  /** Newest first. `to` is an address, in any case. */
  list(filter: { to?: string | undefined; limit: number; offset: number }): { total: number; mails: CaughtMail[] }
  find(id: string): CaughtMail | undefined
  /** The message as it came. @throws Error if it was deleted from the disk. */
  raw(id: string): Promise<Buffer>
  clear(): void
}

/** Opens the store of a folder, with what an earlier run has caught. */
export function openMailStore(folder: string): MailStore {
  mkdirSync(folder, { recursive: true })
  const { journal, entries } = openJournal<CaughtMail>(join(folder, 'index.jsonl'))
  const byId = new Map(entries.map((mail) => [mail.id, mail]))
  const fileOf = (id: string): string => join(folder, `${id}.eml`)
  return {
    async add({ from, to, raw }) {
      const receivedAt = new Date().toISOString()
      const id = `${receivedAt.replaceAll(/\D/g, '')}-${randomBytes(4).toString('hex')}`
      const mail = { id, receivedAt, from, to, sizeBytes: raw.length }
      await writeFile(fileOf(id), raw)
      journal.append(mail) // Only now does it count: a file without its line was never acknowledged.
      byId.set(id, mail)
      entries.push(mail)
      return mail
    },
    list({ to, limit, offset }) {
      const wanted = to?.toLowerCase()
      const matching =
        wanted === undefined
          ? entries
          : entries.filter((mail) => mail.to.some((address) => address.toLowerCase() === wanted))
      const end = Math.max(0, matching.length - offset)
      return { total: matching.length, mails: matching.slice(Math.max(0, end - limit), end).reverse() }
    },
    find: (id) => byId.get(id),
    raw: (id) => readFile(fileOf(id)),
    clear() {
      const gone = entries.splice(0)
      byId.clear()
      journal.rewrite([])
      for (const { id } of gone) rmSync(fileOf(id), { force: true })
    },
  }
}
