/** Looking at one customer: what is known, what follows from it, its record. Safe to run twice. */

import type { Clock } from '../src/clock.ts'
import { needsOfDefinitions } from '../src/domain/definition-needs.ts'
import type { Definitions } from '../src/domain/definitions.ts'
import type { Identifiers } from '../src/store/identifiers.ts'
import type { Reviewed, ReviewStore, Verdict } from '../src/store/reviews.ts'
import type { OpenMessage } from '../src/store/snapshot-rows.ts'
import type { LoadedSnapshot } from '../src/store/to-snapshot.ts'
import type { MessageToDeliver, Review, ReviewActivities } from './activity-types.ts'
import { standingOf, wakeReasonOf } from './standing.ts'
import { hasMoreToRead, nextMoment, verdictOn } from './verdict.ts'

export interface ReviewNeeds {
  readonly reviews: ReviewStore
  readonly definitions: { get(): Promise<Definitions> }
  readonly clock: Clock
  /** For one customer's decisions; another salt gives other coupon codes. */
  readonly identifiers: (customerId: string, salt: number) => Identifiers
}

/** A wake-up that has come but moved nothing would come again at once: at most one a second, in real time. */
const shortestWaitMs = 1_000

/** Where virtual time flies, a second may be a day, and a day later it may be night again. */
const shortestVirtualWaitMs = 20

export function createReviewActivities(needs: ReviewNeeds): ReviewActivities {
  return {
    async reviewCustomer(customerId) {
      const definitions = await needs.definitions.get()
      for (;;) {
        const reviewed = await reviewPage(customerId, definitions, needs)
        if (!reviewed) return null
        if (hasMoreToRead(reviewed)) continue
        return toReview(reviewed, definitions, needs.clock)
      }
    },
  }
}

function reviewPage(
  customerId: string,
  definitions: Definitions,
  { reviews, clock, identifiers }: ReviewNeeds,
): Promise<Reviewed | undefined> {
  const decideNow = (loaded: LoadedSnapshot, salt: number): Verdict =>
    // Asked again: waiting for the customer's lock may have taken a while.
    verdictOn(loaded, definitions, clock.nowMs(), identifiers(customerId, salt))
  return reviews.review(customerId, clock.nowMs(), decideNow, needsOfDefinitions(definitions))
}

function toReview({ loaded, decision, ledger }: Reviewed, definitions: Definitions, clock: Clock): Review {
  const nowMs = clock.nowMs()
  const open = loaded.openMessages.filter(({ id }) => !ledger.withdrawn.has(id))
  const atMs = nextMoment(decision, open, nowMs)
  return {
    standing: standingOf(loaded, decision, definitions),
    messages: [
      ...open.filter(({ notBeforeMs }) => notBeforeMs === null || notBeforeMs <= nowMs),
      ...decision.messages.filter(({ id }) => ledger.planned.has(id)),
    ].map(toDeliver),
    ...(atMs === null
      ? {}
      : {
          wakeInMs: Math.max(clock.speed === 1 ? shortestWaitMs : shortestVirtualWaitMs, clock.realMsUntil(atMs)),
          wakeReason: wakeReasonOf(atMs, loaded, decision, definitions),
        }),
    scoresAreStale: decision.scoresAreStale,
  }
}

function toDeliver({
  id,
  channel,
  journey,
  step,
  messageClass,
}: Pick<OpenMessage, 'id' | 'channel' | 'journey' | 'step' | 'messageClass'>): MessageToDeliver {
  const priority = messageClass === 'transactional' ? 1 : 3
  return { id, channel, summary: `${channel === 'sms' ? 'SMS' : 'Email'} · ${journey} › ${step}`, priority }
}
