/** Choosing K, N and the weights of a hybrid by what ranks best on interactions held out in turn. */

import { checkWhole, refuse } from '../core/check.ts'
import { customerScorer } from './customer-based.ts'
import { candidateCount, countedCustomers, type HoldOut, holdOutEvery } from './hold-out.ts'
import { addWeighted } from './hybrid.ts'
import type { Interactions } from './interactions.ts'
import { itemScorer } from './item-based.ts'
import { nearestOf, nearestRows, neighbourOf } from './nearest-rows.ts'
import {
  itemsWithInteractions,
  ListCollector,
  minMaxScale,
  type RankedLists,
  rankForCustomers,
  type Scorer,
  withhold,
} from './ranking.ts'
import { type RankingMetrics, rankingMetrics } from './ranking-metrics.ts'
import type { SimilarityKind } from './similarity.ts'
import { rowIndices, type SparsePattern, transposedPattern } from './sparse-matrix.ts'

/** The figures of {@link RankingMetrics} that a choice may go by. */
export type RankingMeasure = 'precision' | 'recall' | 'f1' | 'map' | 'ndcg' | 'hitRate'

/** What is tried for collaborative filtering. */
export interface NeighbourSearch {
  readonly by: 'items' | 'customers'
  readonly similarity: SimilarityKind
  /** The values of K to try. */
  readonly neighbours: readonly number[]
  /** The values of N to try. */
  readonly tops: readonly number[]
  /** Fold f holds out the interactions whose place leaves remainder f; 3 by default. */
  readonly folds?: number
  readonly shrinkage?: number
  /** `ndcg` by default. To compare values of N choose `f1`, which neither a short nor a long list wins by itself. */
  readonly measure?: RankingMeasure
}

/** One setting and how it did. */
export interface Tried<Setting> {
  readonly setting: Setting
  /** The mean over the folds. */
  readonly mean: number
  readonly folds: readonly number[]
}

/** All settings in the order tried, and the best; the first of equals. */
export interface Choice<Setting> {
  readonly best: Setting
  readonly tried: readonly Tried<Setting>[]
}

/**
 * Tries every K with every N.
 *
 * @throws RangeError if there is nothing to try, a K or N is below 1, there are fewer than 2 folds, or a fold has no
 * customer to count.
 */
export function chooseNeighbours(
  interactions: Interactions,
  search: NeighbourSearch,
): Choice<{ neighbours: number; top: number }> {
  const { measure = 'ndcg', neighbours, tops } = search
  const settings = neighbours.flatMap((k) => tops.map((top) => ({ neighbours: k, top })))
  if (settings.length === 0) refuse('neighbours, tops', 'nothing', 'must hold at least one value each')
  const folds = foldsOf(interactions, search.folds ?? 3).map((fold) => {
    const rank = neighbourRanker(fold, search)
    return neighbours.flatMap((k) => {
      const lists = rank(k)
      return tops.map((top) => judged(fold, lists, top)[measure])
    })
  })
  return choose(settings, folds)
}

/** What is tried for a hybrid. */
export interface WeightSearch {
  /** The methods to weigh, each learning from `train` only. */
  readonly scorers: (train: SparsePattern) => readonly Scorer[]
  /** N. */
  readonly top: number
  /** The weights are multiples of 1 / steps that add up to 1; 10 by default. */
  readonly steps?: number
  readonly folds?: number
  readonly measure?: RankingMeasure
}

/**
 * Tries every way to share the weight between the methods.
 *
 * @throws RangeError if there are fewer than two methods, N or `steps` is below 1, there are fewer than 2 folds, or a
 * fold has no customer to count.
 */
export function chooseHybridWeights(interactions: Interactions, search: WeightSearch): Choice<readonly number[]> {
  const { measure = 'ndcg', steps = 10, top } = search
  checkWhole('steps', steps, 1)
  let settings: readonly (readonly number[])[] = []
  const folds = foldsOf(interactions, search.folds ?? 3).map((fold) => {
    const scorers = search.scorers(fold.train)
    if (scorers.length < 2) refuse('scorers', scorers.length, 'must be at least two methods')
    settings = sharesOf(steps, scorers.length).map((shares) => shares.map((share) => share / steps))
    return rankWithWeights(fold, scorers, settings, top).map((lists) => judged(fold, lists, top)[measure])
  })
  return choose(settings, folds)
}

/** Ranks a fold's customers for any K; the neighbours are searched only once. */
function neighbourRanker({ train, relevant }: HoldOut, search: NeighbourSearch): (neighbours: number) => RankedLists {
  const { similarity, shrinkage = 0 } = search
  const options = { similarity, shrinkage, neighbours: Math.max(...search.neighbours) }
  const widest = nearestRows(search.by === 'items' ? transposedPattern(train) : train, options)
  const customers = countedCustomers(relevant)
  return (neighbours) => {
    const nearest = nearestOf(widest, neighbours)
    const scorer =
      search.by === 'items'
        ? itemScorer(train, { nearest, nearestOf: neighbourOf(nearest) })
        : customerScorer(train, nearest)
    return rankForCustomers(train, scorer, Math.max(...search.tops), customers)
  }
}

/** For each setting the lists of a fold's customers; the methods' scores are made only once. */
function rankWithWeights(
  { train, relevant }: HoldOut,
  scorers: readonly Scorer[],
  settings: readonly (readonly number[])[],
  top: number,
): RankedLists[] {
  const customers = countedCustomers(relevant)
  const available = itemsWithInteractions(train)
  const collectors = settings.map(() => new ListCollector(customers.length, train.columns, top))
  const partials = scorers.map(() => new Float64Array(train.columns))
  const scores = new Float64Array(train.columns)
  for (const customer of customers) {
    scorers.forEach((scorer, method) => {
      const partial = partials[method] as Float64Array
      scorer(customer, partial)
      withhold(partial, available, rowIndices(train, customer))
      minMaxScale(partial)
    })
    settings.forEach((weights, setting) => {
      scores.fill(0)
      weights.forEach((weight, method) => {
        if (weight > 0) addWeighted(scores, partials[method] as Float64Array, weight)
      })
      collectors[setting]?.add(customer, scores)
    })
  }
  return collectors.map((collector) => collector.finish())
}

function foldsOf(interactions: Interactions, folds: number): HoldOut[] {
  checkWhole('folds', folds, 2)
  return Array.from({ length: folds }, (_, fold) => holdOutEvery(interactions, folds, fold))
}

function judged({ train, relevant }: HoldOut, lists: RankedLists, top: number): RankingMetrics {
  return rankingMetrics(lists, relevant, top, candidateCount(train))
}

/** @param folds For each fold, how each setting did. */
function choose<Setting>(settings: readonly Setting[], folds: readonly (readonly number[])[]): Choice<Setting> {
  const tried = settings.map((setting, i) => {
    const values = folds.map((fold) => fold[i] as number)
    return { setting, mean: values.reduce((sum, value) => sum + value, 0) / values.length, folds: values }
  })
  const best = tried.reduce((winner, next) => (next.mean > winner.mean ? next : winner))
  return { best: best.setting, tried }
}

/** All ways to write `total` as a sum of `parts` whole numbers from 0, the first part's largest first. */
function sharesOf(total: number, parts: number): number[][] {
  if (parts === 1) return [[total]]
  const shares: number[][] = []
  for (let first = total; first >= 0; first--) {
    for (const rest of sharesOf(total - first, parts - 1)) shares.push([first, ...rest])
  }
  return shares
}
