/** Effects of several treatments that are somewhat alike: what each of them does, drawn towards what all of them do. */

import { checkFinite, refuse } from '../core/check.ts'

export interface EffectEstimate {
  readonly effect: number
  /** The standard error. */
  readonly error: number
}

export interface SharedEffects {
  /** What such a treatment does on average. */
  readonly common: EffectEstimate
  /** The standard deviation between treatments, beyond chance. */
  readonly between: number
  /** One per estimate, in their order: the less is known of one, the nearer it is to what is common. */
  readonly effects: readonly EffectEstimate[]
}

/** Several estimates of one and the same effect, by how sure each is. @throws RangeError as `shareEffects` does. */
export function combineEstimates(estimates: readonly EffectEstimate[]): EffectEstimate {
  checkEstimates(estimates)
  const weights = estimates.map(({ error }) => 1 / error ** 2)
  const total = sum(weights)
  const effect = sum(estimates.map((one, i) => one.effect * (weights[i] as number))) / total
  return { effect, error: Math.sqrt(1 / total) }
}

/**
 * Empirical Bayes with normal errors; the variance between treatments by moments.
 *
 * @throws RangeError unless there is an estimate, effects are finite and errors positive.
 * @see DerSimonian & Laird (1986), "Meta-analysis in clinical trials"; Efron & Morris (1975), "Data analysis using Stein's
 * estimator and its generalizations".
 */
export function shareEffects(estimates: readonly EffectEstimate[]): SharedEffects {
  const fixed = combineEstimates(estimates)
  const weights = estimates.map(({ error }) => 1 / error ** 2)
  const total = sum(weights)
  const scatter = sum(estimates.map(({ effect }, i) => (weights[i] as number) * (effect - fixed.effect) ** 2))
  const spare = total - sum(weights.map((weight) => weight ** 2)) / total
  const variance = spare > 0 ? Math.max(0, (scatter - (estimates.length - 1)) / spare) : 0
  const common = combineEstimates(
    estimates.map(({ effect, error }) => ({ effect, error: Math.hypot(error, Math.sqrt(variance)) })),
  )
  if (variance === 0) return { common, between: 0, effects: estimates.map(() => common) }
  const effects = estimates.map(({ effect, error }) =>
    combineEstimates([
      { effect, error },
      { effect: common.effect, error: Math.sqrt(variance) },
    ]),
  )
  return { common, between: Math.sqrt(variance), effects }
}

function checkEstimates(estimates: readonly EffectEstimate[]): void {
  if (estimates.length === 0) refuse('estimates', 'nothing', 'must hold at least one')
  estimates.forEach(({ effect, error }, i) => {
    checkFinite(`estimates[${i}].effect`, effect)
    if (!(checkFinite(`estimates[${i}].error`, error) > 0)) refuse(`estimates[${i}].error`, error, 'must be positive')
  })
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
