/** Lives lived through with a witness of every promise beside them, and a report of what came of it. */

import type { Definitions } from '../domain/definitions.ts'
import type { EpochMs } from '../domain/time.ts'
import type { Pools } from './offer-book.ts'
import { Reporter, type SimulationReport } from './report.ts'
import type { TimedShopChange } from './shop-changes.ts'
import { simulate } from './simulate.ts'
import type { Clerk, Life, Rules } from './simulation.ts'
import { type Invariant, type Violation, Witness } from './witness.ts'

export interface Watched {
  readonly definitions: Definitions
  readonly lives: readonly Life[]
  readonly fromMs: EpochMs
  readonly toMs: EpochMs
  readonly changes?: readonly TimedShopChange[]
  readonly clerk?: Clerk
  readonly pools?: Pools
  readonly rules?: Rules
  readonly onProgress?: (share: number) => void
}

export interface WatchedResult {
  readonly report: SimulationReport
  /** All of them together; 0 is the promise. */
  readonly violations: number
  readonly violationsBy: Readonly<Record<Invariant, number>>
  /** The first of them. */
  readonly examples: readonly Violation[]
  /** Different time zones among the customers who arrived. */
  readonly timeZones: number
}

export function liveWatched({ onProgress, pools = {}, ...simulation }: Watched): WatchedResult {
  const { definitions, fromMs, toMs } = simulation
  const witness = new Witness(definitions, pools)
  const reporter = new Reporter(definitions, fromMs)
  const lived = simulate({
    ...simulation,
    pools,
    observers: [witness, reporter],
    ...(onProgress === undefined
      ? {}
      : { onProgress: (atMs: EpochMs) => onProgress((atMs - fromMs) / (toMs - fromMs)) }),
  })
  return {
    report: reporter.report(lived),
    violations: witness.total,
    violationsBy: Object.fromEntries(witness.counts) as Record<Invariant, number>,
    examples: witness.violations,
    timeZones: new Set(lived.map(({ timeZone }) => timeZone)).size,
  }
}
