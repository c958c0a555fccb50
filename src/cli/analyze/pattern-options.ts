/** What `analyze rules` and `analyze sequences` have in common: options of a miner, and the head of a long result. */

import { defaultMostPatterns } from '../../analytics/core/support.ts'
import { UsageError } from '../usage-error.ts'
import { numberOption, type OptionParser, wholeOption } from './options.ts'
import { type Cell, textTable } from './output.ts'

/** How many rows of a long list a readable table shows. */
const ROWS_SHOWN = 25

/** `--min-support`: a share in (0, 1]. */
export const minSupportOption: OptionParser<number> = numberOption('--min-support', { above: 0, most: 1 })

/** `--limit`: how many results are too many. */
export const limitOption: OptionParser<number> = wholeOption('--limit', 1)
export const defaultLimit = defaultMostPatterns

/**
 * Runs a miner whose result may be too long, which only running it can tell.
 *
 * @throws UsageError that names the options, where the miner refuses because of the support.
 */
export function withinLimit<T>(minSupport: number, mine: () => T): T {
  try {
    return mine()
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new UsageError(
      error.message.replace(/^minSupport:/, `--min-support: ${minSupport}`).replace('the limit', '--limit'),
    )
  }
}

/** The first rows of a long table; only these are made. */
export function longTable(headings: readonly string[], length: number, row: (index: number) => Cell[]): string {
  const shown = Array.from({ length: Math.min(length, ROWS_SHOWN) }, (_, index) => row(index))
  const table = textTable(headings, shown)
  return length <= ROWS_SHOWN ? table : `${table}\n… ${length - ROWS_SHOWN} more; --json has them all`
}
