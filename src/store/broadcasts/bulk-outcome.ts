/** What is to become of a recipient's message at this moment, by the same policy as every other message. */

import { broadcastJourney } from '../../domain/broadcast.ts'
import { type Addressee, type ContactRule, type ContactVerdict, mayContact } from '../../domain/contact-policy.ts'
import { type EpochMs, minuteMs } from '../../domain/time.ts'
import type { BulkAddressee, SealedForBulk } from './addressees.ts'
import type { BulkContext } from './bulk-page.ts'

export interface Planned {
  readonly id: string
  readonly customerId: string
  readonly variant: string
  readonly outcome: Outcome
}

export type Outcome =
  | { readonly status: 'transmitting'; readonly sealed: SealedForBulk }
  | { readonly status: 'planned'; readonly reason: string; readonly notBeforeMs: EpochMs }
  | { readonly status: 'refused'; readonly reason: string }

/** After this moment nothing of the broadcast leaves any more. */
export function expiryOf({ broadcast, nowMs }: Pick<BulkContext, 'broadcast' | 'nowMs'>): EpochMs {
  return (broadcast.startedAt?.getTime() ?? nowMs) + broadcast.definition.expiresAfterMs
}

/** How soon it is looked again at whom nothing may leave to for a while. */
const pausedMs = 15 * minuteMs

/** What is decided by. */
type Rules = Pick<BulkContext, 'broadcast' | 'policy' | 'nowMs'>

export function outcomeFor({ addressee, sealed, pause }: BulkAddressee, context: Rules): Outcome {
  const { nowMs } = context
  const expiresAtMs = expiryOf(context)
  if (expiresAtMs <= nowMs) {
    return { status: 'refused', reason: pause === null ? 'expired' : `expired: sending is paused: ${pause}` }
  }
  const verdict = verdictOn(addressee, context)
  if (!verdict.allowed) {
    const { rule, notBeforeMs } = verdict
    return isSkipped(rule, context) ? { status: 'refused', reason: rule } : laterOutcome(rule, notBeforeMs, context)
  }
  if (pause !== null) {
    const notBeforeMs = Math.min(nowMs + pausedMs, expiresAtMs)
    return { status: 'planned', reason: `postponed: sending is paused: ${pause}`, notBeforeMs }
  }
  return sealed === null ? { status: 'refused', reason: 'no-address' } : { status: 'transmitting', sealed }
}

/** Put off until a moment, unless nothing of the broadcast leaves any more by then. */
export function laterOutcome(rule: string, notBeforeMs: EpochMs | null, context: Rules): Outcome {
  const isInTime = notBeforeMs !== null && notBeforeMs < expiryOf(context)
  return isInTime
    ? { status: 'planned', reason: `postponed: ${rule}`, notBeforeMs }
    : { status: 'refused', reason: rule }
}

/** Whether the policy gives up a message of that channel rather than let it wait. */
function isSkipped(rule: ContactRule, { broadcast, policy }: Rules): boolean {
  const { whenQuiet, whenCapped } = policy.channels[broadcast.definition.channel]
  return (rule === 'quiet-hours' ? whenQuiet : whenCapped) === 'skip'
}

function verdictOn(addressee: Addressee, { broadcast, policy, nowMs }: Rules): ContactVerdict {
  const question = {
    channel: broadcast.definition.channel,
    messageClass: 'marketing',
    topic: broadcast.definition.topic,
    journey: broadcastJourney(broadcast.key),
    journeyCaps: undefined,
  } as const
  return mayContact(question, addressee, policy, nowMs)
}
