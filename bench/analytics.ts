/**
 * The analytics beside their references: the same work on the same data in the same run, turn about, median of five.
 *
 *   npm run -s bench -- analytics [--only 'TEXT|TEXT'] [--runs 5] [--json]
 *
 * References are Python packages (one thread) and npm packages, installed once into the cache folder. Data comes from the
 * folder that PERENNIAL_SHARED names. A row whose reference or data is missing is skipped, and says why.
 */

import { clusterRows } from './analytics/cluster-rows.ts'
import { forecastRows } from './analytics/forecast-rows.ts'
import { logisticRows } from './analytics/logistic-rows.ts'
import { memoryRows } from './analytics/memory-rows.ts'
import { patternRows } from './analytics/pattern-rows.ts'
import { recommendRows } from './analytics/recommend-rows.ts'
import { report, sayOutcome } from './analytics/report.ts'
import { runRows } from './analytics/run-rows.ts'
import { valueRows } from './analytics/value-rows.ts'
import { BenchUsageError, runBench, wholeNumber } from './support/bench.ts'

const timed = [...logisticRows, ...valueRows, ...patternRows, ...clusterRows, ...recommendRows, ...forecastRows]

await runBench('analytics', { only: '', runs: '5' }, async ({ only, runs }) => {
  const parts = only.toLowerCase().split('|')
  const wanted = ({ name, tool }: { readonly name: string; readonly tool: string }): boolean =>
    parts.some((part) => `${name} ${tool}`.toLowerCase().includes(part))
  const [rows, memory] = [timed.filter(wanted), memoryRows.filter(wanted)]
  if (rows.length + memory.length === 0) {
    throw new BenchUsageError(`--only: ${JSON.stringify(only)} must be part of a row's name or tool`)
  }
  const outcomes = await runRows(rows, wholeNumber('runs', runs, 1))
  for (const row of memory) {
    const outcome = await row.measure()
    sayOutcome(outcome)
    outcomes.push(outcome)
  }
  return report(outcomes)
})
