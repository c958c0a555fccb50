/**
 * Experiments with `allocation: thompson` learn from what came of their messages: the share of a variant is the
 * probability that it is the one after which most customers buy. Only customers who are given a variant from then on
 * notice; whoever has one keeps it.
 */

import type { ConversionArm } from '../analytics/experiments/arms.ts'
import { thompsonShares } from '../analytics/experiments/thompson.ts'
import { type Definitions, experimentKey } from '../domain/definitions.ts'
import type { ExperimentStep } from '../domain/steps.ts'
import { dayMs, hourMs } from '../domain/time.ts'
import { loadDefinitions } from '../store/campaigns.ts'
import type { Database } from '../store/database.ts'
import {
  learnedAtMs,
  type Shares,
  saveAllocations,
  type VariantOutcome,
  variantOutcomes,
} from '../store/experiment-allocations.ts'

/** Within so many days after they were given a variant customers may buy because of it. */
const withinDays = 7
/** What is older says little of today's customers. */
const mostDays = 180
const everyMs = hourMs
/** No variant gets less, so that a change of taste is still noticed. */
const least = 0.05

/** Learns anew once an hour. Twice at the same time does no harm. @returns false: there is no more to do at once. */
export async function learnShares(database: Pick<Database, 'pool'>, nowMs: number): Promise<false> {
  const { pool } = database
  const lastMs = await learnedAtMs(pool)
  if (lastMs !== null && nowMs - lastMs < everyMs) return false
  const learning = experimentsThatLearn(await loadDefinitions(database))
  if (learning.size === 0 && lastMs === null) return false
  const wanted = { sinceMs: nowMs - mostDays * dayMs, nowMs, withinDays }
  const outcomes = await variantOutcomes(pool, [...learning.keys()], wanted)
  const shares = new Map([...learning].flatMap(([key, step]) => sharesOf(key, step, outcomes) ?? []))
  await saveAllocations(pool, shares, nowMs)
  return false
}

function experimentsThatLearn({ live }: Definitions): Map<string, ExperimentStep> {
  return new Map(
    live.flatMap((journey) =>
      journey.steps.flatMap((step) =>
        step.type === 'experiment' && step.allocation === 'thompson'
          ? [[experimentKey(journey.key, step.id), step] as const]
          : [],
      ),
    ),
  )
}

/** Until something is known of every variant the shares of the document hold. */
function sharesOf(
  experiment: string,
  { variants }: ExperimentStep,
  outcomes: readonly VariantOutcome[],
): [readonly [string, Shares]] | undefined {
  const names = variants.filter(({ isHoldOut }) => !isHoldOut).map(({ name }) => name)
  const arms = names.map((name): ConversionArm => {
    const found = outcomes.find((one) => one.experiment === experiment && one.variant === name)
    return { n: found?.customers ?? 0, conversions: found?.buyers ?? 0 }
  })
  if (arms.length === 0 || arms.some(({ n }) => n === 0)) return undefined
  const shares = thompsonShares(arms, Math.min(least, 1 / (2 * names.length)))
  return [[experiment, Object.fromEntries(names.map((name, i) => [name, shares[i] as number]))]]
}
