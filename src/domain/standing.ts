/**
 * What a condition says of a customer at a moment, and for how long: as one number.
 *
 * Its sign tells whether the condition holds. Its size is the earliest moment at which that may change without news
 * (infinite: never). With answers in this form a connective is simple arithmetic: "all" is the least, since a
 * condition of several parts that fails goes on failing until the last of the failing parts changes, and one that holds
 * holds until the first of its parts changes; "any" is the greatest; "not" is the negative.
 */

import type { EpochMs } from './time.ts'

/** Positive: holds. The size: until when, in milliseconds since 1970. */
export type Standing = number

/** What no passing of time changes. */
export function fixed(holds: boolean): Standing {
  return holds ? Infinity : -Infinity
}

/** Of the customer's own moment: at most that long ago. A moment that has not come yet counts as recent. */
export function within(momentMs: EpochMs | null, lengthMs: number, nowMs: EpochMs): Standing {
  // The last millisecond still holds, so the change comes with the one after it.
  return momentMs !== null && nowMs - momentMs <= lengthMs ? momentMs + lengthMs + 1 : -Infinity
}

/** Longer ago than that. What never happened is not. */
export function longerAgo(momentMs: EpochMs | null, lengthMs: number, nowMs: EpochMs): Standing {
  if (momentMs === null) return -Infinity
  return nowMs - momentMs > lengthMs ? Infinity : -(momentMs + lengthMs + 1)
}
