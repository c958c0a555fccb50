/** Metrics of predicted probabilities: the reference answers, and what must hold whatever the scores. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  areaUnderCurve,
  averagePrecision,
  brierScore,
  calibrationCurve,
  expectedCalibrationError,
  gainSlices,
  logLoss,
  thresholdMetrics,
} from '../../src/analytics/classification-metrics.ts'
import { hasShared, needsShared, oracle } from './support/shared.ts'

interface Answers {
  readonly y: number[]
  readonly p: number[]
  readonly auc: number
  readonly avg_precision: number
  readonly logloss: number
  readonly brier: number
  readonly confusion_tn_fp_fn_tp: number[]
  readonly precision: number
  readonly recall: number
  readonly f1: number
}

test.skipIf(!hasShared)(`the reference vectors give the reference numbers${needsShared}`, () => {
  const { y, p, ...expected } = oracle('metrics') as Answers
  expect(areaUnderCurve(p, y)).toBeCloseTo(expected.auc, 12)
  expect(averagePrecision(p, y)).toBeCloseTo(expected.avg_precision, 12)
  expect(logLoss(p, y)).toBeCloseTo(expected.logloss, 12)
  expect(brierScore(p, y)).toBeCloseTo(expected.brier, 12)
  const at = thresholdMetrics(p, y)
  expect([at.trueNegatives, at.falsePositives, at.falseNegatives, at.truePositives]).toEqual(
    expected.confusion_tn_fp_fn_tp,
  )
  expect(at.precision).toBeCloseTo(expected.precision, 12)
  expect(at.recall).toBeCloseTo(expected.recall, 12)
  expect(at.f1).toBeCloseTo(expected.f1, 12)
})

const rows = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 10 }), fc.boolean()), { minLength: 2, maxLength: 40 })
  .map((pairs) => ({ scores: pairs.map(([score]) => score / 10), target: pairs.map(([, yes]) => Number(yes)) }))
  .filter(({ target }) => target.includes(0) && target.includes(1))

describe('the area under the curve', () => {
  test('is the share of pairs in the right order, ties half', () => {
    fc.assert(
      fc.property(rows, ({ scores, target }) => {
        let won = 0
        let pairs = 0
        scores.forEach((a, i) =>
          scores.forEach((b, j) => {
            if (target[i] !== 1 || target[j] !== 0) return
            pairs++
            won += a > b ? 1 : a === b ? 0.5 : 0
          }),
        )
        expect(areaUnderCurve(scores, target)).toBeCloseTo(won / pairs, 12)
      }),
    )
  })

  test('does not change under a rising transformation, and turns round with the sign', () => {
    fc.assert(
      fc.property(rows, ({ scores, target }) => {
        const auc = areaUnderCurve(scores, target)
        expect(areaUnderCurve(scores.map(Math.exp), target)).toBe(auc)
        expect(
          areaUnderCurve(
            scores.map((score) => -score),
            target,
          ),
        ).toBeCloseTo(1 - auc, 12)
      }),
    )
  })
})

test('a certain and wrong prediction costs much, but not everything', () => {
  expect(logLoss([1, 0.5], [0, 1])).toBeCloseTo((36.04365338911715 + Math.LN2) / 2, 12)
  expect(logLoss([0, 1], [0, 1])).toBeCloseTo(0, 12)
})

test('calibration bins hold every row once, and the error is that of their rates', () => {
  fc.assert(
    fc.property(rows, fc.integer({ min: 1, max: 15 }), ({ scores, target }, bins) => {
      const curve = calibrationCurve(scores, target, bins)
      expect(curve.reduce((sum, { count }) => sum + count, 0)).toBe(scores.length)
      for (const { low, high, meanPredicted } of curve) {
        expect(meanPredicted).toBeGreaterThanOrEqual(low - 1e-12)
        expect(meanPredicted).toBeLessThanOrEqual(high + 1e-12)
      }
      const error = expectedCalibrationError(curve)
      expect(error).toBeGreaterThanOrEqual(0)
      expect(error).toBeLessThanOrEqual(1)
    }),
  )
  expect(expectedCalibrationError(calibrationCurve([0.25, 0.25, 0.25, 0.25], [0, 0, 0, 1]))).toBe(0)
  expect(calibrationCurve([1, 1], [1, 0])).toEqual([
    { low: 0.9, high: 1, count: 2, meanPredicted: 1, observedRate: 0.5 },
  ])
})

test('gain slices share the rows out evenly and find every positive in the end', () => {
  const target = [1, 0, 1, 0, 0, 0, 1, 0, 0, 0]
  const scores = target.map((_, i) => 1 - i / 10)
  const slices = gainSlices(scores, target, 5)
  expect(slices.map(({ count, positives }) => [count, positives])).toEqual([
    [2, 1],
    [2, 1],
    [2, 0],
    [2, 1],
    [2, 0],
  ])
  expect(slices[0]!.lift).toBeCloseTo(0.5 / 0.3, 12)
  expect(slices.at(-1)!.cumulativeGain).toBe(1)
  expect(gainSlices(scores, target, 3).map(({ count }) => count)).toEqual([4, 3, 3])
})

describe('bad input is refused by name', () => {
  test.each<[string, () => unknown, string]>([
    ['one class', () => areaUnderCurve([1, 2], [1, 1]), 'target: "only 1" must hold both classes'],
    ['no rows', () => logLoss([], []), 'target: "nothing" must hold at least one row'],
    ['lengths that differ', () => brierScore([0.5], [1, 0]), 'scores.length: 1 must be as of target (2)'],
    ['a probability above 1', () => logLoss([1.1], [1]), 'probabilities[0]: 1.1 must lie between 0 and 1'],
    ['a probability of NaN', () => brierScore([Number.NaN], [1]), 'probabilities[0]: NaN must lie between'],
    ['a score of NaN', () => areaUnderCurve([1, Number.NaN], [1, 0]), 'scores[1]: NaN must be a number'],
    ['a third class', () => areaUnderCurve([1, 2], [1, 2]), 'target[1]: 2 must be 0 or 1'],
    ['no positive', () => averagePrecision([1], [0]), 'target: "only 0" must hold a positive'],
    ['more slices than rows', () => gainSlices([1, 2], [0, 1], 3), 'slices: 3 must be a whole number'],
    ['an empty curve', () => expectedCalibrationError([]), 'curve: "nothing" must hold at least one bin'],
  ])('%s', (_, act, message) => {
    expect(act).toThrow(RangeError)
    expect(act).toThrow(message)
  })
})
