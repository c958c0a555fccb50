/** What the workflow of a journey's pause needs of the database. */

import type { Database } from '../database.ts'
import { findJourney, type JourneySummary } from './journey-reports.ts'
import { type PauseOutcome, type PauseWish, pauseJourney, type ResumeWish, resumeJourney } from './pause-journey.ts'

export interface JourneyStore {
  find(key: string): Promise<JourneySummary | undefined>
  pause(wish: PauseWish): Promise<PauseOutcome>
  resume(wish: ResumeWish): Promise<PauseOutcome>
}

export function createJourneyStore(database: Database): JourneyStore {
  return {
    find: (key) => findJourney(database.pool, key),
    pause: (wish) => pauseJourney(database, wish),
    resume: (wish) => resumeJourney(database, wish),
  }
}
