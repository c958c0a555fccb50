/** Where a customer stands in the lifecycle, and why. */

import type { CustomerView } from './condition.ts'
import type { ChurnSetback, LifecycleDefinition, StageRule } from './definitions.ts'
import { holds } from './evaluate.ts'
import type { Stage } from './snapshot.ts'
import type { EpochMs } from './time.ts'

export interface Standing {
  readonly stage: Stage
  /** Why this stage, in plain words. */
  readonly reason: string
  /** Churn risk has crossed the upper threshold and not yet fallen below the lower one. */
  readonly atRisk: boolean
}

/**
 * The highest stage whose rule holds, unless churn risk holds the customer back. Total: whoever is known stands in the
 * lowest stage at least.
 */
export function stageOf(view: CustomerView, lifecycle: LifecycleDefinition, nowMs: EpochMs): Standing {
  const atRisk = isAtRisk(view, lifecycle.churn)
  const earned = highestRule(view, lifecycle.stages, nowMs)
  if (atRisk && lifecycle.churn.from.includes(earned.stage)) {
    return { stage: lifecycle.churn.to, reason: setbackReason(view, lifecycle.churn), atRisk }
  }
  return { stage: earned.stage, reason: earned.because, atRisk }
}

/** Enters at one threshold and leaves at a lower one, so that a score that trembles moves nobody to and fro. */
function isAtRisk({ customer, scores }: CustomerView, churn: ChurnSetback): boolean {
  const risk = scores.churn?.value
  if (risk === undefined) return customer.atRisk
  return customer.atRisk ? risk >= churn.leave : risk >= churn.enter
}

function highestRule(view: CustomerView, stages: readonly StageRule[], nowMs: EpochMs): StageRule {
  for (let i = stages.length - 1; i > 0; i--) {
    const rule = stages[i] as StageRule
    if (rule.if === null || holds(rule.if, view, nowMs)) return rule
  }
  return stages[0] ?? { stage: 'acquire', because: 'known', if: null }
}

function setbackReason({ customer, scores }: CustomerView, churn: ChurnSetback): string {
  const risk = scores.churn === undefined ? 'unknown' : scores.churn.value.toFixed(2)
  return customer.atRisk
    ? `churn risk ${risk} is not yet below ${churn.leave}`
    : `churn risk ${risk} has reached ${churn.enter}`
}
