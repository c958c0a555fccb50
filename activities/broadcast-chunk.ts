/** One chunk of a broadcast, committed as `transmitting`: composed, sent, and written down how each message ended. */

import { setTimeout } from 'node:timers/promises'
import type { SmtpMail } from '../src/channels/email/smtp/conversation.ts'
import type { DeliveryResult } from '../src/domain/delivery.ts'
import type { SenderUse } from '../src/domain/mail-sender.ts'
import type { Measuring } from '../src/domain/tracking.ts'
import type { BulkSettlement } from '../src/store/broadcasts/bulk-ledger.ts'
import type { BulkMessage } from '../src/store/broadcasts/bulk-page.ts'
import type { Holder } from '../src/store/ledger-types.ts'
import type { DomainPace } from './broadcast-pace.ts'
import type { BroadcastSendNeeds } from './broadcast-send.ts'

export interface ChunkNeeds extends BroadcastSendNeeds {
  readonly holder: Holder
  readonly domains: DomainPace
  readonly measuring: Measuring
  /** That all of them leave under. */
  readonly sender: SenderUse
}

export interface ChunkCounts {
  readonly sent: number
  readonly failed: number
  readonly inDoubt: number
  readonly retried: number
}

/** A message that was refused for the time being waits as long as it has waited before, within these bounds. */
const shortestRetryMs = 30_000
const longestRetryMs = 15 * 60_000

type Later = { readonly id: string; readonly notBeforeMs: number; readonly reason: string }

/** @throws if composing fails or the database is away: the messages are then in doubt, although none may have left. */
export async function sendChunk(
  messages: readonly BulkMessage[],
  isBack: boolean,
  needs: ChunkNeeds,
): Promise<ChunkCounts> {
  const settlements: BulkSettlement[] = []
  const later: Later[] = []
  let retried = 0
  const composed = await composeAll(messages, needs).catch(async (error: unknown) => {
    const notBeforeMs = needs.clock.nowMs() + shortestRetryMs
    await needs.ledger.release(
      needs.holder,
      messages.map(({ id }) => ({ id, notBeforeMs, reason: 'could not be composed' })),
      needs.sender,
    )
    throw error
  })
  await Promise.all(
    composed.map(async ({ message, mail }) => {
      if ('broken' in mail) {
        settlements.push(brokenMessage(message, mail, needs))
        return
      }
      const waitMs = needs.domains.ask(
        mail.to.slice(mail.to.lastIndexOf('@') + 1).toLowerCase(),
        isBack,
        performance.now(),
      )
      if (waitMs > 0) {
        const notBeforeMs = needs.clock.nowMs() + waitMs * needs.clock.speed
        later.push({ id: message.id, notBeforeMs, reason: 'postponed: rate of the domain' })
        return
      }
      const result = await needs.transfer(mail, needs.sender)
      if (result.status === 'retry') {
        retried++
        later.push(retryOf(message, result.reason, needs))
      } else settlements.push(settlementOf(message, result, needs))
    }),
  )
  await patiently(() => needs.ledger.settle(needs.holder, settlements, needs.clock.nowMs()))
  await patiently(() => needs.ledger.release(needs.holder, later, needs.sender))
  const count = (status: BulkSettlement['status']): number =>
    settlements.filter((each) => each.status === status).length
  return { sent: count('sent'), failed: count('failed'), inDoubt: count('in_doubt'), retried }
}

const mostAttempts = 12
const betweenAttemptsMs = 1_000

/** A database that restarts is back within seconds, and what was sent would otherwise be in doubt. */
async function patiently(write: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await write()
    } catch (error) {
      if (attempt === mostAttempts) throw error
      await setTimeout(betweenAttemptsMs)
    }
  }
}

interface Composed {
  readonly message: BulkMessage
  readonly mail: SmtpMail | { readonly broken: string; readonly isAddress: boolean }
}

/** Each in the words of their language, where the template has them. */
async function composeAll(messages: readonly BulkMessage[], needs: ChunkNeeds): Promise<Composed[]> {
  const written = await Promise.all(
    messages.map(async (message) => ({
      message,
      template: await needs.template(message.template, message.sealed.locale),
    })),
  )
  const composed = await Promise.all(
    [...Map.groupBy(written, ({ template }) => template?.key)].map(async ([, group]): Promise<Composed[]> => {
      const items = group.map(({ message }) => message)
      const template = group[0]?.template
      if (template === undefined) {
        return items.map((message) => {
          const mail = { broken: `there is no template ${message.template}`, isAddress: false }
          return { message, mail }
        })
      }
      const { mails, targets } = await needs.compose({
        sender: needs.sender.key,
        template,
        measuring: needs.measuring,
        items,
      })
      await needs.saveTargets(targets)
      return items.flatMap((message, i) => {
        const mail = mails[i]
        return mail === undefined ? [] : [{ message, mail }]
      })
    }),
  )
  return composed.flat()
}

function retryOf({ id, plannedAtMs }: BulkMessage, reason: string, { clock }: ChunkNeeds): Later {
  const nowMs = clock.nowMs()
  const waitMs = Math.min(longestRetryMs, Math.max(shortestRetryMs, nowMs - plannedAtMs))
  return { id, notBeforeMs: nowMs + waitMs, reason }
}

function brokenMessage(
  message: BulkMessage,
  { broken, isAddress }: { readonly broken: string; readonly isAddress: boolean },
  needs: ChunkNeeds,
): BulkSettlement {
  const result = { status: 'failed', reason: broken, ...(isAddress ? { suppress: 'invalid' as const } : {}) } as const
  return settlementOf(message, result, needs)
}

function settlementOf(
  { id, sealed }: BulkMessage,
  result: Exclude<DeliveryResult, { status: 'retry' }>,
  { clock }: ChunkNeeds,
): BulkSettlement {
  if (result.status === 'sent') return { id, status: 'sent', providerMessageId: result.providerMessageId }
  const { status, reason } = result
  const suppress = status === 'failed' ? result.suppress : undefined
  if (suppress === undefined) return { id, status, reason }
  const suppression = {
    channel: 'email',
    addressHash: sealed.addressHash,
    reason: suppress,
    detail: reason,
    atMs: clock.nowMs(),
  } as const
  return { id, status, reason, suppression }
}
