/** Content-based recommendation: items whose attributes are like those of what the customer took up. */

import { refuse } from '../core/check.ts'
import type { Scorer } from './ranking.ts'
import { rowIndices, type SparseMatrix, type SparsePattern, transposed } from './sparse-matrix.ts'

/** Items and their attributes, ready for scoring. */
export interface ContentModel {
  /** Items × attributes. */
  readonly attributes: SparseMatrix
  /** Attributes × items: the same by columns. */
  readonly byAttribute: SparseMatrix
  /** The length of each item's attribute vector. */
  readonly norms: Float64Array
}

/** An attribute that speaks for a recommendation: "because you like …". */
export interface AttributeReason {
  readonly attribute: number
  /** This attribute's part in the positive contributions to the score, from 0 to 1. */
  readonly share: number
}

/**
 * Prepares items for content-based scoring.
 *
 * @param attributes Items × attributes, for example 0/1 for each category, or numbers of like scale.
 */
export function contentModel(attributes: SparseMatrix): ContentModel {
  const scaled = { ...attributes, values: withinReach(attributes.values) }
  const norms = new Float64Array(attributes.rows)
  for (let item = 0; item < attributes.rows; item++) {
    let squares = 0
    for (let e = scaled.starts[item] as number; e < (scaled.starts[item + 1] as number); e++) {
      squares += (scaled.values[e] as number) ** 2
    }
    norms[item] = Math.sqrt(squares)
  }
  return { attributes: scaled, byAttribute: transposed(scaled), norms }
}

/**
 * What someone likes: the mean of the attributes of the items they took up; for 0/1 attributes, the frequency of each.
 * All zeros without an item.
 *
 * @param items What they bought, viewed or liked.
 * @param weights How much each of them counts, for example a view less than a purchase; 1 each by default.
 * @throws RangeError if the weights do not match the items or one of them is negative or not finite.
 */
export function contentProfile(
  model: ContentModel,
  items: ArrayLike<number>,
  weights?: ArrayLike<number>,
): Float64Array {
  if (weights !== undefined) checkWeights(weights, items.length)
  const { starts, indices, values, columns } = model.attributes
  const profile = new Float64Array(columns)
  let total = 0
  for (let i = 0; i < items.length; i++) {
    const item = items[i] as number
    const weight = weights?.[i] ?? 1
    total += weight
    for (let e = starts[item] as number; e < (starts[item + 1] as number); e++) {
      const attribute = indices[e] as number
      profile[attribute] = (profile[attribute] as number) + weight * (values[e] as number)
    }
  }
  return total === 0 ? profile : profile.map((sum) => sum / total)
}

/**
 * Scores every item by the cosine of its attributes with the profile; 0 where either is all zeros. An item needs no
 * interaction for it: this is how new items are found.
 *
 * @param scores One per item; overwritten.
 */
export function scoreByContent(model: ContentModel, profile: Float64Array, scores: Float64Array): void {
  const { starts, indices, values } = model.byAttribute
  scores.fill(0)
  let squares = 0
  for (let attribute = 0; attribute < profile.length; attribute++) {
    const weight = profile[attribute] as number
    if (weight === 0) continue
    squares += weight * weight
    const end = starts[attribute + 1] as number
    for (let e = starts[attribute] as number; e < end; e++) {
      const item = indices[e] as number
      scores[item] = (scores[item] as number) + weight * (values[e] as number)
    }
  }
  const length = Math.sqrt(squares)
  if (length === 0) return
  for (let item = 0; item < scores.length; item++) {
    const norm = model.norms[item] as number
    scores[item] = norm === 0 ? 0 : (scores[item] as number) / (length * norm)
  }
}

/** A scorer for the customers of a matrix whose columns are the model's items. */
export function contentScorer(interactions: SparsePattern, model: ContentModel): Scorer {
  if (model.attributes.rows !== interactions.columns) {
    refuse('attributes', model.attributes.rows, `must have a row for each of the ${interactions.columns} items`)
  }
  return (customer, scores) => scoreByContent(model, contentProfile(model, rowIndices(interactions, customer)), scores)
}

/** Why the item was recommended: the attributes that profile and item have in common, weightiest first. */
export function explainByContent(
  model: ContentModel,
  profile: Float64Array,
  item: number,
  most: number,
): AttributeReason[] {
  const { starts, indices, values } = model.attributes
  const parts: { attribute: number; part: number }[] = []
  for (let e = starts[item] as number; e < (starts[item + 1] as number); e++) {
    const attribute = indices[e] as number
    const part = (profile[attribute] as number) * (values[e] as number)
    if (part > 0) parts.push({ attribute, part })
  }
  const total = parts.reduce((sum, { part }) => sum + part, 0)
  return parts
    .sort((a, b) => b.part - a.part || a.attribute - b.attribute)
    .slice(0, most)
    .map(({ attribute, part }) => ({ attribute, share: part / total }))
}

/** A cosine does not mind a common factor; a power of two keeps squares from overflowing and rounds nothing. */
function withinReach(values: Float64Array): Float64Array {
  let largest = 0
  for (const value of values) largest = Math.max(largest, Math.abs(value))
  if (largest === 0) return values
  const factor = 2 ** -Math.floor(Math.log2(largest))
  return Number.isFinite(factor) ? values.map((value) => value * factor) : values
}

function checkWeights(weights: ArrayLike<number>, count: number): void {
  if (weights.length !== count) refuse('weights', weights.length, `must be as many as the items (${count})`)
  for (let i = 0; i < count; i++) {
    const weight = weights[i] as number
    if (!(Number.isFinite(weight) && weight >= 0)) refuse(`weights[${i}]`, weight, 'must be finite and not negative')
  }
}
