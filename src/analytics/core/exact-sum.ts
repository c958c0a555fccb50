/** Sums that do not lose the small beside the large: prices of cents add up to the cent, not to a hair above it. */

/**
 * The sum of the values, right to the last digit unless they nearly cancel out.
 *
 * @see Neumaier (1974), "Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen".
 */
export function exactSum(values: Iterable<number>): number {
  let sum = 0
  let lost = 0
  for (const value of values) {
    const next = sum + value
    lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum
    sum = next
  }
  return Number.isFinite(sum) ? sum + lost : sum // Beyond the largest double, what was lost is no number.
}
