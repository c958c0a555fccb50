/** The journeys that one simulated customer is in, and was in. */

import type { Decision } from '../domain/decision.ts'
import type { PastRunFacts, RunFacts } from '../domain/snapshot.ts'
import type { EpochMs } from '../domain/time.ts'

export class SimulatedRuns {
  active: readonly RunFacts[] = []
  /** The last one first. */
  past: readonly PastRunFacts[] = []

  /** @returns those that have ended. */
  save(runs: Decision['runs'], nowMs: EpochMs): Decision['runs'] {
    const changed = new Set(runs.map(({ id }) => id))
    this.active = [
      ...this.active.filter(({ id }) => !changed.has(id)),
      ...runs.filter(({ status }) => status === 'active'),
    ]
    const ended = runs.filter(({ status }) => status !== 'active')
    for (const { journey, entryNumber, enteredAtMs, endReason } of ended) {
      this.past = [{ journey, entryNumber, enteredAtMs, endedAtMs: nowMs, endReason: endReason ?? '' }, ...this.past]
    }
    return ended
  }
}
