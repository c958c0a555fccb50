/** p-values of many tests at once: of twenty without any effect one is below 0.05 by chance. */

import { checkBetween } from '../core/check.ts'

/** `bonferroni` and `holm` bound the chance of any false alarm; `benjamini-hochberg` the share of them among the alarms. */
export type Correction = 'bonferroni' | 'holm' | 'benjamini-hochberg'

/**
 * p-values that may be compared with the level as if each were alone.
 *
 * @returns Adjusted values in the order of the p-values.
 * @throws RangeError unless every p lies between 0 and 1.
 * @see Holm (1979), "A simple sequentially rejective multiple test procedure"; Benjamini & Hochberg (1995),
 * "Controlling the False Discovery Rate".
 */
export function adjustPValues(pValues: readonly number[], correction: Correction): number[] {
  pValues.forEach((p, i) => checkBetween(`pValues[${i}]`, p, 0, 1))
  const m = pValues.length
  const rising = pValues.map((_, i) => i).sort((a, b) => (pValues[a] as number) - (pValues[b] as number))
  const adjusted = Array.from<number>({ length: m })
  switch (correction) {
    case 'bonferroni':
      return pValues.map((p) => Math.min(1, p * m))
    case 'holm': {
      let highest = 0
      rising.forEach((test, rank) => {
        highest = Math.max(highest, Math.min(1, (m - rank) * (pValues[test] as number)))
        adjusted[test] = highest
      })
      return adjusted
    }
    case 'benjamini-hochberg': {
      let lowest = 1
      for (let rank = m; rank >= 1; rank--) {
        const test = rising[rank - 1] as number
        lowest = Math.min(lowest, ((pValues[test] as number) * m) / rank)
        adjusted[test] = lowest
      }
      return adjusted
    }
  }
}
