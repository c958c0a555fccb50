/** Pausing and resuming a journey, as its workflow asks for it. Each may safely run twice. */

import { ApplicationFailure } from '@temporalio/activity'
import type { Clock } from '../src/clock.ts'
import { usualResumeSpreadMs } from '../src/domain/decide/pause.ts'
import { minuteMs } from '../src/domain/time.ts'
import type { JourneyStore } from '../src/store/journeys/journey-store.ts'
import type { PauseOutcome } from '../src/store/journeys/pause-journey.ts'
import type { JourneyActivities, JourneyStanding } from './journey-types.ts'

export interface JourneyNeeds {
  readonly journeys: JourneyStore
  readonly clock: Clock
}

/** For the audit: somebody who may send signals. */
const by = 'temporal'

export function createJourneyActivities({ journeys, clock }: JourneyNeeds): JourneyActivities {
  const standing = async (key: string): Promise<JourneyStanding> => {
    const journey = await journeys.find(key)
    return { isPaused: journey?.status === 'paused', inFlight: journey?.inFlight ?? 0 }
  }
  return {
    async stopJourney(key) {
      refuseUnknown(await journeys.pause({ key, by, nowMs: clock.nowMs() }))
      return standing(key)
    },
    async letJourneyGoOn(key, spreadMinutes) {
      const spreadMs = spreadMinutes === undefined ? usualResumeSpreadMs : Math.max(0, spreadMinutes) * minuteMs
      refuseUnknown(await journeys.resume({ key, by, nowMs: clock.nowMs(), spreadMs }))
      return standing(key)
    },
    lookAtJourney: standing,
  }
}

/** A mistake in a workflow id: trying again would not help. */
function refuseUnknown({ result }: PauseOutcome): void {
  if (result === 'unknown')
    throw ApplicationFailure.nonRetryable('There is no journey of this key in use', 'UnknownJourney')
}
