/** One chunk of a broadcast by email, committed as `transmitting`: composed, sent, and written down how each message ended. */

import type { SmtpMail } from '../src/channels/email/smtp/conversation.ts'
import type { DeliveryResult } from '../src/domain/delivery.ts'
import type { SenderUse } from '../src/domain/mail-sender.ts'
import type { BulkLedger, BulkSettlement } from '../src/store/broadcasts/bulk-ledger.ts'
import type { BulkMessage } from '../src/store/broadcasts/bulk-page.ts'
import { type Composer, type ComposingNeeds, composeOrRelease } from './broadcast-composing.ts'
import { brokenMessage, type ChunkCounts, type Later, patiently, retryOf, settlementOf } from './broadcast-endings.ts'
import type { DomainPace } from './broadcast-pace.ts'

export interface ChunkNeeds extends ComposingNeeds, Composer<SmtpMail> {
  readonly ledger: BulkLedger
  readonly domains: DomainPace
  readonly transfer: (mail: SmtpMail, sender: SenderUse) => Promise<DeliveryResult>
}

/** @throws if composing fails or the database is away: the messages are then in doubt, although none may have left. */
export async function sendChunk(
  messages: readonly BulkMessage[],
  isBack: boolean,
  needs: ChunkNeeds,
): Promise<ChunkCounts> {
  const { clock } = needs
  const settlements: BulkSettlement[] = []
  const later: Later[] = []
  let retried = 0
  const composed = await composeOrRelease(messages, needs, needs)
  await Promise.all(
    composed.map(async ({ message, mail }) => {
      if ('broken' in mail) {
        settlements.push(brokenMessage(message, mail, 'email', clock))
        return
      }
      const waitMs = needs.domains.ask(
        mail.to.slice(mail.to.lastIndexOf('@') + 1).toLowerCase(),
        isBack,
        performance.now(),
      )
      if (waitMs > 0) {
        const notBeforeMs = clock.nowMs() + waitMs * clock.speed
        later.push({ id: message.id, notBeforeMs, reason: 'postponed: rate of the domain' })
        return
      }
      const result = await needs.transfer(mail, needs.sender)
      if (result.status === 'retry') {
        retried++
        later.push(retryOf(message, result.reason, clock))
      } else settlements.push(settlementOf(message, result, 'email', clock))
    }),
  )
  await patiently(() => needs.ledger.settle(needs.holder, settlements, clock.nowMs()))
  await patiently(() => needs.ledger.release(needs.holder, later, needs.sender))
  const count = (status: BulkSettlement['status']): number =>
    settlements.filter((each) => each.status === status).length
  return { sent: count('sent'), failed: count('failed'), inDoubt: count('in_doubt'), retried }
}
