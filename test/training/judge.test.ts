/** Whether a model takes the place of the one in use. */

import { describe, expect, it } from 'vitest'
import { judge } from '../../activities/trainers/judge.ts'
import type { Judgement } from '../../activities/trainers/trainer.ts'
import { calibrated, calibrationNoise, fitCalibration } from '../../src/analytics/calibration.ts'
import { calibrationCurve, expectedCalibrationError } from '../../src/analytics/classification-metrics.ts'
import { seededRandom } from '../../src/analytics/core/random.ts'
import { spreadOf, stabilityIndex } from '../../src/analytics/stability.ts'

const sound: Judgement = {
  measure: 'log loss',
  value: 0.4,
  champion: 0.45,
  higherIsBetter: false,
  margin: 0.01,
  calibration: { error: 0.02, bound: 0.05 },
  words: 'measured',
}

describe('a model is', () => {
  it.each<[string, Partial<Judgement>, boolean, RegExp]>([
    ['promoted when better by the margin', {}, true, /Better by 0\.050/],
    ['the first when there is none to compare with', { champion: undefined }, true, /first model/],
    ['not promoted when worse', { value: 0.5 }, false, /Worse than the one in use/],
    ['not promoted when better by less than the margin', { value: 0.445 }, false, /Not better by 0\.01/],
    ['not promoted when it is no number', { value: Number.NaN }, false, /no number/],
    ['not promoted when out of calibration', { calibration: { error: 0.06, bound: 0.05 } }, false, /Not calibrated/],
    [
      'not promoted when its calibration is no number',
      { calibration: { error: Number.NaN, bound: 0.05 } },
      false,
      /Not calibrated/,
    ],
    [
      'not promoted when useless, even as the first',
      { champion: undefined, useless: 'No better than chance' },
      false,
      /chance/,
    ],
    [
      'promoted without the margin when the one in use is out of calibration',
      { value: 0.449, calibration: { error: 0.02, bound: 0.05, champion: 0.2 } },
      true,
      /out of calibration/,
    ],
    ['promoted when higher is better and it is higher', { higherIsBetter: true, value: 0.5 }, true, /Better/],
  ])('%s', (_name, change, promote, reason) => {
    expect(judge({ ...sound, ...change })).toEqual({ promote, reason: expect.stringMatching(reason) })
  })
})

describe('calibration', () => {
  const random = seededRandom(3)
  const truth = Float64Array.from({ length: 6_000 }, () => 0.05 + 0.5 * random())
  const came = Uint8Array.from(truth, (p) => (random() < p ? 1 : 0))
  const overconfident = truth.map((p) => p ** 3 / (p ** 3 + (1 - p) ** 3))

  it('brings overconfident probabilities near to what came', () => {
    const error = (probabilities: Float64Array) => expectedCalibrationError(calibrationCurve(probabilities, came))
    expect(error(overconfident)).toBeGreaterThan(0.1)
    expect(error(calibrated(fitCalibration(overconfident, came), overconfident))).toBeLessThan(0.025)
  })

  it('of a true model is off by what chance explains', () => {
    const curve = calibrationCurve(truth, came)
    expect(expectedCalibrationError(curve)).toBeLessThan(2.5 * calibrationNoise(curve))
  })

  it('is left alone where only one thing ever came, or a number is no probability', () => {
    expect(fitCalibration(truth, new Uint8Array(truth.length))).toBeUndefined()
    expect(() => fitCalibration([0.5, Number.NaN], [0, 1], 1)).toThrow(RangeError)
  })
})

describe('the stability index', () => {
  const random = seededRandom(5)
  const before = Float64Array.from({ length: 3_000 }, () => random())
  it('is next to nothing for the same population, and large for one that has moved', () => {
    const same = Float64Array.from({ length: 3_000 }, () => random())
    expect(stabilityIndex(spreadOf(before), before)).toBeCloseTo(0, 10)
    expect(stabilityIndex(spreadOf(before), same)).toBeLessThan(0.02)
    expect(
      stabilityIndex(
        spreadOf(before),
        same.map((value) => value ** 2),
      ),
    ).toBeGreaterThan(0.25)
  })

  it('of a column with one value is nothing as long as it has it', () => {
    expect(stabilityIndex(spreadOf([3, 3, 3]), [3, 3])).toBeCloseTo(0, 10)
    expect(() => spreadOf([])).toThrow(RangeError)
    expect(() => stabilityIndex(spreadOf([1, 2]), [Number.NaN])).toThrow(RangeError)
  })
})
