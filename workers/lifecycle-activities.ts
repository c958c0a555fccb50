/** The activities of the customer's workflow, wired to their real neighbours, by the queue that they are polled from. */

import type { DeliveryActivities, ReviewActivities, ScoreActivities } from '../activities/activity-types.ts'
import { createCrowdActivities } from '../activities/crowd.ts'
import type { CrowdActivities, CrowdDeliveryActivities } from '../activities/crowd-types.ts'
import { createDeliveryActivities } from '../activities/deliver.ts'
import { createPageDeliveryActivities } from '../activities/deliver-page.ts'
import { createErasureActivities } from '../activities/erase.ts'
import type { ErasureActivities } from '../activities/erasure-types.ts'
import type { JourneyActivities } from '../activities/journey-types.ts'
import { createJourneyActivities } from '../activities/journeys.ts'
import { createReviewActivities } from '../activities/review.ts'
import { createScoreActivities } from '../activities/score.ts'
import { createCrowdStore } from '../src/store/crowd-pages.ts'
import { createErasureStore } from '../src/store/erasures.ts'
import { createIdentifiers } from '../src/store/identifiers.ts'
import { createJourneyStore } from '../src/store/journeys/journey-store.ts'
import { createReviewStore } from '../src/store/reviews.ts'
import { markScored } from '../src/store/scored.ts'
import { createTrainingStore } from '../src/store/training-store.ts'
import { deliveryNeeds, type Neighbours } from './delivery-needs.ts'

export interface LifecycleActivities {
  readonly lifecycle: ReviewActivities & ScoreActivities & CrowdActivities & ErasureActivities & JourneyActivities
  readonly delivery: DeliveryActivities & CrowdDeliveryActivities
}

export function createLifecycleActivities(neighbours: Neighbours): LifecycleActivities {
  const { database, vault, clock, definitions } = neighbours
  const identifiers = (scope: string, salt = 0): ReturnType<typeof createIdentifiers> =>
    createIdentifiers(vault, scope, salt)
  const crowd = createCrowdStore(database.pool)
  const reviewing = { reviews: createReviewStore(database), definitions, clock, identifiers }
  const scoring = createScoreActivities({
    store: createTrainingStore(database),
    clock,
    idFor: identifiers('scores').id,
    markScored: (customerId, nowMs) => markScored(database.pool, customerId, nowMs),
  })
  const delivering = deliveryNeeds(neighbours)
  return {
    lifecycle: {
      ...createReviewActivities(reviewing),
      ...createCrowdActivities({ ...reviewing, crowd, score: scoring.scoreCustomer }),
      ...scoring,
      ...createJourneyActivities({ journeys: createJourneyStore(database), clock }),
      ...createErasureActivities({ erasures: createErasureStore(database, vault), definitions, clock }),
    },
    delivery: {
      ...createDeliveryActivities(delivering),
      ...createPageDeliveryActivities({ ...delivering, crowd, deliveriesAtOnce: crowdDeliveriesAtOnce }),
    },
  }
}

/** Of one page, so that a crowd leaves room for those who are delivered to by themselves. */
const crowdDeliveriesAtOnce = 6
