/** Looks into the mailbox that bounces and complaints come into, now and then, and writes down what they say. */

import type { Logger } from 'pino'
import { fetchReports, readMailboxUrl } from '../src/inbound/mailbox.ts'
import { type Loop, startLoop } from '../src/intake/loop.ts'
import type { Database } from '../src/store/database.ts'
import { readUnsubscribeToken } from '../src/store/links.ts'
import { takeMailReports } from '../src/store/mail-reports.ts'
import { readReturnPath } from '../src/store/return-path.ts'
import type { Vault } from '../src/store/vault.ts'

interface MailboxNeeds {
  readonly database: Database
  readonly vault: Vault
  readonly nowMs: () => number
  readonly log: Logger
}

const maxBackoffMs = 10 * 60_000

/** @param url undefined: there is no mailbox. @throws RangeError if it is none. */
export function startMailboxVisits(
  url: string | undefined,
  { database, vault, nowMs, log }: MailboxNeeds,
): Loop | undefined {
  if (url === undefined) return undefined
  const mailbox = readMailboxUrl(url)
  const ours = {
    returnPath: (address: string) => readReturnPath(vault, address),
    unsubscribeLink: (token: string) => readUnsubscribeToken(vault, token),
  }
  return startLoop({
    name: 'mailbox',
    log,
    idleMs: mailbox.everyMs,
    maxBackoffMs,
    async round() {
      const { mails, reports, hasMore } = await fetchReports(mailbox, ours, async (all) => {
        await takeMailReports({ database, vault }, all, nowMs())
      })
      if (mails > 0) log.info({ mails, reports }, 'mail was fetched')
      return hasMore
    },
  })
}
