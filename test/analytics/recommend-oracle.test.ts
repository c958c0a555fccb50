/** The recommenders on real purchases, against the reference answers. */

import { beforeAll, describe, expect, test } from 'vitest'
import { chooseNeighbours } from '../../src/analytics/recommend/cross-validation.ts'
import { customerScorer, fitCustomerNeighbours } from '../../src/analytics/recommend/customer-based.ts'
import { evaluateScorer, type HoldOut, holdOutEvery } from '../../src/analytics/recommend/hold-out.ts'
import { type Interactions, selectInteractions } from '../../src/analytics/recommend/interactions.ts'
import { fitItemNeighbours, itemScorer } from '../../src/analytics/recommend/item-based.ts'
import { popularityScorer } from '../../src/analytics/recommend/popularity.ts'
import { rankForCustomers } from '../../src/analytics/recommend/ranking.ts'
import { averagePrecision, gradedNdcg, type RankingMetrics } from '../../src/analytics/recommend/ranking-metrics.ts'
import { cosineSimilarity, euclideanSimilarity, pearsonSimilarity } from '../../src/analytics/recommend/similarity.ts'
import { retailInteractions } from './support/retail.ts'
import { hasShared, needsShared, oracle } from './support/shared.ts'

interface Metrics {
  readonly n_users: number
  readonly precision: number
  readonly recall: number
  readonly f1: number
  readonly ndcg: number
  readonly map: number
  readonly hit_rate: number
  readonly coverage: number
}

interface RetailAnswers {
  readonly config: { readonly mod: number; readonly rem: number }
  readonly n_train: number
  readonly popularity: Record<string, Metrics>
  readonly item_cosine: Record<string, Record<string, Metrics>>
  readonly user_cosine: Record<string, Record<string, Metrics>>
  readonly item_cosine_K50_top10_examples: Record<string, number[]>
  readonly item_sim_examples: Record<string, [number, number][]>
  readonly cv_item_cosine: {
    readonly results: Record<string, { readonly mean_ndcg10: number; readonly folds: number[] }>
    readonly best_K: number
  }
}

/** What our metrics must equal, to nine places. */
function like(theirs: Metrics): RankingMetrics {
  const close = (value: number): number => expect.closeTo(value, 9) as number
  return {
    customers: theirs.n_users,
    precision: close(theirs.precision),
    recall: close(theirs.recall),
    f1: close(theirs.f1),
    map: close(theirs.map),
    ndcg: close(theirs.ndcg),
    hitRate: close(theirs.hit_rate),
    coverage: close(theirs.coverage),
  }
}

describe.skipIf(!hasShared)(`on Online Retail${needsShared}`, () => {
  let answers: RetailAnswers
  let interactions: Interactions
  let split: HoldOut

  beforeAll(() => {
    answers = (oracle('cf') as RetailAnswers[])[0]!
    interactions = retailInteractions('United Kingdom')
    split = holdOutEvery(interactions, answers.config.mod, answers.config.rem)
  }, 120_000)

  test('the split has as many training rows', () => {
    expect(split.train.indices).toHaveLength(answers.n_train)
  })

  test('popularity ranks as the reference does', () => {
    for (const [top, theirs] of Object.entries(answers.popularity)) {
      expect(evaluateScorer(split, popularityScorer(split.train), Number(top))).toEqual(like(theirs))
    }
  })

  test('item-based filtering ranks as the reference does, for every K and N', () => {
    for (const [k, byTop] of Object.entries(answers.item_cosine)) {
      const neighbours = k === 'None' ? 1e9 : Number(k)
      const scorer = itemScorer(split.train, fitItemNeighbours(split.train, { similarity: 'cosine', neighbours }))
      for (const [top, theirs] of Object.entries(byTop)) {
        expect(evaluateScorer(split, scorer, Number(top))).toEqual(like(theirs))
      }
    }
  })

  test('customer-based filtering ranks as the reference does, for every K', () => {
    for (const [k, byTop] of Object.entries(answers.user_cosine)) {
      const options = { similarity: 'cosine', neighbours: Number(k) } as const
      const scorer = customerScorer(split.train, fitCustomerNeighbours(split.train, options))
      for (const [top, theirs] of Object.entries(byTop)) {
        expect(evaluateScorer(split, scorer, Number(top))).toEqual(like(theirs))
      }
    }
  })

  test('nearest items and whole lists are the same, item for item', () => {
    const model = fitItemNeighbours(split.train, { similarity: 'cosine', neighbours: 50 })
    const { starts, neighbours, similarities } = model.nearest
    for (const [item, theirs] of Object.entries(answers.item_sim_examples)) {
      const start = starts[Number(item)]!
      expect(Array.from(neighbours.slice(start, start + 5))).toEqual(theirs.map(([other]) => other))
      theirs.forEach(([, similarity], i) => expect(similarities[start + i]).toBeCloseTo(similarity, 12))
    }
    for (const [id, theirs] of Object.entries(answers.item_cosine_K50_top10_examples)) {
      const customer = Int32Array.of(interactions.customerIds.indexOf(id))
      const lists = rankForCustomers(split.train, itemScorer(split.train, model), 10, customer)
      expect(Array.from(lists.items)).toEqual(theirs)
    }
  })

  test('cross-validation gives every K the same figure and chooses the same K', () => {
    const { mod, rem } = answers.config
    const { results, best_K } = answers.cv_item_cosine
    const training = selectInteractions(interactions, (pair) => pair % mod !== rem)
    const neighbours = Object.keys(results).map(Number)
    const choice = chooseNeighbours(training, { by: 'items', similarity: 'cosine', neighbours, tops: [10] })
    expect(choice.best).toEqual({ neighbours: best_K, top: 10 })
    for (const { setting, mean, folds } of choice.tried) {
      const theirs = results[setting.neighbours]!
      expect(mean).toBeCloseTo(theirs.mean_ndcg10, 9)
      folds.forEach((value, fold) => expect(value).toBeCloseTo(theirs.folds[fold]!, 9))
    }
  })

  test('the nearest of the owned item instead of the candidate ranks far worse', () => {
    const options = { similarity: 'cosine', neighbours: 50 } as const
    const { nearest, nearestOf } = fitItemNeighbours(split.train, options)
    const right = evaluateScorer(split, itemScorer(split.train, { nearest, nearestOf }), 10)
    const wrong = evaluateScorer(split, itemScorer(split.train, { nearest, nearestOf: nearest }), 10)
    expect(right.ndcg).toBeGreaterThan(wrong.ndcg + 0.03)
  })
})

describe.skipIf(!hasShared)(`on small vectors${needsShared}`, () => {
  interface Vectors {
    readonly graded_relevance_in_rank_order: number[]
    readonly ndcg_exp2: Record<string, number>
    readonly ndcg_linear: Record<string, number>
    readonly ap_all: number
    readonly similarity: {
      readonly a: number[]
      readonly b: number[]
      readonly cosine: number
      readonly pearson: number
      readonly euclid_sim: number
    }
  }

  test('graded NDCG, average precision and the similarities of vectors are the reference’s', () => {
    const answers = oracle('metrics') as Vectors
    const relevance = answers.graded_relevance_in_rank_order
    for (const [top, value] of Object.entries(answers.ndcg_exp2)) {
      expect(gradedNdcg(relevance, Number(top))).toBeCloseTo(value, 12)
    }
    for (const [top, value] of Object.entries(answers.ndcg_linear)) {
      expect(gradedNdcg(relevance, Number(top), 'linear')).toBeCloseTo(value, 12)
    }
    expect(averagePrecision(relevance)).toBeCloseTo(answers.ap_all, 12)
    const { a, b, cosine, pearson, euclid_sim } = answers.similarity
    expect(cosineSimilarity(a, b)).toBeCloseTo(cosine, 12)
    expect(pearsonSimilarity(a, b)).toBeCloseTo(pearson, 12)
    expect(euclideanSimilarity(a, b)).toBeCloseTo(euclid_sim, 12)
  })
})
