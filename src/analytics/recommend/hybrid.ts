/** Hybrid recommendation: the scores of several methods, made comparable and added up. */

import { refuse } from '../core/check.ts'
import { itemsWithInteractions, minMaxScale, type Scorer, withhold } from './ranking.ts'
import { rowIndices, type SparsePattern } from './sparse-matrix.ts'

/** One method and how much it counts. */
export interface HybridPart {
  readonly scorer: Scorer
  /** Finite and not negative. */
  readonly weight: number
}

/**
 * A scorer that scales each method's scores to lie from 0 to 1 over the customer's candidates (constant scores become 0)
 * and adds them up by weight.
 *
 * @param interactions Customers × items: the candidates are the items that anyone has and the customer has not.
 * @param available Which items may be candidates, if not those that anyone has.
 * @throws RangeError if there is no part, a weight is negative or not finite, or all are 0.
 */
export function hybridScorer(
  interactions: SparsePattern,
  parts: readonly HybridPart[],
  available: Uint8Array = itemsWithInteractions(interactions),
): Scorer {
  checkParts(parts)
  const partial = new Float64Array(interactions.columns)
  return (customer, scores) => {
    scores.fill(0)
    const owned = rowIndices(interactions, customer)
    for (const { scorer, weight } of parts) {
      if (weight === 0) continue
      scorer(customer, partial)
      withhold(partial, available, owned)
      minMaxScale(partial)
      addWeighted(scores, partial, weight)
    }
  }
}

/** Adds `weight` times the partial scores; what is withheld there is withheld in the sum. */
export function addWeighted(scores: Float64Array, partial: Float64Array, weight: number): void {
  for (let item = 0; item < scores.length; item++) {
    scores[item] = (scores[item] as number) + weight * (partial[item] as number)
  }
}

function checkParts(parts: readonly HybridPart[]): void {
  if (parts.length === 0) refuse('parts', 'nothing', 'must be at least one method')
  parts.forEach(({ weight }, i) => {
    if (!(Number.isFinite(weight) && weight >= 0)) refuse(`parts[${i}].weight`, weight, 'must be finite, not negative')
  })
  if (parts.every(({ weight }) => weight === 0)) refuse('parts', 'only 0', 'must have a weight above 0')
}
