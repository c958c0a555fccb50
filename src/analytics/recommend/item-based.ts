/** Item-based collaborative filtering: "people who have what you have also have this". */

import { checkWhole } from '../core/check.ts'
import { type NeighbourLists, type NeighbourOptions, nearestOf, nearestRows, neighbourOf } from './nearest-rows.ts'
import type { Scorer } from './ranking.ts'
import { rowIndices, type SparsePattern, transposedPattern } from './sparse-matrix.ts'

/** The K nearest items of every item, both ways round. */
export interface ItemNeighbours {
  /** The nearest items of each candidate, nearest first. */
  readonly nearest: NeighbourLists
  /** For each item, the candidates that have it among their nearest. */
  readonly nearestOf: NeighbourLists
}

/** An item that speaks for a recommendation: "because you bought …". */
export interface ItemReason {
  readonly item: number
  readonly similarity: number
  /** This item's part in the score, from 0 to 1. */
  readonly share: number
}

/**
 * Finds the nearest items of every item.
 *
 * @param interactions Customers × items.
 * @throws RangeError if an option breaks its rule.
 * @see Sarwar et al. (2001), "Item-based collaborative filtering recommendation algorithms".
 */
export function fitItemNeighbours(interactions: SparsePattern, options: NeighbourOptions): ItemNeighbours {
  return bothWays(nearestRows(transposedPattern(interactions), options))
}

/** The model with fewer neighbours an item, without searching again. @throws RangeError unless K is at least 1. */
export function withNeighbours(model: ItemNeighbours, neighbours: number): ItemNeighbours {
  return bothWays(nearestOf(model.nearest, neighbours))
}

/**
 * Scores every item for someone who has the `owned` items: score(i) = Σ similarity(i, j) over those of the K nearest
 * items j *of the candidate i* that are owned. Taking the K nearest of the owned items instead favours items that sit
 * in many lists; it looks alike and ranks far worse.
 *
 * @param scores One per item; overwritten.
 */
export function scoreByItems(model: ItemNeighbours, owned: ArrayLike<number>, scores: Float64Array): void {
  const { starts, neighbours, similarities } = model.nearestOf
  scores.fill(0)
  for (let o = 0; o < owned.length; o++) {
    const item = owned[o] as number
    const end = starts[item + 1] as number
    for (let e = starts[item] as number; e < end; e++) {
      const candidate = neighbours[e] as number
      scores[candidate] = (scores[candidate] as number) + (similarities[e] as number)
    }
  }
}

/** A scorer for the customers of a matrix. */
export function itemScorer(interactions: SparsePattern, model: ItemNeighbours): Scorer {
  return (customer, scores) => scoreByItems(model, rowIndices(interactions, customer), scores)
}

/**
 * Why the item was recommended: the owned items among its nearest, most alike first, at most `most`.
 *
 * @throws RangeError if there is no such item.
 */
export function explainByItems(
  model: ItemNeighbours,
  owned: Iterable<number>,
  item: number,
  most: number,
): ItemReason[] {
  const { rows, starts, neighbours, similarities } = model.nearest
  checkWhole('item', item, 0, rows - 1)
  const has = new Set(owned)
  const reasons: { item: number; similarity: number }[] = []
  let score = 0
  for (let e = starts[item] as number; e < (starts[item + 1] as number); e++) {
    const neighbour = neighbours[e] as number
    const similarity = similarities[e] as number
    if (!has.has(neighbour)) continue
    score += similarity
    reasons.push({ item: neighbour, similarity })
  }
  return reasons.slice(0, most).map(({ item: owned, similarity }) => ({
    item: owned,
    similarity,
    share: similarity / score,
  }))
}

function bothWays(nearest: NeighbourLists): ItemNeighbours {
  return { nearest, nearestOf: neighbourOf(nearest) }
}
