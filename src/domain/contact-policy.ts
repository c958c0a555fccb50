/**
 * Whether a customer may be written to now: address, suppression, consent, frequency caps, quiet hours.
 *
 * Asked twice for every message: when it is planned, and once more when it is about to leave.
 */

import { confirmationJourney, ruleFor } from './consent-rule.ts'
import type { ContactPolicy, FrequencyCaps } from './definitions.ts'
import { shareOf, spreadShareOf } from './hash.ts'
import { isOpen, nextOpening, outside, windowLengthMs, zoneOr } from './local-time.ts'
import type { Channel, ContactFacts, MessageClass, RecentMessageFacts } from './snapshot.ts'
import { dayMs, type EpochMs } from './time.ts'

export interface ContactQuestion {
  readonly channel: Channel
  readonly messageClass: MessageClass
  readonly topic: string
  readonly journey: string
  /** Of the journey alone. */
  readonly journeyCaps: FrequencyCaps | undefined
}

/** What is known of whoever would get the message. */
export interface Addressee {
  readonly customerId: string
  /** IANA name, if known. */
  readonly timeZone: string | null
  readonly contact: ContactFacts
  /** The last order, for consent that a purchase implies. */
  readonly lastOrderMs?: EpochMs | null
  /** Of the last 30 days, in any order, without the message in question. */
  readonly recentMessages: readonly RecentMessageFacts[]
}

export type ContactRule =
  | 'no-address'
  | 'suppressed'
  | 'consent'
  | 'hold-out'
  | `cap:${Channel}`
  | 'cap:journey'
  | 'quiet-hours'

export type ContactVerdict =
  | { readonly allowed: true }
  | {
      readonly allowed: false
      readonly rule: ContactRule
      /** The first moment at which it is worth asking again; null if only news can change the answer. */
      readonly notBeforeMs: EpochMs | null
      /** Impersonal: which cap, which reason. */
      readonly detail: Readonly<Record<string, string | number>>
    }

const allowed: ContactVerdict = { allowed: true }

/** The first rule that stands against a message, or none. Transactional messages pass consent, hold-out and caps. */
export function mayContact(
  question: ContactQuestion,
  addressee: Addressee,
  policy: ContactPolicy,
  nowMs: EpochMs,
): ContactVerdict {
  const isMarketing = question.messageClass === 'marketing'
  return (
    refusedByAddress(question, addressee.contact) ??
    refusedByConsent(question, addressee, policy, nowMs) ??
    (isMarketing ? refusedByHoldOut(addressee, policy) : null) ??
    (isMarketing ? refusedByCaps(question, addressee, policy, nowMs) : null) ??
    refusedByQuietHours(question, addressee, policy, nowMs) ??
    allowed
  )
}

/**
 * The customer's word on a topic. A no to everything outweighs an older or newer yes to one topic: whoever left
 * altogether must come back altogether.
 */
export function consentTo(topic: string, { consents }: ContactFacts): 'granted' | 'withdrawn' | 'none' {
  const toEverything = Object.hasOwn(consents, '*') ? consents['*'] : undefined
  const toTopic = Object.hasOwn(consents, topic) ? consents[topic] : undefined
  if (toEverything === 'withdrawn' || toTopic === 'withdrawn') return 'withdrawn'
  return toTopic ?? toEverything ?? 'none'
}

function refused(
  rule: ContactRule,
  notBeforeMs: EpochMs | null,
  detail: Readonly<Record<string, string | number>> = {},
): ContactVerdict {
  return { allowed: false, rule, notBeforeMs, detail }
}

/** Somebody who was forgotten and has come back to order something may have the receipt. */
function refusedByAddress({ messageClass }: ContactQuestion, contact: ContactFacts): ContactVerdict | null {
  if (!contact.reachable) return refused('no-address', null)
  if (contact.suppressed === null) return null
  if (contact.suppressed === 'erased' && messageClass === 'transactional') return null
  return refused('suppressed', null, { reason: contact.suppressed })
}

function refusedByConsent(
  { channel, messageClass, topic }: ContactQuestion,
  addressee: Addressee,
  policy: ContactPolicy,
  nowMs: EpochMs,
): ContactVerdict | null {
  if (messageClass === 'transactional') return null
  const rule = ruleFor(policy, channel, topic)
  const word = consentTo(topic, addressee.contact)
  if (word === 'granted') {
    // A topic that wants a confirmed yes of its own is not reached by a plain yes to everything.
    const isOwn =
      rule !== 'double' || policy.channels[channel].consent === 'double' || topic in addressee.contact.consents
    return isOwn ? null : refused('consent', null, { topic, word: 'unconfirmed' })
  }
  if (word === 'none' && rule === 'implied') {
    return isImplied(addressee, policy.channels[channel].impliedFor, nowMs)
      ? null
      : refused('consent', null, { topic, word: 'implied consent ended' })
  }
  return refused('consent', null, { topic, word })
}

/** Whether a purchase or an inquiry is recent enough to stand for a yes. A yes in words never ends by itself. */
function isImplied(
  { contact, lastOrderMs = null }: Addressee,
  lasts: ContactPolicy['channels'][Channel]['impliedFor'],
  nowMs: EpochMs,
): boolean {
  if (!lasts) return true
  const { inquiredMs = null } = contact
  return (
    (lastOrderMs !== null && nowMs < lastOrderMs + lasts.afterPurchaseMs) ||
    (inquiredMs !== null && nowMs < inquiredMs + lasts.afterInquiryMs)
  )
}

function refusedByHoldOut({ customerId }: Addressee, { holdOut }: ContactPolicy): ContactVerdict | null {
  return holdOut > 0 && shareOf(customerId, 'hold-out') < holdOut ? refused('hold-out', null, { share: holdOut }) : null
}

function refusedByCaps(
  { channel, journey, journeyCaps }: ContactQuestion,
  { recentMessages }: Addressee,
  policy: ContactPolicy,
  nowMs: EpochMs,
): ContactVerdict | null {
  const onChannel = recentMessages.filter((sent) => sent.channel === channel && sent.messageClass === 'marketing')
  const general = reachedCap(policy.channels[channel].caps, onChannel, nowMs)
  if (general !== null) return refused(`cap:${channel}`, general.freeAtMs, general.cap)
  if (journeyCaps === undefined) return null
  const ofJourney = onChannel.filter((sent) => sent.journey === journey)
  const own = reachedCap(journeyCaps, ofJourney, nowMs)
  return own && refused('cap:journey', own.freeAtMs, own.cap)
}

interface ReachedCap {
  readonly freeAtMs: EpochMs | null
  readonly cap: Readonly<Record<string, number>>
}

const capWindows = [
  { name: 'per_day', limit: 'perDay', windowMs: dayMs },
  { name: 'per_week', limit: 'perWeek', windowMs: 7 * dayMs },
  { name: 'per_month', limit: 'perMonth', windowMs: 30 * dayMs },
] as const

/** The cap that is reached now and stays so longest, or null. */
function reachedCap(caps: FrequencyCaps, sent: readonly RecentMessageFacts[], nowMs: EpochMs): ReachedCap | null {
  let longest: ReachedCap | null = null
  for (const { name, limit, windowMs } of capWindows) {
    const most = caps[limit]
    if (most === undefined) continue
    const freeAtMs = whenBelow(most, windowMs, sent, nowMs)
    if (freeAtMs === 'now') continue
    if (freeAtMs === null) return { freeAtMs, cap: { [name]: most } }
    if (longest === null || freeAtMs > (longest.freeAtMs ?? 0)) longest = { freeAtMs, cap: { [name]: most } }
  }
  return longest
}

/** When fewer than `most` messages lie within the window; null: never, because none is ever allowed. */
function whenBelow(
  most: number,
  windowMs: number,
  sent: readonly RecentMessageFacts[],
  nowMs: EpochMs,
): EpochMs | 'now' | null {
  if (most === 0) return null
  let count = 0
  for (const { atMs } of sent) if (atMs > nowMs - windowMs) count++
  if (count < most) return 'now'
  const inWindow = sent.map(({ atMs }) => atMs).filter((atMs) => atMs > nowMs - windowMs)
  inWindow.sort((a, b) => b - a)
  // Once the most-th newest has left the window, fewer than `most` are in it.
  return (inWindow[most - 1] ?? nowMs) + windowMs
}

function refusedByQuietHours(
  { channel, journey }: ContactQuestion,
  { customerId, timeZone }: Addressee,
  policy: ContactPolicy,
  nowMs: EpochMs,
): ContactVerdict | null {
  const quiet = policy.channels[channel].quietHours
  // Whoever has just signed up waits for that e-mail. A text message at night stays forbidden.
  if (quiet === null || (journey === confirmationJourney && channel === 'email')) return null
  const zone = zoneOr(timeZone, policy.defaultTimeZone)
  const open = outside(quiet)
  if (isOpen(open, zone, nowMs)) return null
  const opensAtMs = nextOpening(open, zone, nowMs)
  if (opensAtMs === null) return refused('quiet-hours', null)
  // Everybody's night ends at the same minute: come back spread over the hours that follow.
  const spreadMs = Math.min(policy.spreadMs, windowLengthMs(open))
  return refused('quiet-hours', opensAtMs + Math.floor(spreadShareOf(customerId) * spreadMs))
}
