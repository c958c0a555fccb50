/** What really arrived: the inboxes of the demo as witnesses, beside the ledger. */

import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Queryable } from '../../store/database.ts'

export interface CaughtEmail {
  /** The id of the ledger's row, which the Message-ID is made from. */
  readonly ledgerId: string
  readonly unsubscribeUrl: string | undefined
}

export interface CaughtText {
  readonly sid: string
  readonly direction: string
  readonly from: string
  readonly to: string
}

const headerBytes = 8_192

/** Emails that the catcher in this home has acknowledged, oldest first, after the first `skip`. */
export async function caughtEmails(home: string, skip = 0): Promise<CaughtEmail[]> {
  const index = await readFile(join(home, 'mail', 'index.jsonl'), 'utf8').catch(() => '')
  const lines = index.split('\n').slice(0, -1).slice(skip) // What follows the last line break is still being written.
  return Promise.all(lines.map((line) => readHeaders(home, (JSON.parse(line) as { id: string }).id)))
}

/** Texts of the SMS catcher, newest first. */
export async function caughtTexts(smsUi: string): Promise<CaughtText[]> {
  const texts: CaughtText[] = []
  for (;;) {
    const response = await fetch(`${smsUi}/api/messages?limit=200&offset=${texts.length}`)
    const { total, messages } = (await response.json()) as { total: number; messages: CaughtText[] }
    texts.push(...messages)
    if (messages.length === 0 || texts.length >= total) return texts
  }
}

/** How often each message of the ledger arrived. A text that no row of the ledger knows counts under its own sid. */
export async function arrivalsOf(db: Queryable, home: string, smsUi: string | null): Promise<Map<string, number>> {
  const arrivals = new Map<string, number>()
  const count = (id: string): void => void arrivals.set(id, (arrivals.get(id) ?? 0) + 1)
  for (const { ledgerId } of await caughtEmails(home)) count(ledgerId)
  if (smsUi === null) return arrivals
  const { rows } = await db.query<{ id: string; sid: string }>(
    `SELECT id, provider_message_id AS sid FROM messages WHERE channel = 'sms' AND provider_message_id IS NOT NULL`,
  )
  const ledgerIds = new Map(rows.map((row) => [row.sid, row.id]))
  const sent = (await caughtTexts(smsUi)).filter((text) => text.direction === 'outbound-api')
  for (const { sid } of sent) count(ledgerIds.get(sid) ?? sid)
  return arrivals
}

async function readHeaders(home: string, id: string): Promise<CaughtEmail> {
  const file = await open(join(home, 'mail', `${id}.eml`))
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headerBytes), 0, headerBytes, 0)
    const unfolded = buffer.toString('utf8', 0, bytesRead).replaceAll(/\r\n[ \t]+/g, ' ')
    return {
      ledgerId: /^Message-ID: <([^@>]+)@/im.exec(unfolded)?.[1] ?? id,
      unsubscribeUrl: /^List-Unsubscribe: <(http[^>]+)>/im.exec(unfolded)?.[1],
    }
  } finally {
    await file.close()
  }
}
