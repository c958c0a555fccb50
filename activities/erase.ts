/** The steps of forgetting a person. Each may run twice: what is gone is not found again. */

import type { Clock } from '../src/clock.ts'
import type { Definitions } from '../src/domain/definitions.ts'
import type { ErasureStore } from '../src/store/erasures.ts'
import type { ErasureActivities } from './erasure-types.ts'

export interface ErasureNeeds {
  readonly erasures: ErasureStore
  readonly definitions: { get(): Promise<Definitions> }
  readonly clock: Clock
}

export function createErasureActivities({ erasures, definitions, clock }: ErasureNeeds): ErasureActivities {
  return {
    beginErasure: (request) => erasures.begin({ ...request, nowMs: clock.nowMs() }),
    deliveriesUnderWay: (customerIds) => erasures.underWay(customerIds),
    async eraseRows(erasureId, customerIds) {
      const { policy } = await definitions.get()
      return erasures.erase(erasureId, customerIds, policy.erasure.orders, clock.nowMs())
    },
    completeErasure: (erasureId) => erasures.complete(erasureId, clock.nowMs()),
  }
}
