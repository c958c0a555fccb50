/** What is told of a sending identity: who is for what, what left under it today, how far its plan of warming up is. */

import type { RateVerdict, SendingRates } from './deliverability.ts'
import type { SenderRoute } from './mail-sender.ts'

export interface SenderReport extends SenderRoute {
  readonly from: string
  /** Whose reputation it is. */
  readonly domain: string
  readonly replyTo: string | null
  /** Hosts of its own; null: those that all share, in a pool of its own. */
  readonly servers: readonly string[] | null
  /** `selector@domain` of each key that signs. */
  readonly signsWith: readonly string[]
  readonly bounceDomain: string | null
  readonly postalAddress: string
  readonly today: {
    readonly marketing: number
    readonly transactional: number
    readonly failed: number
    readonly inDoubt: number
  }
  /** Of marketing in the last days; null: there was none. */
  readonly lately: (Pick<SendingRates, 'sent' | 'bounced' | 'complained'> & Pick<RateVerdict, 'level'>) | null
  readonly pause: { readonly id: string; readonly reason: string } | null
  readonly plan: PlanReport | null
}

export interface PlanReport {
  /** `2026-12-01` */
  readonly from: string
  readonly days: readonly number[]
  /** From 1; 0: it has not begun. Null: it is over. */
  readonly day: number | null
  readonly most: number | null
  readonly used: number | null
  readonly left: number | null
}

/** Which messages an identity is for. */
export function routeInWords({ topics, classes }: SenderRoute): string {
  if (topics.length + classes.length === 0) return 'whatever no other one is for'
  return [classes.join(' and '), topics.length === 0 ? '' : `on ${topics.join(', ')}`].filter(Boolean).join(' ')
}

/** How far a plan of warming up is. */
export function planInWords({ from, days, day, most, used, left }: PlanReport): string {
  if (day === null) return `its warm-up since ${from} is over`
  if (day === 0) return `its warm-up begins on ${from}; nothing of marketing leaves before`
  return `day ${day} of ${days.length} of its warm-up, ${used} of ${most} places used, ${left} left`
}
