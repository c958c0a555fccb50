/** Scoring one customer of whom an order has come. */

import type { ScoreActivities } from './activity-types.ts'
import { type ScoreNeeds, scoreOne } from './score-one.ts'

export interface ScoreCustomerNeeds extends ScoreNeeds {
  /** Notes that scores were computed at this moment, or found impossible: a review must not ask for them again. */
  readonly markScored: (customerId: string, nowMs: number) => Promise<void>
}

export function createScoreActivities(needs: ScoreCustomerNeeds): ScoreActivities {
  return {
    async scoreCustomer(customerId) {
      // Before the histories are read: an order that comes meanwhile makes these scores stale again.
      const nowMs = needs.clock.nowMs()
      await scoreOne(customerId, needs)
      await needs.markScored(customerId, nowMs)
    },
  }
}
