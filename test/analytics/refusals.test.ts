/** Bad input is refused wherever it comes in: a RangeError that names the argument, the value and the rule. */

import { expect, test } from 'vitest'
import { areaUnderCurve, brierScore, logLoss, thresholdMetrics } from '../../src/analytics/classification-metrics.ts'
import { dbscan } from '../../src/analytics/clustering/dbscan.ts'
import { kMeans } from '../../src/analytics/clustering/k-means.ts'
import { silhouette } from '../../src/analytics/clustering/silhouette.ts'
import { seededRandom } from '../../src/analytics/core/random.ts'
import { expectedLoss, posteriorOf, probabilityBetter } from '../../src/analytics/experiments/bayesian.ts'
import { newcombeInterval } from '../../src/analytics/experiments/proportions.ts'
import { thompsonChoice } from '../../src/analytics/experiments/thompson.ts'
import { encodeFeatures } from '../../src/analytics/feature-encoding.ts'
import { fitLogisticRegression, logisticStandardErrors } from '../../src/analytics/logistic-regression/fit.ts'
import { purchasesByCustomer } from '../../src/analytics/purchases.ts'
import { fitCustomerNeighbours } from '../../src/analytics/recommend/customer-based.ts'
import { holdOutEvery } from '../../src/analytics/recommend/hold-out.ts'
import { indexInteractions, interactionMatrix } from '../../src/analytics/recommend/interactions.ts'
import { popularityScorer } from '../../src/analytics/recommend/popularity.ts'
import { rankForCustomers } from '../../src/analytics/recommend/ranking.ts'
import { cosineSimilarity, euclideanSimilarity, pearsonSimilarity } from '../../src/analytics/recommend/similarity.ts'
import { frequentSequences } from '../../src/analytics/sequences/frequent-sequences.ts'
import { encodeSequences } from '../../src/analytics/sequences/sequence-database.ts'
import { checkedHistory } from '../../src/analytics/value/purchase-history.ts'

const nan = Number.NaN
const infinite = Number.POSITIVE_INFINITY
const line = { rows: 4, columns: 1, values: Float64Array.of(1, 2, 3, 4) }
const classes = [0, 1, 0, 1]
const arm = { n: 10, conversions: 3 }
const shop = indexInteractions(['ada', 'ada', 'bob'], ['tea', 'jam', 'tea'])
const seen = interactionMatrix(shop)
const sequences = encodeSequences([[['a'], ['b']]])
const fit = { intercept: 0, coefficients: Float64Array.of(1) }

test.each<[string, () => unknown, string]>([
  ['a probability of NaN', () => areaUnderCurve([0.1, nan], [0, 1]), 'NaN'],
  ['probabilities of one class', () => areaUnderCurve([0.1, 0.2], [1, 1]), 'target'],
  ['a probability above 1', () => logLoss([1.5], [1]), '1.5'],
  ['no probabilities', () => brierScore([], []), 'must'],
  ['a threshold of NaN', () => thresholdMetrics([0.5], [1], nan), 'threshold: NaN must'],
  ['a target of 2', () => thresholdMetrics([0.5], [2]), 'target[0]: 2 must'],

  ['more conversions than people', () => expectedLoss({ n: 2, conversions: 3 }, arm), 'arm.conversions: 3 must'],
  ['a prior of 0', () => posteriorOf(arm, { alpha: 0, beta: 1 }), 'prior.alpha: 0 must'],
  ['half a person', () => probabilityBetter({ n: 1.5, conversions: 1 }, arm), '.n: 1.5 must'],
  ['an interval of 100 %', () => newcombeInterval(arm, arm, 1), 'level: 1 must'],
  ['an empty arm', () => newcombeInterval({ n: 0, conversions: 0 }, arm), '.n: 0 must'],
  ['no arms', () => thompsonChoice([], seededRandom(1)), 'arms: "nothing" must'],
  ['conversions of NaN', () => thompsonChoice([{ n: 3, conversions: nan }], seededRandom(1)), 'conversions: NaN must'],

  ['a feature of NaN', () => fitLogisticRegression({ ...line, values: Float64Array.of(1, nan, 3, 4) }, classes), 'NaN'],
  ['one class', () => fitLogisticRegression(line, [1, 1, 1, 1]), 'target'],
  ['a penalty below 0', () => fitLogisticRegression(line, classes, { l2: -1 }), 'l2: -1 must'],
  ['a tolerance of NaN', () => fitLogisticRegression(line, classes, { tolerance: nan }), 'tolerance: NaN must'],
  [
    'a constant column',
    () => fitLogisticRegression({ ...line, values: Float64Array.of(2, 2, 2, 2) }, classes),
    'must not be constant',
  ],
  [
    'fewer coefficients than columns',
    () => logisticStandardErrors(line, classes, { intercept: 0, coefficients: new Float64Array(0) }),
    'coefficients.length: 0 must',
  ],
  [
    'a coefficient of NaN',
    () => logisticStandardErrors(line, classes, { ...fit, intercept: nan }),
    'intercept: NaN must',
  ],
  [
    'columns of different lengths',
    () => encodeFeatures([{ name: 'a', kind: 'text', values: ['x'] }], 2),
    'column a: length: 1 must',
  ],
  [
    'an infinite number in a column',
    () => encodeFeatures([{ name: 'a', kind: 'numeric', values: Float64Array.of(infinite) }], 1),
    'column a[0]: Infinity must',
  ],

  ['more clusters than points', () => kMeans(line, { k: 5, starts: 1, seed: 1 }), 'k: 5 must'],
  ['no starts', () => kMeans(line, { k: 2, starts: 0, seed: 1 }), 'starts: 0 must'],
  ['a seed of 1.5', () => kMeans(line, { k: 2, starts: 1, seed: 1.5 }), 'seed: 1.5 must'],
  ['an ε of 0', () => dbscan(line, { eps: 0, minPoints: 2 }), 'eps: 0 must'],
  ['an ε of NaN', () => dbscan(line, { eps: nan, minPoints: 2 }), 'eps: NaN must'],
  ['no points for a core', () => dbscan(line, { eps: 1, minPoints: 0 }), 'minPoints: 0 must'],
  ['labels of another length', () => silhouette(line, [0, 1]), 'labels'],

  [
    'negative money',
    () => purchasesByCustomer({ customerIds: ['a'], days: [1], amounts: [-1] }, 9),
    'amounts[0]: -1 must',
  ],
  [
    'a history that ends before its last purchase',
    () => checkedHistory({ repeatCount: 1, recencyWeeks: 5, ageWeeks: 4 }),
    'ageWeeks: 4 must',
  ],
  ['an age of NaN', () => checkedHistory({ repeatCount: 1, recencyWeeks: 5, ageWeeks: nan }), 'ageWeeks: NaN must'],
  ['half a repeat', () => checkedHistory({ repeatCount: 0.5, recencyWeeks: 1, ageWeeks: 4 }), 'repeatCount: 0.5 must'],

  ['vectors of different lengths', () => cosineSimilarity([1], [1, 2]), 'b: 2 must be as long as a'],
  ['a vector with NaN', () => euclideanSimilarity([1, nan], [1, 2]), 'NaN must'],
  ['another vector with NaN', () => pearsonSimilarity([1, 3], [1, infinite]), 'Infinity must'],
  ['no neighbours', () => fitCustomerNeighbours(seen, { similarity: 'cosine', neighbours: 0 }), 'neighbours: 0 must'],
  ['a pair that is there twice', () => interactionMatrix(indexInteractions(['a', 'a'], ['b', 'b'])), 'must'],
  ['a remainder beyond the divisor', () => holdOutEvery(shop, 2, 2), 'remainder: 2 must'],
  ['lists of no length', () => rankForCustomers(seen, popularityScorer(seen), 0), 'top: 0 must'],

  ['a support of 0', () => frequentSequences(sequences, { minSupport: 0 }), 'minSupport: 0 must'],
  ['a support of NaN', () => frequentSequences(sequences, { minSupport: nan }), 'minSupport: NaN must'],
  ['a gap of 0', () => frequentSequences(sequences, { minSupport: 1, maxGap: 0 }), 'maxGap: 0 must'],
  [
    'a window where the algorithm has none',
    () => frequentSequences(sequences, { minSupport: 1, window: 1 }),
    'window: 1 needs the algorithm gsp',
  ],
])('%s is refused', (_, act, message) => {
  expect(act).toThrow(RangeError)
  expect(act).toThrow(message)
})
