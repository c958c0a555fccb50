/** How alike two customers or two items are: cosine, Pearson and Euclidean. Here for plain vectors. */

import { checkAllFinite, refuse } from '../core/check.ts'

/** The three similarities. All are at most 1; only Pearson's may be negative. */
export type SimilarityKind = 'cosine' | 'pearson' | 'euclidean'

/**
 * What a similarity that rests on few co-ratings is multiplied with: co-ratings / (co-ratings + strength). A strength
 * of 0 leaves similarities as they are.
 *
 * @see Bell & Koren (2007), "Improved Neighborhood-based Collaborative Filtering", section 3.
 */
export function shrinkage(coRatings: number, strength: number): number {
  return strength === 0 ? 1 : coRatings / (coRatings + strength)
}

/**
 * The cosine of the angle between two vectors; 0 if one of them is all zeros.
 *
 * @throws RangeError if the vectors differ in length, are empty or hold a value that is not finite.
 */
export function cosineSimilarity(a: ArrayLike<number>, b: ArrayLike<number>): number {
  checkPair(a, b)
  return cosineAround(a, 0, b, 0)
}

/** Pearson's correlation of two vectors, 0 if one of them is constant. @throws RangeError as {@link cosineSimilarity}. */
export function pearsonSimilarity(a: ArrayLike<number>, b: ArrayLike<number>): number {
  checkPair(a, b)
  return isConstant(a) || isConstant(b) ? 0 : cosineAround(a, mean(a), b, mean(b))
}

/** 1 / (1 + Euclidean distance): 1 for equal vectors, towards 0 far apart. @throws RangeError as {@link cosineSimilarity}. */
export function euclideanSimilarity(a: ArrayLike<number>, b: ArrayLike<number>): number {
  checkPair(a, b)
  let squares = 0
  for (let i = 0; i < a.length; i++) squares += ((a[i] as number) - (b[i] as number)) ** 2
  return 1 / (1 + Math.sqrt(squares))
}

function cosineAround(a: ArrayLike<number>, centreA: number, b: ArrayLike<number>, centreB: number): number {
  let products = 0
  let squaresA = 0
  let squaresB = 0
  for (let i = 0; i < a.length; i++) {
    const x = (a[i] as number) - centreA
    const y = (b[i] as number) - centreB
    products += x * y
    squaresA += x * x
    squaresB += y * y
  }
  const norms = Math.sqrt(squaresA) * Math.sqrt(squaresB)
  return norms === 0 ? 0 : Math.max(-1, Math.min(1, products / norms))
}

function mean(values: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i] as number
  return sum / values.length
}

function isConstant(values: ArrayLike<number>): boolean {
  for (let i = 1; i < values.length; i++) if (values[i] !== values[0]) return false
  return true
}

function checkPair(a: ArrayLike<number>, b: ArrayLike<number>): void {
  if (a.length !== b.length) refuse('b', b.length, `must be as long as a (${a.length})`)
  checkAllFinite('a', a)
  checkAllFinite('b', b)
}
