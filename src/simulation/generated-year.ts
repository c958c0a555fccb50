/** A generated stretch of a shop's life, from a seed: everybody's life, the invariants watched, the report. */

import { seededRandom } from '../analytics/core/random.ts'
import { needsConfirmation } from '../domain/consent-rule.ts'
import type { Definitions } from '../domain/definitions.ts'
import { interestingEvents } from '../domain/interests.ts'
import { dayMs, type EpochMs } from '../domain/time.ts'
import { generatedChanges } from './generated-changes.ts'
import { generatedLife } from './generated-life.ts'
import type { Pools } from './offer-book.ts'
import { characterOf, randomWaitMs } from './people.ts'
import type { Clerk, Rules } from './simulation.ts'
import { liveWatched, type WatchedResult } from './watched.ts'

export interface GeneratedYear {
  readonly definitions: Definitions
  readonly customers: number
  readonly days: number
  readonly seed: number
  readonly fromMs: EpochMs
  readonly pools?: Pools
  readonly rules?: Rules
  /** Whether the shop pauses journeys and publishes new versions meanwhile. Default: it does. */
  readonly changes?: boolean
  readonly onProgress?: (share: number) => void
}

/** Lives through it. The same seed and definitions give the same result. */
export function liveGeneratedYear(year: GeneratedYear): WatchedResult {
  const { definitions, customers, days, seed, fromMs, pools = {}, rules, changes = true, onProgress } = year
  const toMs = fromMs + days * dayMs
  const { policy } = definitions
  const names = Object.keys(policy.topics)
  const topics = { topics: names, confirmed: names.filter((topic) => needsConfirmation(policy, 'email', topic)) }
  const surroundings = { events: interestingEvents(definitions), currency: 'EUR' }
  const lives = Array.from({ length: customers }, (_, i) =>
    generatedLife(characterOf(seed, i, topics, fromMs, toMs), surroundings),
  )
  return liveWatched({
    definitions,
    lives,
    fromMs,
    toMs,
    changes: changes ? generatedChanges(definitions, seed, fromMs, toMs) : [],
    clerk: clerkOf(seed),
    pools,
    ...(rules === undefined ? {} : { rules }),
    ...(onProgress === undefined ? {} : { onProgress }),
  })
}

/** Most tasks are done within a day or two, some never. */
function clerkOf(seed: number): Clerk {
  const random = seededRandom(seed)
  return {
    finish({ outcomes }, atMs) {
      const outcome = outcomes[Math.floor(random() * outcomes.length)]
      if (outcome === undefined || random() < 0.2) return undefined
      return { atMs: atMs + randomWaitMs(random, 1.5), outcome }
    },
  }
}
