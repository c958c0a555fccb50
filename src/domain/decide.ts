/**
 * What to do next for one customer: the heart of the product, as a pure function.
 *
 * Total: every state and every piece of news has an answer. Deterministic: the same question gives the same answer, ids
 * included. Idempotent: asked again about what it answered, at the same moment and without news, it does nothing.
 */

import { advanceRuns, advanceWhatIsOver } from './decide/advance.ts'
import { askToConfirm } from './decide/ask-consent.ts'
import { conclude } from './decide/conclude.ts'
import { endRunsWhoseCriteriaHold, endRunsWithoutDefinition } from './decide/endings.ts'
import { enterByStage, readNews } from './decide/news.ts'
import { moveStage } from './decide/stage-move.ts'
import { followSuccessions } from './decide/succession.ts'
import { type Identifiers, openWorkspace } from './decide/workspace.ts'
import type { Decision } from './decision.ts'
import type { Definitions } from './definitions.ts'
import type { Snapshot } from './snapshot.ts'
import type { EpochMs } from './time.ts'

export type { Identifiers } from './decide/workspace.ts'

/**
 * Decides, from all that is known of a customer and all that marketers have defined.
 *
 * @param nowMs The moment of decision; nothing in the snapshot should be later.
 * @param identifiers Turn a key into an id or a code, always the same for the same key.
 */
export function decide(
  snapshot: Snapshot,
  definitions: Definitions,
  nowMs: EpochMs,
  identifiers: Identifiers,
): Decision {
  if (scoresAreStale(snapshot, nowMs)) return scoreFirst(snapshot)

  const work = openWorkspace(snapshot, definitions, nowMs, identifiers)
  moveStage(work)
  followSuccessions(work)
  endRunsWithoutDefinition(work)

  // What was over before the news came is over; then the news; only then may anything leave for the customer.
  advanceWhatIsOver(work)
  readNews(work)
  enterByStage(work)
  endRunsWhoseCriteriaHold(work)
  advanceRuns(work)
  askToConfirm(work)

  return conclude(work)
}

/** Whether an order came after the last attempt at scoring. An order dated in the future waits for its day. */
export function scoresAreStale({ customer, orders }: Snapshot, nowMs: EpochMs): boolean {
  const { lastOrderMs } = orders
  if (lastOrderMs === null || lastOrderMs > nowMs) return false
  return customer.scoredMs === null || customer.scoredMs < lastOrderMs
}

/** With stale scores nothing is decided and no news is consumed: the next review sees it all again, with new scores. */
function scoreFirst({ customer }: Snapshot): Decision {
  return {
    move: null,
    atRisk: customer.atRisk,
    runs: [],
    messages: [],
    coupons: [],
    tasks: [],
    assignments: [],
    traits: {},
    records: [],
    consumedNews: [],
    wakeAtMs: null,
    scoresAreStale: true,
  }
}
