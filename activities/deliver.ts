/** Delivering one planned message. Safe to run twice: the ledger row says how far an earlier try came. */

import { ApplicationFailure, activityInfo, Context } from '@temporalio/activity'
import type { RenderedMessage } from '../src/channels/templates/render-message.ts'
import type { Clock } from '../src/clock.ts'
import { type ContactVerdict, mayContact } from '../src/domain/contact-policy.ts'
import { type Definitions, journeyVersionKey } from '../src/domain/definitions.ts'
import { type DeliveryResult, type Ending, inViewOfEarlier, type SettledStatus } from '../src/domain/delivery.ts'
import type { SenderUse } from '../src/domain/mail-sender.ts'
import type { Channel, Snapshot } from '../src/domain/snapshot.ts'
import type { EpochMs } from '../src/domain/time.ts'
import type { Ledger } from '../src/store/ledger.ts'
import type { Claim, ClaimedMessage, Holder, SealedRecipient } from '../src/store/ledger-types.ts'
import type { DeliveryActivities, DeliveryOutcome } from './activity-types.ts'

/** What is to leave, and to whom: opened for this attempt, and in memory only. */
export interface ReadyMessage {
  readonly id: string
  readonly address: string
  readonly content: RenderedMessage
  readonly unsubscribeUrl: string | null
}

export interface DeliveryNeeds {
  readonly ledger: Ledger
  readonly definitions: { get(): Promise<Definitions> }
  readonly clock: Clock
  /** Opens the sealed recipient and renders the template. `broken`: why that can never work, without personal data. */
  prepare(message: ClaimedMessage, recipient: SealedRecipient): Promise<ReadyMessage | { readonly broken: string }>
  /** Under which identity it leaves. */
  senderOf(message: ClaimedMessage, nowMs: EpochMs): SenderUse
  readonly channels: Readonly<
    Record<Channel, { send(message: ReadyMessage, sender: SenderUse): Promise<DeliveryResult> }>
  >
  /** Real milliseconds within which `send` has ended, whatever happens. */
  readonly sendDeadlineMs: number
}

type Claimed = Extract<Claim, { outcome: 'claimed' }>

/** A transactional message that was in doubt so often is not tried again: the recipient may have as many copies. */
const mostTransmissions = 5

/** What the lease lasts beyond the longest attempt, for the writing down. */
const leaseMarginMs = 15_000

/** What may leave so soon (real time) waits here: the way round by the next review would take as long. */
const longestWaitMs = 5_000
const mostWaits = 5

/** Whoever holds a message has as a rule sent it within a moment, however long the lease. */
const longestBusyMs = 5_000

/** Well within the heartbeat timeout. */
export const heartbeatMs = 3_000

export function createDeliveryActivities(needs: DeliveryNeeds): DeliveryActivities {
  return {
    async deliverMessage(messageId) {
      const heartbeat = setInterval(() => Context.current().heartbeat(), heartbeatMs)
      try {
        for (let waits = 0; ; waits++) {
          const result = await deliver(messageId, holder(), needs)
          if (result.status !== 'postponed') return result
          const waitMs = needs.clock.realMsUntil(result.untilMs)
          if (waitMs > longestWaitMs || waits === mostWaits) return { status: 'postponed' }
          await Context.current().sleep(Math.max(1, waitMs))
        }
      } finally {
        clearInterval(heartbeat)
      }
    },
  }
}

type Result = DeliveryOutcome & { readonly status: SettledStatus }
type Postponed = { readonly status: 'postponed'; readonly untilMs: EpochMs }

/** One attempt at one message. @throws an outage, also when somebody else is at it: it is to be tried again. */
export async function deliver(messageId: string, holder: Holder, needs: DeliveryNeeds): Promise<Result | Postponed> {
  const { ledger, clock } = needs
  const claim = await ledger.claim(messageId, holder, clock.nowMs())
  if (claim.outcome === 'busy') throw outage('another sender holds it', Math.min(claim.retryInMs, longestBusyMs))
  if (claim.outcome === 'postponed') return { status: 'postponed', untilMs: claim.untilMs }
  if (claim.outcome === 'settled') return outcome(claim.status, claim.reason)

  const { message, recipient } = claim
  const ready = await needs.prepare(message, recipient)
  if ('broken' in ready) return settle(needs, claim, holder, { status: 'failed', reason: ready.broken })

  // Consent, suppression, caps and quiet hours once more, in the transaction that commits `transmitting`.
  const definitions = await needs.definitions.get()
  const leaseMs = needs.sendDeadlineMs + leaseMarginMs
  const nowMs = clock.nowMs() // One moment for both: the place is of the day on which it leaves.
  const sender = needs.senderOf(message, nowMs)
  const last = await ledger.transmit({ message, recipient, sender }, holder, nowMs, leaseMs, (snapshot) =>
    verdictOn(message, snapshot, definitions, clock.nowMs()),
  )
  if (last.outcome === 'lost') throw outage('another attempt has taken over')
  if (last.outcome === 'postponed') return { status: 'postponed', untilMs: last.untilMs }
  if (last.outcome === 'refused') return ended(message, { status: 'refused', reason: last.reason })

  return conclude(needs, { ...claim, sender }, holder, await needs.channels[message.channel].send(ready, sender))
}

async function conclude(
  needs: DeliveryNeeds,
  claim: Claimed & { readonly sender: SenderUse },
  holder: Holder,
  result: DeliveryResult,
): Promise<Result> {
  const { message, sender } = claim
  // Better twice than never: this is what the class promises.
  const isWorthAnother = message.messageClass === 'transactional' && message.attempts + 1 < mostTransmissions
  if (result.status === 'retry' || (result.status === 'in_doubt' && isWorthAnother)) {
    await needs.ledger.release(message.id, holder, result.status === 'in_doubt', sender)
    throw outage(result.reason)
  }
  return settle(needs, claim, holder, result)
}

/** A refusal is an answer; only an outage throws. */
async function settle(
  { ledger, clock }: DeliveryNeeds,
  { message, recipient }: Claimed,
  holder: Holder,
  result: Exclude<DeliveryResult, { status: 'retry' }>,
): Promise<Result> {
  const suppress = result.status === 'failed' ? result.suppress : undefined
  const suppression = suppress && {
    channel: message.channel,
    addressHash: recipient.addressHash,
    reason: suppress,
  }
  await ledger.settle(message, holder, clock.nowMs(), { ...result, ...(suppression ? { suppression } : {}) })
  return ended(message, result)
}

function ended({ attempts }: ClaimedMessage, ending: Ending): Result {
  const { status, reason } = inViewOfEarlier(attempts, ending)
  return outcome(status, reason)
}

function verdictOn(
  message: ClaimedMessage,
  snapshot: Snapshot,
  definitions: Definitions,
  nowMs: number,
): ContactVerdict {
  const { journey, version, channel, messageClass, topic } = message
  const journeyCaps = definitions.journeys.get(journeyVersionKey(journey, version))?.caps[channel]
  return mayContact(
    { channel, messageClass, topic, journey, journeyCaps },
    {
      customerId: message.customerId,
      timeZone: snapshot.customer.timeZone,
      contact: snapshot.contact[channel],
      lastOrderMs: snapshot.orders.lastOrderMs,
      recentMessages: snapshot.recentMessages,
    },
    definitions.policy,
    nowMs,
  )
}

/** One workflow at a time delivers for a customer, so its attempts may take over from each other at once. */
function holder(): Holder {
  const { workflowExecution, activityId, attempt } = activityInfo()
  return {
    owner: workflowExecution?.workflowId ?? 'none',
    attempt: `${workflowExecution?.runId ?? ''}/${activityId}/${attempt}`,
  }
}

function outcome(status: SettledStatus, reason: string | null | undefined): Result {
  return reason === null || reason === undefined ? { status } : { status, reason }
}

function outage(reason: string, retryInMs?: number): ApplicationFailure {
  return ApplicationFailure.create({
    message: reason,
    type: 'DeliveryOutage',
    ...(retryInMs === undefined ? {} : { nextRetryDelay: retryInMs }),
  })
}
