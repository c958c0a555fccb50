/** From a snapshot to what is to be saved of it: the same for one customer and for a page of them. */

import { decide } from '../src/domain/decide.ts'
import type { Decision } from '../src/domain/decision.ts'
import type { Definitions } from '../src/domain/definitions.ts'
import { earliest } from '../src/domain/evaluate.ts'
import type { EpochMs } from '../src/domain/time.ts'
import type { Identifiers } from '../src/store/identifiers.ts'
import type { Reviewed, Verdict } from '../src/store/reviews.ts'
import type { OpenMessage } from '../src/store/snapshot-rows.ts'
import type { LoadedSnapshot } from '../src/store/to-snapshot.ts'

export function verdictOn(
  { snapshot, openMessages }: LoadedSnapshot,
  definitions: Definitions,
  nowMs: EpochMs,
  identifiers: Identifiers,
): Verdict {
  const decision = decide(snapshot, definitions, nowMs, identifiers)
  const dueAtMs = nextMoment(decision, openMessages, nowMs)
  return { decision, dueAtMs, decidedAtMs: nowMs, rules: definitions.lifecycle.version }
}

/** A burst of news is read in pages. A page of which nothing was read would come again, so it is the last one. */
export function hasMoreToRead({ loaded, decision }: Reviewed): boolean {
  return loaded.hasMoreNews && decision.consumedNews.length > 0
}

/** When to look again: the decision's own moment, or that of a message which the last check before sending postponed. */
export function nextMoment(decision: Decision, openMessages: readonly OpenMessage[], nowMs: EpochMs): EpochMs | null {
  return openMessages
    .map(({ notBeforeMs }) => notBeforeMs)
    .filter((notBeforeMs) => notBeforeMs !== null && notBeforeMs > nowMs)
    .reduce(earliest, decision.wakeAtMs)
}
