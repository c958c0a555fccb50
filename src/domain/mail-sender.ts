/** Sending identities: which of them a mail leaves under, and how many may leave while its domain is new to mailboxes. */

import type { MessageClass } from './snapshot.ts'
import { dayMs, type EpochMs } from './time.ts'

/** Which messages an identity is for. An empty list: all of them. */
export interface SenderRoute {
  readonly key: string
  readonly topics: readonly string[]
  readonly classes: readonly MessageClass[]
}

/** The name of the identity that sends whatever no other one is for. */
export const usualSender = 'default'

/** The most specific one: by topic and class, by topic, by class. Undefined: the usual one. */
export function senderFor<T extends SenderRoute>(
  senders: readonly T[],
  topic: string,
  messageClass: MessageClass,
): T | undefined {
  let best: T | undefined
  for (const sender of senders) {
    const { topics, classes } = sender
    const isMeant =
      (topics.length === 0 || topics.includes(topic)) && (classes.length === 0 || classes.includes(messageClass))
    if (isMeant && (best === undefined || specificity(sender) > specificity(best))) best = sender
  }
  return best
}

function specificity({ topics, classes }: SenderRoute): number {
  return (topics.length > 0 ? 2 : 0) + (classes.length > 0 ? 1 : 0)
}

export interface SenderClash {
  readonly keys: readonly [string, string]
  /** Some message that both are for. */
  readonly message: string
}

/** Two identities of which neither is more specific for some message; undefined if there are none. */
export function findSenderClash(senders: readonly SenderRoute[]): SenderClash | undefined {
  for (const [i, one] of senders.entries()) {
    for (const other of senders.slice(i + 1)) {
      if (specificity(one) !== specificity(other)) continue
      const topic = one.topics.find((name) => other.topics.includes(name))
      const messageClass = one.classes.find((name) => other.classes.includes(name))
      const isShared =
        (one.topics.length === 0 || topic !== undefined) && (one.classes.length === 0 || messageClass !== undefined)
      if (!isShared) continue
      const message = [messageClass ?? 'any', 'mail', ...(topic === undefined ? [] : [`on "${topic}"`])].join(' ')
      return { keys: [one.key, other.key], message }
    }
  }
  return undefined
}

/** How a domain that no mailbox knows yet is made known: at most so many marketing mails on each day. */
export interface SenderPlan {
  /** The midnight of UTC at which its first day begins. */
  readonly fromMs: EpochMs
  readonly days: readonly number[]
}

export interface SenderPlanDay {
  /** From 1; 0: the plan has not begun, and nothing of marketing leaves before it does. */
  readonly number: number
  readonly most: number
  /** The day of UTC that is counted. */
  readonly startsMs: EpochMs
  /** When more may leave again. */
  readonly untilMs: EpochMs
}

/** Undefined: the plan is over, and nothing is counted any more. */
export function senderPlanDay({ fromMs, days }: SenderPlan, nowMs: EpochMs): SenderPlanDay | undefined {
  const startsMs = Math.floor(nowMs / dayMs) * dayMs
  if (startsMs < fromMs) return { number: 0, most: 0, startsMs, untilMs: fromMs }
  const index = Math.floor((startsMs - fromMs) / dayMs)
  const most = days[index]
  return most === undefined ? undefined : { number: index + 1, most, startsMs, untilMs: startsMs + dayMs }
}

/** Under which identity a mail leaves, and what its plan allows on that day. */
export interface SenderUse {
  /** Null: the usual one. */
  readonly key: string | null
  readonly day: SenderPlanDay | undefined
}

/** The rule that puts marketing off when the plan of its identity has no place left on a day. */
export const warmUpRule = 'sender-warm-up'

export const usualSenderUse: SenderUse = { key: null, day: undefined }
