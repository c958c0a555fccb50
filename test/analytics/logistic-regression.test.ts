/** Logistic regression: the reference answers, the library's model, and what must hold whatever the data. */

import fc from 'fast-check'
import LogisticRegression from 'ml-logistic-regression'
import { Matrix } from 'ml-matrix'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  areaUnderCurve,
  averagePrecision,
  brierScore,
  calibrationCurve,
  expectedCalibrationError,
  logLoss,
  thresholdMetrics,
} from '../../src/analytics/classification-metrics.ts'
import { type DenseMatrix, selectRows } from '../../src/analytics/core/dense-matrix.ts'
import { seededRandom } from '../../src/analytics/core/random.ts'
import { randomNormal } from '../../src/analytics/core/random-variates.ts'
import { fitLogisticRegression, logisticStandardErrors } from '../../src/analytics/logistic-regression/fit.ts'
import {
  fromLibraryModel,
  type LibraryModel,
  libraryProbabilities,
  toLibraryModel,
} from '../../src/analytics/logistic-regression/library-model.ts'
import {
  featureOrder,
  type LogisticTraining,
  predictProbabilities,
  reasonsFor,
  trainLogisticModel,
} from '../../src/analytics/logistic-regression/model.ts'
import { applyScaling, fitScaling } from '../../src/analytics/scaling.ts'
import { runs } from '../support/property-runs.ts'
import { hasShared, needsShared, oracle } from './support/shared.ts'
import { readTelco, splitRows, type Telco } from './support/telco.ts'

function matrixOf(rows: readonly (readonly number[])[]): DenseMatrix {
  return { rows: rows.length, columns: rows[0]?.length ?? 0, values: Float64Array.from(rows.flat()) }
}

/** Rows with classes that follow known coefficients, as far as chance lets them. */
function drawn(
  seed: number,
  rows: number,
  coefficients: readonly number[],
): { features: DenseMatrix; target: number[] } {
  const random = seededRandom(seed)
  const lists = Array.from({ length: rows }, () => coefficients.map(() => randomNormal(random)))
  const target = lists.map((row) => {
    const f = row.reduce((sum, x, j) => sum + x * coefficients[j]!, -0.5)
    return random() < 1 / (1 + Math.exp(-f)) ? 1 : 0
  })
  return { features: matrixOf(lists), target }
}

interface Answers {
  readonly config: { readonly mod: number; readonly rem: number }
  readonly features: string[]
  readonly mean: number[]
  readonly sd: number[]
  readonly models: Record<'C1' | 'unpen', ModelAnswers>
}

interface ModelAnswers {
  readonly intercept: number
  readonly coef: number[]
  readonly train_neg_ll: number
  readonly std_err?: number[]
  readonly test: Record<string, number>
  readonly first10_test_p: number[]
  readonly reliability: { bin: number; n: number; p: number; y: number }[]
}

describe.skipIf(!hasShared)(`on Telco churn${needsShared}`, () => {
  let answers: Answers
  let telco: Telco
  let train: DenseMatrix
  let test_: DenseMatrix
  let trainTarget: Uint8Array
  let testTarget: Uint8Array

  beforeAll(() => {
    answers = (oracle('logreg') as Answers[])[0]!
    telco = readTelco()
    const rows = splitRows(telco.matrix.rows, answers.config.mod, answers.config.rem)
    train = selectRows(telco.matrix, rows.train)
    test_ = selectRows(telco.matrix, rows.test)
    trainTarget = Uint8Array.from(rows.train, (row) => telco.target[row]!)
    testTarget = Uint8Array.from(rows.test, (row) => telco.target[row]!)
  })

  const trained = (l2: number): LogisticTraining => trainLogisticModel(telco.names, train, trainTarget, { l2 })

  test('the copies of "No internet service" are left out, and nothing else', () => {
    const { model, dropped } = trained(1)
    expect(dropped).toEqual(telco.names.filter((name) => /=No (internet|phone) service$/.test(name)))
    expect(model.features).toEqual(answers.features)
  })

  test.each([
    ['C1', 1],
    ['unpen', 0],
  ] as const)('coefficients and metrics are those of the reference (%s)', (name, l2) => {
    const { model, fit } = trained(l2)
    const expected = answers.models[name]
    expect(fit).toMatchObject({ converged: true, separation: null })
    expect(fit.intercept).toBeCloseTo(expected.intercept, 9)
    expected.coef.forEach((coefficient, j) => expect(fit.coefficients[j]).toBeCloseTo(coefficient, 9))
    expect(fit.logLikelihood).toBeCloseTo(-expected.train_neg_ll, 8)
    answers.mean.forEach((mean, j) => expect(Math.abs(model.mean[j]! / mean - 1)).toBeLessThan(1e-12))
    answers.sd.forEach((sd, j) => expect(Math.abs(model.deviation[j]! / sd - 1)).toBeLessThan(1e-12))

    const p = predictProbabilities(model, telco.names, test_)
    expected.first10_test_p.forEach((probability, i) => expect(p[i]).toBeCloseTo(probability, 9))
    const { auc, logloss, brier, avg_precision, ece10, ...atHalf } = expected.test
    expect(areaUnderCurve(p, testTarget)).toBeCloseTo(auc!, 12)
    expect(logLoss(p, testTarget)).toBeCloseTo(logloss!, 9)
    expect(brierScore(p, testTarget)).toBeCloseTo(brier!, 9)
    expect(averagePrecision(p, testTarget)).toBeCloseTo(avg_precision!, 9)
    const { accuracy, precision, recall, f1 } = thresholdMetrics(p, testTarget)
    expect({ accuracy, precision, recall, f1, mean_p: expect.anything() }).toEqual(atHalf)

    const curve = calibrationCurve(p, testTarget)
    expect(expectedCalibrationError(curve)).toBeCloseTo(ece10!, 9)
    expect(curve.map(({ low, count }) => [Math.round(low * 10), count])).toEqual(
      expected.reliability.map(({ bin, n }) => [bin, n]),
    )
  })

  test('standard errors without a penalty are those of the reference', () => {
    const { model, fit } = trained(0)
    const kept = model.features.map((name) => telco.names.indexOf(name))
    const columns = matrixOf(
      Array.from({ length: train.rows }, (_, i) => kept.map((j) => train.values[i * train.columns + j]!)),
    )
    const scaled = applyScaling(columns, fitScaling(columns))
    const errors = logisticStandardErrors(scaled, trainTarget, fit)
    answers.models.unpen.std_err!.forEach((error, j) => expect(errors[j]).toBeCloseTo(error, 7))
  })

  test('the library, given the exported model as JSON text, predicts the same', () => {
    const { model } = trained(1)
    const text = JSON.stringify(model.classifier)
    const loaded = LogisticRegression.load(JSON.parse(text) as LibraryModel)
    const positions = model.features.map((name) => telco.names.indexOf(name))
    const rows = Array.from({ length: test_.rows }, (_, i) => [
      1,
      ...positions.map((j, k) => (test_.values[i * test_.columns + j]! - model.mean[k]!) / model.deviation[k]!),
    ])
    const theirs = loaded.classifiers[0]!.testScores(new Matrix(rows))
    const ours = predictProbabilities(model, telco.names, test_)
    expect(theirs).toHaveLength(ours.length)
    theirs.forEach((p, i) => expect(ours[i]).toBeCloseTo(p, 13))
    expect(loaded.predict(new Matrix(rows))).toEqual(theirs.map((p) => (p > 0.5 ? 1 : 0)))
    expect(JSON.stringify(loaded)).toBe(text)
  })

  test('reasons add up to the log odds against an average customer', () => {
    const { model, fit } = trained(1)
    const row = test_.values.subarray(0, test_.columns)
    const reasons = reasonsFor(model, telco.names, row, 99)
    expect(reasons).toHaveLength(model.features.length)
    const p = predictProbabilities(model, telco.names, selectRows(test_, [0]))[0]!
    const sum = reasons.reduce((total, reason) => total + reason.contribution, fit.intercept)
    expect(1 / (1 + Math.exp(-sum))).toBeCloseTo(p, 12)
    const sizes = reasons.map(({ contribution }) => Math.abs(contribution))
    expect(sizes).toEqual(sizes.toSorted((a, b) => b - a))
    expect(reasonsFor(model, telco.names, row, 3)).toEqual(reasons.slice(0, 3))
    const orderOf = featureOrder(model, telco.names)
    expect(orderOf(Float64Array.of(0, ...row), 1)).toEqual(reasons.map(({ feature }) => feature))
  })
})

describe('a fit', () => {
  const seeds = fc.integer({ min: 0, max: 1e6 })
  const penalties = fc.constantFrom(0, 1e-3, 1, 100)

  test('is where the gradient vanishes', () => {
    fc.assert(
      fc.property(seeds, penalties, (seed, l2) => {
        const { features, target } = drawn(seed, 300, [1, -2, 0.3])
        const { intercept, coefficients, converged } = fitLogisticRegression(features, target, { l2 })
        expect(converged).toBe(true)
        const gradient = [0, ...coefficients.map((w) => l2 * w)]
        for (let i = 0; i < features.rows; i++) {
          const row = features.values.subarray(3 * i, 3 * i + 3)
          const f = coefficients.reduce((sum, w, j) => sum + w * row[j]!, intercept)
          const residual = 1 / (1 + Math.exp(-f)) - target[i]!
          gradient[0]! += residual
          row.forEach((x, j) => (gradient[j + 1]! += residual * x))
        }
        for (const slope of gradient) expect(Math.abs(slope)).toBeLessThan(1e-7)
      }),
      { numRuns: runs(40) },
    )
  })

  test('does not depend on the order of the rows, nor, without a penalty, on the units', () => {
    fc.assert(
      fc.property(seeds, fc.double({ min: 1e-3, max: 1e3, noNaN: true }), (seed, unit) => {
        const { features, target } = drawn(seed, 300, [1, -2])
        const fit = fitLogisticRegression(features, target)
        const reversed = Array.from(target.keys()).reverse()
        const shuffled = fitLogisticRegression(selectRows(features, reversed), target.toReversed())
        expect(shuffled.coefficients[0]).toBeCloseTo(fit.coefficients[0]!, 8)
        const inUnits = { ...features, values: features.values.map((x, at) => (at % 2 === 0 ? x * unit + 5 : x)) }
        const other = fitLogisticRegression(inUnits, target)
        expect(other.coefficients[0]! * unit).toBeCloseTo(fit.coefficients[0]!, 7)
        expect(other.logLikelihood).toBeCloseTo(fit.logLikelihood, 8)
      }),
      { numRuns: runs(30) },
    )
  })

  test('swaps its signs when the classes are swapped', () => {
    const { features, target } = drawn(5, 500, [0.5, 1])
    const fit = fitLogisticRegression(features, target, { l2: 1 })
    const swapped = fitLogisticRegression(
      features,
      target.map((y) => 1 - y),
      { l2: 1 },
    )
    expect(swapped.intercept).toBeCloseTo(-fit.intercept, 9)
    expect(swapped.coefficients[1]).toBeCloseTo(-fit.coefficients[1]!, 9)
  })

  test('without features is the log odds of the classes', () => {
    const features = { rows: 4, columns: 0, values: new Float64Array(0) }
    const fit = fitLogisticRegression(features, [1, 1, 1, 0])
    expect(fit.intercept).toBeCloseTo(Math.log(3), 12)
    expect(fit.logLikelihood).toBeCloseTo(3 * Math.log(0.75) + Math.log(0.25), 12)
  })

  test('comes through with features of wildly different sizes and one outlier', () => {
    const { features, target } = drawn(11, 400, [1, 1])
    const values = features.values.map((x, at) => (at % 2 === 0 ? x * 1e8 : x * 1e-8))
    values[0] = 1e12
    const { converged, separation } = fitLogisticRegression({ ...features, values }, target)
    expect({ converged, separation }).toEqual({ converged: true, separation: null })
  })
})

describe('separation', () => {
  const x = (...values: number[]): DenseMatrix => matrixOf(values.map((value) => [value]))

  test('of all rows is said to be complete', () => {
    const fit = fitLogisticRegression(x(1, 2, 3, 4), [0, 0, 1, 1])
    expect(fit).toMatchObject({ converged: false, separation: { kind: 'complete', columns: [0] } })
  })

  test('of some rows is said to be quasi-complete', () => {
    const fit = fitLogisticRegression(x(1, 2, 2, 3), [0, 0, 1, 1])
    expect(fit).toMatchObject({ converged: false, separation: { kind: 'quasi', columns: [0] } })
  })

  test('by a rare flag names the flag and leaves the other coefficients right', () => {
    const { features, target } = drawn(3, 1000, [1, 0.5])
    const flagged = matrixOf(
      target.map((_, i) => [features.values[2 * i]!, Number(i % 250 === 0), features.values[2 * i + 1]!]),
    )
    const classes = target.map((y, i) => (i % 250 === 0 ? 0 : y))
    const fit = fitLogisticRegression(flagged, classes)
    expect(fit.separation).toEqual({ kind: 'quasi', columns: [1] })
    expect(fit.coefficients[1]).toBeLessThan(-10)
    const others = target.flatMap((_, i) => (i % 250 === 0 ? [] : [i]))
    const without = fitLogisticRegression(
      selectRows(features, others),
      others.map((i) => classes[i]!),
    )
    expect(fit.coefficients[0]).toBeCloseTo(without.coefficients[0]!, 5)
  })

  test('is none where a single row contradicts, or where there is a penalty', () => {
    const almost = Array.from({ length: 100 }, (_, i) => i)
    const classes = almost.map((i) => (i === 49 ? 1 : i === 50 ? 0 : Number(i >= 50)))
    expect(fitLogisticRegression(x(...almost), classes)).toMatchObject({ converged: true, separation: null })
    expect(fitLogisticRegression(x(1, 2, 3, 4), [0, 0, 1, 1], { l2: 0.1 })).toMatchObject({
      converged: true,
      separation: null,
    })
  })

  test('is found exactly where a line tells the classes apart', () => {
    const point = fc.tuple(fc.integer({ min: -3, max: 3 }), fc.boolean())
    fc.assert(
      fc.property(fc.array(point, { minLength: 4, maxLength: 12 }), (points) => {
        const of = (yes: boolean): number[] => points.filter((each) => each[1] === yes).map((each) => each[0])
        const [ones, zeros] = [of(true), of(false)]
        fc.pre(ones.length > 0 && zeros.length > 0 && new Set(points.map((each) => each[0])).size > 1)
        const apart = Math.min(...ones) >= Math.max(...zeros) || Math.min(...zeros) >= Math.max(...ones)
        const fit = fitLogisticRegression(
          x(...points.map((each) => each[0])),
          points.map((each) => Number(each[1])),
        )
        expect(fit.separation !== null).toBe(apart)
        expect(fit.converged).toBe(!apart)
      }),
    )
  })
})

describe('bad input is refused by name', () => {
  const good = matrixOf([[1], [2], [3]])

  test.each<[string, () => unknown, string]>([
    ['one class', () => fitLogisticRegression(good, [1, 1, 1]), 'target: "only 1" must hold both classes'],
    ['a third class', () => fitLogisticRegression(good, [0, 1, 2]), 'target[2]: 2 must be 0 or 1'],
    ['a short target', () => fitLogisticRegression(good, [0, 1]), 'target.length: 2 must be the number of rows (3)'],
    ['NaN', () => fitLogisticRegression(matrixOf([[1], [Number.NaN]]), [0, 1]), 'features (row 1, column 0): NaN'],
    ['a negative penalty', () => fitLogisticRegression(good, [0, 1, 0], { l2: -1 }), 'l2: -1 must be'],
    ['a penalty of NaN', () => fitLogisticRegression(good, [0, 1, 0], { l2: Number.NaN }), 'l2: NaN must be'],
    ['a tolerance of 0', () => fitLogisticRegression(good, [0, 1, 0], { tolerance: 0 }), 'tolerance: 0 must be'],
    [
      'a constant column',
      () => fitLogisticRegression(matrixOf([[7], [7], [7]]), [0, 1, 0]),
      'features: column 0 must not be constant or a combination',
    ],
    [
      'a copied column',
      () =>
        fitLogisticRegression(
          matrixOf([
            [1, 2],
            [2, 4],
            [3, 6],
            [0, 0],
          ]),
          [0, 1, 0, 1],
        ),
      'features: column 1 must not be constant or a combination',
    ],
    ['names that do not match', () => trainLogisticModel(['a', 'b'], good, [0, 1, 0]), 'names.length: 2 must be 1'],
    [
      'a name twice',
      () =>
        trainLogisticModel(
          ['a', 'a'],
          matrixOf([
            [1, 2],
            [2, 1],
            [0, 0],
          ]),
          [0, 1, 0],
        ),
      'names: "a" must not be there twice',
    ],
    [
      'a model of three classes',
      () => fromLibraryModel({ ...toLibraryModel({ intercept: 0, coefficients: [1] }), numberClasses: 3 }),
      'model.numberClasses: 3 must be 2',
    ],
    [
      'a model that lost a weight',
      () => fromLibraryModel(toLibraryModel({ intercept: 0, coefficients: [Number.NaN] })),
      'model.classifiers[0].weights[0][1]: NaN must be a finite number',
    ],
    [
      'rows of another width',
      () => libraryProbabilities(toLibraryModel({ intercept: 0, coefficients: [1, 2] }), good),
      'features.columns: 1 must be as in the model (2)',
    ],
    [
      'rows without a feature of the model',
      () => predictProbabilities(trainLogisticModel(['a'], good, [0, 1, 0]).model, ['b'], good),
      'names: "a" must be there: the model needs it',
    ],
  ])('%s', (_, act, message) => {
    expect(act).toThrow(RangeError)
    expect(act).toThrow(message)
  })
})
