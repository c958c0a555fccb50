/** Uplift: scores that find those who react because of the offer, and the Qini curve that says so. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { DenseMatrix } from '../../src/analytics/core/dense-matrix.ts'
import { seededRandom } from '../../src/analytics/core/random.ts'
import { randomNormal } from '../../src/analytics/core/random-variates.ts'
import { qiniCoefficient, qiniCurve, upliftByDecile } from '../../src/analytics/uplift/qini.ts'
import { trainTransformedOutcome, transformedOutcomeUplift } from '../../src/analytics/uplift/transformed-outcome.ts'
import { trainTwoModels, twoModelUplift } from '../../src/analytics/uplift/two-model.ts'

const names = ['likes offers', 'buys anyway', 'noise']

/** A randomised experiment in which the offer works the better, the more a customer likes offers. */
function experiment(seed: number, rows: number): { features: DenseMatrix; treatment: number[]; outcome: number[] } {
  const random = seededRandom(seed)
  const values = new Float64Array(rows * 3).map(() => randomNormal(random))
  const treatment = Array.from({ length: rows }, () => Number(random() < 0.5))
  const outcome = treatment.map((treated, i) => {
    const [likes, anyway] = [values[3 * i]!, values[3 * i + 1]!]
    const p = 1 / (1 + Math.exp(-(-1 + anyway + treated * likes)))
    return Number(random() < p)
  })
  return { features: { rows, columns: 3, values }, treatment, outcome }
}

describe('both methods', () => {
  const train = experiment(1, 6000)
  const later = experiment(2, 4000)
  const { treatment, outcome } = later
  const twoModels = trainTwoModels(names, train.features, train.treatment, train.outcome)
  const models = { treated: twoModels.treated.model, untreated: twoModels.untreated.model }
  const transformed = trainTransformedOutcome(names, train.features, train.treatment, train.outcome)
  const byTwoModels = twoModelUplift(models, names, later.features)
  const byTransformed = transformedOutcomeUplift(transformed, names, later.features)

  test.each([
    ['two models', byTwoModels],
    ['transformed outcome', byTransformed],
  ])('rank new customers far better than chance (%s)', (_, scores) => {
    const qini = qiniCoefficient({ scores, treatment, outcome })
    const best = qiniCoefficient({
      scores: later.treatment.map((_, i) => later.features.values[3 * i]!),
      treatment,
      outcome,
    })
    expect(qini).toBeGreaterThan(0.7 * best)
    expect(qiniCoefficient({ scores: scores.map((score) => -score), treatment, outcome })).toBeLessThan(0)
    const deciles = upliftByDecile({ scores, treatment, outcome })
    expect(deciles[0]!.uplift).toBeGreaterThan(0.15)
    expect(deciles[9]!.uplift).toBeLessThan(-0.1)
  })

  test('see where the effect comes from', () => {
    const strongest = transformed.coefficients.map(Math.abs)
    expect(strongest.indexOf(Math.max(...strongest))).toBe(0)
  })

  test('agree with the mean effect', () => {
    const mean = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length
    const rate = (side: number): number => {
      const of = outcome.filter((_, i) => treatment[i] === side)
      return of.reduce((sum, y) => sum + y, 0) / of.length
    }
    const effect = rate(1) - rate(0)
    expect(Math.abs(mean(byTwoModels) - effect)).toBeLessThan(0.05)
    expect(Math.abs(mean(byTransformed) - effect)).toBeLessThan(0.05)
  })

  test('a feature that repeats another changes no score', () => {
    const { rows, values } = train.features
    const wider = Float64Array.from({ length: rows * 4 }, (_, at) => values[3 * Math.floor(at / 4) + ((at % 4) % 3)]!)
    const widerNames = [...names, 'copy']
    const again = trainTransformedOutcome(
      widerNames,
      { rows, columns: 4, values: wider },
      train.treatment,
      train.outcome,
    )
    expect(again.features).toEqual(names)
    expect(again.coefficients[0]).toBeCloseTo(transformed.coefficients[0]!, 9)
  })
})

describe('the Qini curve', () => {
  const outcomes = { scores: [4, 3, 2, 1], treatment: [1, 0, 1, 0], outcome: [1, 0, 1, 1] }

  test('is what hand and head make of four rows', () => {
    // k = 1: nobody untreated yet. k = 2: 1 − 0·1/1. k = 3: 2 − 0·2/1. k = 4: 2 − 1·2/2.
    expect(Array.from(qiniCurve(outcomes))).toEqual([0, 1, 2, 1])
    expect(qiniCoefficient(outcomes)).toBeCloseTo((0 - 0.25 + 1 - 0.5 + 2 - 0.75 + 1 - 1) / 4 / 4, 15)
  })

  const rows = fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.boolean(), fc.boolean()), { minLength: 10 })

  test('ends at the total effect, and with equal scores follows the order of the rows', () => {
    fc.assert(
      fc.property(rows, (list) => {
        const treatment = list.map(([, treated]) => Number(treated))
        const outcome = list.map(([, , reacted]) => Number(reacted))
        const count = (treated: number, reacted: number): number =>
          list.filter((_, i) => treatment[i] === treated && outcome[i]! >= reacted).length
        const total = count(0, 0) === 0 ? 0 : count(1, 1) - (count(0, 1) * count(1, 0)) / count(0, 0)
        expect(qiniCurve({ scores: list.map(([score]) => score), treatment, outcome }).at(-1)).toBeCloseTo(total, 9)
        expect(qiniCurve({ scores: list.map(() => 0), treatment, outcome })).toEqual(
          qiniCurve({ scores: list.map((_, i) => -i), treatment, outcome }),
        )
      }),
    )
  })

  test('deciles share all rows out, as evenly as they go', () => {
    fc.assert(
      fc.property(rows, (list) => {
        const deciles = upliftByDecile({
          scores: list.map(([score]) => score),
          treatment: list.map(([, treated]) => Number(treated)),
          outcome: list.map(([, , reacted]) => Number(reacted)),
        })
        const sizes = deciles.map(({ treated, control }) => treated + control)
        expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(list.length)
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
      }),
    )
  })
})

describe('bad input is refused by name', () => {
  const features: DenseMatrix = { rows: 4, columns: 1, values: Float64Array.of(1, 2, 3, 4) }
  const train = (treatment: number[], outcome: number[]) => () => trainTwoModels(['a'], features, treatment, outcome)
  const regress = (treatment: number[], outcome: number[], options = {}) => {
    return () => trainTransformedOutcome(['a'], features, treatment, outcome, options)
  }
  test.each<[string, () => unknown, string]>([
    ['a treatment of 2', train([0, 1, 2, 1], [0, 1, 0, 1]), 'treatment[2]: 2 must be 0 or 1'],
    ['treated rows that all react', train([1, 1, 0, 0], [1, 1, 0, 1]), 'treated rows reacted'],
    ['no untreated rows', train([1, 1, 1, 1], [1, 0, 0, 1]), 'untreated rows reacted'],
    ['no untreated rows', regress([1, 1, 1, 1], [1, 0, 0, 1]), 'treatment: "only 1" must hold'],
    ['a propensity of 1', regress([1, 0, 1, 0], [1, 0, 0, 1], { propensity: 1 }), 'propensity: 1 must lie'],
    ['an outcome of NaN', regress([1, 0, 1, 0], [1, Number.NaN, 0, 1]), 'outcome[1]: NaN must be a finite number'],
    ['a negative penalty', regress([1, 0, 1, 0], [1, 0, 0, 1], { l2: -1 }), 'l2: -1 must be a finite number'],
    ['no rows', () => qiniCurve({ scores: [], treatment: [], outcome: [] }), 'scores: "nothing" must hold'],
    ['a score of NaN', () => qiniCurve({ scores: [Number.NaN], treatment: [1], outcome: [1] }), 'scores[0]: NaN must'],
    ['a short list', () => qiniCurve({ scores: [1, 2], treatment: [1], outcome: [1, 0] }), 'treatment.length: 1 must'],
  ])('%s', (_, act, message) => {
    expect(act).toThrow(RangeError)
    expect(act).toThrow(message)
  })
})
