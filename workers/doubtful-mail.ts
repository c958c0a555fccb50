/**
 * Asks the email provider about messages whose answer never came. What it has taken is sent, and what it tells besides
 * (arrived, came back, complained) counts as if it had called us. What it does not know stays in doubt: there may be
 * several providers, and no one of them can speak for the others.
 */

import type { Logger } from 'pino'
import type { FindMail } from '../src/channels/email/mailgun-lookup.ts'
import { messageIdIn } from '../src/domain/mail-report.ts'
import { readMailgunEvent } from '../src/inbound/provider-events.ts'
import { type Loop, startLoop } from '../src/intake/loop.ts'
import type { Database } from '../src/store/database.ts'
import { findDoubtfulMail, settleDoubtfulMail } from '../src/store/doubtful-mail.ts'
import { takeMailReports } from '../src/store/mail-reports.ts'
import type { Vault } from '../src/store/vault.ts'

export interface DoubtfulMailNeeds {
  readonly database: Database
  readonly vault: Vault
  readonly find: FindMail
  /** What follows the `@` in our Message-IDs. */
  readonly senderDomain: string
  /** Of messages that left under other identities. */
  readonly others?: ReadonlyMap<string, Pick<DoubtfulMailNeeds, 'find' | 'senderDomain'>>
  /** Real time: the provider knows no other. */
  readonly nowMs: () => number
  readonly log: Logger
}

/** By then the provider shows what it has taken. */
const shownAfterMs = 20 * 60_000
const everyMs = 60_000
const atOnce = 20

export function startDoubtfulMail(needs: DoubtfulMailNeeds): Loop {
  return startLoop({
    name: 'doubtful-mail',
    log: needs.log,
    idleMs: everyMs,
    maxBackoffMs: 10 * everyMs,
    round: async () => (await askAboutMail(needs)) === atOnce,
  })
}

/** @returns how many were asked about. */
export async function askAboutMail(
  { database, vault, others, nowMs, ...usual }: Omit<DoubtfulMailNeeds, 'log'>,
  beforeMs: number = nowMs() - shownAfterMs,
): Promise<number> {
  const doubtful = await findDoubtfulMail(database.pool, { beforeMs, nowMs: nowMs(), limit: atOnce })
  for (const { id, transmittingMs, sender } of doubtful) {
    const { find, senderDomain } = (sender === null ? undefined : others?.get(sender)) ?? usual
    const all = (await find(`${id}@${senderDomain}`, transmittingMs)) as readonly MailgunEvent[]
    const events = all.filter(({ message }) => messageIdIn(message?.headers?.['message-id']) === id)
    await takeMailReports({ database, vault }, events.flatMap(readMailgunEvent), nowMs())
    const isTaken = events.some(({ event }) => event !== 'rejected')
    await settleDoubtfulMail(database.pool, id, isTaken ? 'taken' : events.length > 0 ? 'refused' : 'unknown')
  }
  return doubtful.length
}

interface MailgunEvent {
  readonly event?: unknown
  readonly message?: { readonly headers?: Readonly<Record<string, unknown>> }
}
