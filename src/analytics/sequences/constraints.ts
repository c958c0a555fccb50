/** What a pattern's way through a sequence must observe, in positions of elements. */

import { checkWhole, refuse } from '../core/check.ts'

/** Limits of time, with the position in a sequence as time. */
export interface SequenceConstraints {
  /** The end of the match of an element is at most this far behind the start of the one before; Infinity: no limit. */
  readonly maxGap: number
  /** The start of the match of an element is more than this behind the end of the one before; 0: just behind it. */
  readonly minGap: number
  /** Elements at most this far apart may match an element of the pattern together; 0: each on its own. */
  readonly window: number
}

/**
 * Constraints from what a caller gives, without a limit where it gives none.
 *
 * @throws RangeError unless `maxGap` is a whole number of at least 1 (or Infinity), the others of at least 0, and some
 * gap satisfies both limits.
 */
export function checkedConstraints(given: Partial<SequenceConstraints>): SequenceConstraints {
  const { maxGap = Infinity, minGap = 0, window = 0 } = given
  if (maxGap !== Infinity) checkWhole('maxGap', maxGap, 1)
  checkWhole('minGap', minGap, 0)
  checkWhole('window', window, 0)
  if (minGap >= maxGap) refuse('minGap', minGap, `must be below maxGap (${maxGap})`)
  return { maxGap, minGap, window }
}
