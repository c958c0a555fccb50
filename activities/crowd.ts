/** Looking at a page of a crowd: what `reviewCustomer` does for one customer, for some hundreds at once. */

import { Context } from '@temporalio/activity'
import { needsOfDefinitions } from '../src/domain/definition-needs.ts'
import type { Definitions } from '../src/domain/definitions.ts'
import type { CrowdStore } from '../src/store/crowd-pages.ts'
import type { Reviewed } from '../src/store/reviews.ts'
import type { CrowdActivities, CrowdPage } from './crowd-types.ts'
import { heartbeatMs } from './deliver.ts'
import { inParallel } from './in-parallel.ts'
import type { ReviewNeeds } from './review.ts'
import { hasMoreToRead, verdictOn } from './verdict.ts'

export interface CrowdNeeds extends ReviewNeeds {
  readonly crowd: CrowdStore
  /** Computes the scores of one customer of whom an order has come. */
  readonly score: (customerId: string) => Promise<void>
}

/** Few, for the page is held in memory; who has more is looked at again. */
const newsOfEach = 50
const scoringsAtOnce = 4

/** Scores that stay stale after so many attempts contradict the facts: the customer's own workflow is patient. */
const mostScorings = 2

export function createCrowdActivities(needs: CrowdNeeds): CrowdActivities {
  return {
    async reviewCrowdPage({ after, size }) {
      const heartbeat = setInterval(() => Context.current().heartbeat(), heartbeatMs)
      try {
        const customerIds = await needs.crowd.findCustomers(after, size, needs.clock.nowMs())
        const counts = await reviewUntilRead(customerIds, needs)
        const last = customerIds.at(-1)
        return { ...counts, ...(last === undefined ? {} : { last }) }
      } finally {
        clearInterval(heartbeat)
      }
    },
  }
}

async function reviewUntilRead(customerIds: readonly string[], needs: CrowdNeeds): Promise<Omit<CrowdPage, 'last'>> {
  const definitions = await needs.definitions.get()
  const counts = { customers: customerIds.length, planned: 0, refused: 0 }
  let scorings = 0
  for (let ids = customerIds; ids.length > 0; ) {
    const reviewed = await reviewPage(ids, definitions, needs)
    counts.planned += reviewed[0]?.ledger.planned.size ?? 0
    counts.refused += reviewed.reduce((sum, { decision }) => sum + refusalsOf(decision), 0)

    const stale = reviewed.filter(({ decision }) => decision.scoresAreStale).map(idOf)
    const isPatient = scorings++ < mostScorings
    if (isPatient) await inParallel(stale, scoringsAtOnce, needs.score)
    else if (stale.length > 0) await needs.crowd.leaveToSweep(stale, needs.clock.nowMs())
    ids = [...reviewed.filter(hasMoreToRead).map(idOf), ...(isPatient ? stale : [])]
  }
  return counts
}

function reviewPage(
  customerIds: readonly string[],
  definitions: Definitions,
  { reviews, clock, identifiers }: CrowdNeeds,
): Promise<Reviewed[]> {
  return reviews.reviewPage(
    customerIds,
    clock.nowMs(),
    (loaded, salt) => verdictOn(loaded, definitions, clock.nowMs(), identifiers(loaded.snapshot.customer.id, salt)),
    needsOfDefinitions(definitions),
    newsOfEach,
  )
}

function refusalsOf({ records }: Reviewed['decision']): number {
  return records.filter(({ outcome }) => outcome === 'refused').length
}

function idOf({ loaded }: Reviewed): string {
  return loaded.snapshot.customer.id
}
