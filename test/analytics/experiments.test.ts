/** Experiment statistics: the reference answers on a real e-mail test, small cases worked out exactly, bad input. */

import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { seededRandom } from '../../src/analytics/core/random.ts'
import { randomBeta, randomGamma, randomNormal } from '../../src/analytics/core/random-variates.ts'
import { type ConversionArm, valueArm } from '../../src/analytics/experiments/arms.ts'
import { expectedLoss, probabilitiesToBeBest, probabilityBetter } from '../../src/analytics/experiments/bayesian.ts'
import { cupedTest } from '../../src/analytics/experiments/cuped.ts'
import { adjustPValues } from '../../src/analytics/experiments/multiple-tests.ts'
import {
  compareProportions,
  newcombeInterval,
  sampleSizePerArm,
  wilsonInterval,
} from '../../src/analytics/experiments/proportions.ts'
import { sampleRatioTest } from '../../src/analytics/experiments/sample-ratio.ts'
import { sequentialTest } from '../../src/analytics/experiments/sequential.ts'
import { thompsonChoice, thompsonShares } from '../../src/analytics/experiments/thompson.ts'
import { compareMeans } from '../../src/analytics/experiments/welch.ts'
import { runs } from '../support/property-runs.ts'
import { dataText, hasShared, needsShared, oracle } from './support/shared.ts'

const arm = (n: number, conversions: number): ConversionArm => ({ n, conversions })

/** By how many tolerances two numbers differ: a billionth; of very small ones a millionth of the logarithm. */
function misfit(actual: number, expected: number): number {
  if (actual === expected) return 0
  if (Math.abs(expected) >= 1e-12) return Math.abs(actual / expected - 1) / 1e-9
  return Math.abs(Math.log(actual) / Math.log(expected) - 1) / 1e-6
}

interface MetricAnswers {
  readonly k_treat: number
  readonly k_control: number
  readonly diff: number
  readonly relative_lift: number
  readonly z: number
  readonly p_two_sided: number
  readonly wald95: number[]
  readonly newcombe95: number[]
  readonly wilson_treat: number[]
  readonly wilson_control: number[]
  readonly bayes: { readonly p_treat_better: number; readonly expected_loss_choose_treat: number }
  readonly msprt: { readonly rows: number[][] }
  readonly n_per_arm: { readonly mde: number; readonly n: number }
}

interface Answers {
  readonly config: { readonly treat: string; readonly control: string }
  readonly n_treat: number
  readonly n_control: number
  readonly srm: { readonly chi2: number; readonly p: number }
  readonly metrics: Record<'visit' | 'conversion', MetricAnswers>
  readonly spend: Record<'mean_treat' | 'mean_control' | 'sd_treat' | 'sd_control' | 'welch_t' | 'df' | 'p', number> & {
    readonly ci95: number[]
  }
  readonly small_first400_conversion: { readonly k: number[]; readonly bayes_p_treat_better: number }
  readonly segments: Record<'bonferroni' | 'holm' | 'fdr_bh', number[]> & { readonly rows: (string | number)[][] }
}

describe.skipIf(!hasShared)(`on the e-mail test${needsShared}`, () => {
  let answers: Answers
  beforeAll(() => {
    answers = (oracle('ab') as Answers[])[0]!
  })

  test.each(['visit', 'conversion'] as const)('z, p, intervals and posteriors of %s', (name) => {
    const expected = answers.metrics[name]
    const variant = arm(answers.n_treat, expected.k_treat)
    const control = arm(answers.n_control, expected.k_control)
    const { difference, relativeLift, z, p, interval } = compareProportions(control, variant)
    expect(misfit(difference, expected.diff)).toBeLessThan(1)
    expect(misfit(relativeLift, expected.relative_lift)).toBeLessThan(1)
    expect(misfit(z, expected.z)).toBeLessThan(1)
    expect(misfit(p, expected.p_two_sided)).toBeLessThan(1)
    interval.forEach((end, i) => expect(misfit(end, expected.wald95[i]!)).toBeLessThan(1))
    newcombeInterval(control, variant).forEach((end, i) => expect(misfit(end, expected.newcombe95[i]!)).toBeLessThan(1))
    wilsonInterval(variant).forEach((end, i) => expect(misfit(end, expected.wilson_treat[i]!)).toBeLessThan(1))
    wilsonInterval(control).forEach((end, i) => expect(misfit(end, expected.wilson_control[i]!)).toBeLessThan(1))
    expect(probabilityBetter(control, variant)).toBeCloseTo(expected.bayes.p_treat_better, 12)
    expect(misfit(expectedLoss(variant, control), expected.bayes.expected_loss_choose_treat)).toBeLessThan(1)
    const { mde, n } = expected.n_per_arm
    expect(sampleSizePerArm({ baseline: expected.k_control / answers.n_control, effect: mde })).toBe(n)
  })

  test.each(['visit', 'conversion'] as const)('always-valid p-values of %s at ten looks', (name) => {
    const { rows } = answers.metrics[name].msprt
    const looks = rows.map(([n1, n2, k1, k2]) => ({ control: arm(n2!, k2!), variant: arm(n1!, k1!) }))
    sequentialTest(looks).forEach(({ logLikelihoodRatio, p }, i) => {
      expect(misfit(logLikelihoodRatio, Math.log(rows[i]![4]!))).toBeLessThan(1)
      expect(misfit(p, rows[i]![5]!)).toBeLessThan(1)
    })
  })

  test('a few hundred customers are compared exactly', () => {
    const { k, bayes_p_treat_better } = answers.small_first400_conversion
    expect(probabilityBetter(arm(400, k[1]!), arm(400, k[0]!))).toBeCloseTo(bayes_p_treat_better, 10)
  })

  test('the sample ratio', () => {
    const { chiSquare, p } = sampleRatioTest([answers.n_control, answers.n_treat])
    expect(misfit(chiSquare, answers.srm.chi2)).toBeLessThan(1)
    expect(misfit(p, answers.srm.p)).toBeLessThan(1)
  })

  test('spend by Welch', () => {
    const rows = parse<Record<string, string>>(dataText('hillstrom.csv.gz'), { columns: true })
    const spend = (segment: string): number[] =>
      rows.flatMap((row) => (row['segment'] === segment ? [Number(row['spend'])] : []))
    const control = valueArm('control', spend(answers.config.control))
    const variant = valueArm('variant', spend(answers.config.treat))
    const expected = answers.spend
    expect(misfit(control.mean, expected.mean_control)).toBeLessThan(1)
    expect(misfit(control.deviation, expected.sd_control)).toBeLessThan(1)
    expect(misfit(variant.mean, expected.mean_treat)).toBeLessThan(1)
    expect(misfit(variant.deviation, expected.sd_treat)).toBeLessThan(1)
    const { t, degreesOfFreedom, p, interval } = compareMeans(control, variant)
    expect(misfit(t, expected.welch_t)).toBeLessThan(1)
    expect(misfit(degreesOfFreedom, expected.df)).toBeLessThan(1)
    expect(misfit(p, expected.p)).toBeLessThan(1)
    interval.forEach((end, i) => expect(misfit(end, expected.ci95[i]!)).toBeLessThan(1))
  })

  test('p-values of segments, corrected for their number', () => {
    const { rows, ...expected } = answers.segments
    const pValues = rows.map((row) => row[6] as number)
    adjustPValues(pValues, 'bonferroni').forEach((p, i) => expect(misfit(p, expected.bonferroni[i]!)).toBeLessThan(1))
    adjustPValues(pValues, 'holm').forEach((p, i) => expect(misfit(p, expected.holm[i]!)).toBeLessThan(1))
    adjustPValues(pValues, 'benjamini-hochberg').forEach((p, i) =>
      expect(misfit(p, expected.fdr_bh[i]!)).toBeLessThan(1),
    )
  })
})

const arms = fc
  .tuple(fc.integer({ min: 1, max: 400 }), fc.double({ min: 0, max: 1, noNaN: true }))
  .map(([n, share]) => arm(n, Math.round(n * share)))

/** P(variant > control) as a finite sum, for uniform priors: Evan Miller's closed form, with exact ratios of terms. */
function betterBySum(control: ConversionArm, variant: ConversionArm): number {
  const [a, b] = [control.conversions + 1, control.n - control.conversions + 1]
  const [c, d] = [variant.conversions + 1, variant.n - variant.conversions + 1]
  // Term i is B(a + i, b + d) / ((d + i) B(1 + i, d) B(a, b)); term 0 is Π_{j<d} (b + j) / (a + b + j).
  let term = 1
  for (let j = 0; j < d; j++) term *= (b + j) / (a + b + j)
  let sum = 0
  for (let i = 0; i < c; i++) {
    sum += term
    term *= ((a + i) * (d + i)) / ((a + b + d + i) * (1 + i))
  }
  return sum
}

describe('Bayesian comparison', () => {
  test('of small arms is the exact finite sum', () => {
    fc.assert(
      fc.property(arms, arms, (control, variant) => {
        expect(probabilityBetter(control, variant)).toBeCloseTo(betterBySum(control, variant), 10)
      }),
      { numRuns: runs(40) },
    )
  })

  test.each<[string, ConversionArm, ConversionArm, number]>([
    ['one against none', arm(1, 0), arm(1, 1), 5 / 6],
    ['nothing known', arm(1, 0), arm(1, 0), 0.5],
    ['a thousand million each, alike', arm(1e9, 5e8), arm(1e9, 5e8), 0.5],
    ['nobody in a million', arm(1e6, 0), arm(1e6, 0), 0.5],
    ['everybody in a million', arm(1e6, 1e6), arm(1e6, 1e6), 0.5],
    ['ten against a thousand million', arm(10, 5), arm(1e9, 5e8), 0.5],
    ['no conversions, twice the customers', arm(10, 0), arm(20, 0), 11 / 32],
  ])('%s', (_, control, variant, expected) => {
    expect(probabilityBetter(control, variant)).toBeCloseTo(expected, 9)
  })

  test('the probabilities to be best add up to 1, and a copy of an arm has the same', () => {
    fc.assert(
      fc.property(fc.array(arms, { minLength: 1, maxLength: 4 }), (list) => {
        const best = probabilitiesToBeBest(list)
        expect(best.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 9)
        const doubled = probabilitiesToBeBest([...list, list[0]!])
        expect(doubled.at(-1)).toBeCloseTo(doubled[0]!, 9)
      }),
      { numRuns: runs(20) },
    )
  })

  test('two expected losses differ by the difference of the mean rates', () => {
    const [a, b] = [arm(50, 10), arm(80, 9)]
    const mean = ({ n, conversions }: ConversionArm): number => (conversions + 1) / (n + 2)
    expect(expectedLoss(b, a) - expectedLoss(a, b)).toBeCloseTo(mean(a) - mean(b), 12)
  })

  test("Jeffreys's prior is allowed, though infinite at the ends", () => {
    const prior = { alpha: 0.5, beta: 0.5 }
    expect(probabilityBetter(arm(3, 0), arm(3, 0), prior)).toBeCloseTo(0.5, 9)
    expect(probabilityBetter(arm(30000, 30000), arm(3, 3), prior)).toBeCloseTo(0.006635551843767313, 7)
  })
})

describe('two proportions', () => {
  test('swapping the arms turns the signs round', () => {
    fc.assert(
      fc.property(arms, arms, (a, b) => {
        const there = compareProportions(a, b)
        const back = compareProportions(b, a)
        expect(back.difference).toBe(-there.difference || 0)
        expect(back.interval[0]).toBeCloseTo(-there.interval[1], 12)
        expect(newcombeInterval(b, a)[0]).toBeCloseTo(-newcombeInterval(a, b)[1], 12)
        expect(Number.isNaN(back.z) ? Number.NaN : back.z).toBe(Number.isNaN(there.z) ? Number.NaN : -there.z || 0)
      }),
    )
  })

  test('without a conversion there is no z, and without one in the control no lift', () => {
    expect(compareProportions(arm(10, 0), arm(20, 0))).toMatchObject({ z: Number.NaN, p: Number.NaN, interval: [0, 0] })
    expect(compareProportions(arm(10, 0), arm(20, 1)).relativeLift).toBeNaN()
  })

  test('Wilson stays within 0 and 1 and holds the rate', () => {
    fc.assert(
      fc.property(arms, fc.double({ min: 0.01, max: 0.999, noNaN: true }), (one, level) => {
        const [low, high] = wilsonInterval(one, level)
        expect(low).toBeGreaterThanOrEqual(0)
        expect(high).toBeLessThanOrEqual(1)
        const rate = one.conversions / one.n
        expect(low <= rate && rate <= high).toBe(true)
      }),
    )
  })

  test('fewer customers do for a larger effect, and a fall needs as many as its mirror image', () => {
    const size = (effect: number): number => sampleSizePerArm({ baseline: 0.5, effect })
    expect(size(0.02)).toBeGreaterThan(size(0.05))
    expect(size(-0.1)).toBe(size(0.1))
  })
})

describe('Welch', () => {
  test('two tiny samples worked out by hand', () => {
    const { difference, t, degreesOfFreedom } = compareMeans(valueArm('a', [1, 2, 3]), valueArm('b', [2, 4, 6, 8]))
    expect(difference).toBe(3)
    expect(t).toBeCloseTo(3 / Math.sqrt(1 / 3 + 20 / 3 / 4), 12)
    expect(degreesOfFreedom).toBeCloseTo(2 ** 2 / ((1 / 3) ** 2 / 2 + (5 / 3) ** 2 / 3), 10)
  })

  test('arms that do not vary have a difference and no t', () => {
    expect(compareMeans(valueArm('a', [1, 1]), valueArm('b', [2, 2, 2]))).toEqual({
      difference: 1,
      t: Number.NaN,
      degreesOfFreedom: Number.NaN,
      p: Number.NaN,
      interval: [1, 1],
    })
  })
})

describe('the sequential test', () => {
  test('never raises its p, and its interval leaves 0 out only when p has fallen below the level', () => {
    const seed = fc.integer({ min: 0, max: 1e6 })
    fc.assert(
      fc.property(seed, fc.double({ min: 0.02, max: 0.6, noNaN: true }), (seed, rate) => {
        const random = seededRandom(seed)
        const looks = []
        const [control, variant] = [
          { n: 0, conversions: 0 },
          { n: 0, conversions: 0 },
        ]
        for (let look = 0; look < 8; look++) {
          for (let i = 0; i < 200; i++) {
            control.n++
            variant.n++
            control.conversions += Number(random() < 0.1)
            variant.conversions += Number(random() < rate)
          }
          looks.push({ control: { ...control }, variant: { ...variant } })
        }
        const results = sequentialTest(looks, { expectedDifference: 0.05 })
        results.forEach(({ p, interval: [low, high] }, i) => {
          expect(p).toBeLessThanOrEqual(results[i - 1]?.p ?? 1)
          expect(low > 0 || high < 0 ? p : 0).toBeLessThan(0.05 + 1e-9)
        })
      }),
      { numRuns: runs(30) },
    )
  })

  test('keeps its level when it is looked at all the time and there is no difference', () => {
    const random = seededRandom(20)
    let alarms = 0
    for (let run = 0; run < 300; run++) {
      const looks = []
      const [control, variant] = [arm(0, 0), arm(0, 0)] as { n: number; conversions: number }[]
      for (let look = 0; look < 60; look++) {
        for (const one of [control!, variant!]) {
          one.n += 50
          for (let i = 0; i < 50; i++) one.conversions += Number(random() < 0.2)
        }
        looks.push({ control: { ...control! }, variant: { ...variant! } })
      }
      if (sequentialTest(looks, { expectedDifference: 0.03 }).at(-1)!.p < 0.05) alarms++
    }
    expect(alarms / 300).toBeLessThan(0.05 + 3 * Math.sqrt((0.05 * 0.95) / 300))
  })

  test('says nothing before anybody has converted', () => {
    const [first] = sequentialTest([{ control: arm(5, 0), variant: arm(5, 0) }])
    expect(first).toEqual({ logLikelihoodRatio: 0, p: 1, interval: [-Infinity, Infinity] })
  })
})

describe('Thompson sampling', () => {
  test('chooses each arm as often as it is likely to be best', () => {
    const list = [arm(40, 4), arm(40, 6), arm(40, 7)]
    const random = seededRandom(1)
    const chosen = [0, 0, 0]
    for (let i = 0; i < 20_000; i++) chosen[thompsonChoice(list, random)]!++
    probabilitiesToBeBest(list).forEach((p, i) => {
      expect(Math.abs(chosen[i]! / 20_000 - p)).toBeLessThan(5 * Math.sqrt((p * (1 - p)) / 20_000))
    })
  })

  test('shares add up to 1 and keep the floor', () => {
    const shares = thompsonShares([arm(1000, 10), arm(1000, 90)], 0.1)
    expect(shares[0]).toBeCloseTo(0.1, 9)
    expect(shares[0]! + shares[1]!).toBeCloseTo(1, 12)
  })

  test('draws have the moments of their distributions', () => {
    const random = seededRandom(3)
    const mean = (draw: () => number): number =>
      Array.from({ length: 20_000 }, draw).reduce((a, b) => a + b, 0) / 20_000
    expect(mean(() => randomNormal(random))).toBeCloseTo(0, 1)
    expect(mean(() => randomNormal(random) ** 2)).toBeCloseTo(1, 1)
    expect(mean(() => randomGamma(0.3, random))).toBeCloseTo(0.3, 1)
    expect(mean(() => randomGamma(7, random)) / 7).toBeCloseTo(1, 1)
    expect(mean(() => randomBeta(2, 6, random))).toBeCloseTo(0.25, 2)
  })
})

describe('CUPED', () => {
  const random = seededRandom(8)
  const customers = (effect: number, n: number): { outcome: number[]; covariate: number[] } => {
    const covariate = Array.from({ length: n }, () => 10 + 3 * randomNormal(random))
    return { covariate, outcome: covariate.map((x) => 2 * x + effect + randomNormal(random)) }
  }
  const [control, variant] = [customers(0, 800), customers(0.5, 700)]

  test('finds the same effect with a fraction of the variance', () => {
    const plain = compareMeans(valueArm('control', control.outcome), valueArm('variant', variant.outcome))
    const better = cupedTest(control, variant)
    expect(better.theta).toBeCloseTo(2, 1)
    expect(better.varianceReduction).toBeGreaterThan(0.95)
    expect(Math.abs(better.difference - 0.5)).toBeLessThan(0.2)
    const width = ({ interval }: { interval: readonly [number, number] }): number => interval[1] - interval[0]
    expect(width(better) / width(plain)).toBeCloseTo(Math.sqrt(1 - better.varianceReduction), 1)
  })

  test('with a covariate that says nothing is the plain test', () => {
    const flat = { ...control, covariate: control.outcome.map(() => 5) }
    const other = { ...variant, covariate: variant.outcome.map(() => 5) }
    const { theta, varianceReduction, t } = cupedTest(flat, other)
    expect({ theta, varianceReduction }).toEqual({ theta: 0, varianceReduction: 0 })
    expect(t).toBeCloseTo(compareMeans(valueArm('a', control.outcome), valueArm('b', variant.outcome)).t, 12)
  })
})

describe('sample ratio', () => {
  test('planned shares are compared with', () => {
    expect(sampleRatioTest([900, 100], [9, 1])).toEqual({ chiSquare: 0, p: 1 })
    expect(sampleRatioTest([5000, 5500, 4500]).chiSquare).toBeCloseTo(100, 10)
  })
})

describe('bad input is refused by name', () => {
  const ok = arm(10, 5)
  const look = { control: ok, variant: ok }
  test.each<[string, () => unknown, string]>([
    ['more conversions than customers', () => compareProportions(ok, arm(3, 4)), 'variant.conversions: 4 must be'],
    ['nobody', () => compareProportions(arm(0, 0), ok), 'control.n: 0 must be a whole number of at least 1'],
    ['half a customer', () => wilsonInterval(arm(1.5, 1)), 'arm.n: 1.5 must be a whole number'],
    ['one amount', () => valueArm('variant', [1]), 'variant.length: 1 must be at least 2'],
    ['an amount of NaN', () => valueArm('variant', [1, Number.NaN]), 'variant[1]: NaN must be a finite number'],
    ['a negative deviation', () => compareMeans({ n: 2, mean: 0, deviation: -1 }, valueArm('b', [1, 2])), 'deviation'],
    ['no effect', () => sampleSizePerArm({ baseline: 0.1, effect: 0 }), 'effect: 0 must not be 0'],
    ['a rate above 1', () => sampleSizePerArm({ baseline: 0.9, effect: 0.2 }), 'baseline + effect: 1.1 must lie'],
    ['a power of 1', () => sampleSizePerArm({ baseline: 0.1, effect: 0.1, power: 1 }), 'power: 1 must lie'],
    ['one arm', () => sampleRatioTest([5]), 'sizes.length: 1 must be at least 2'],
    ['a share of 0', () => sampleRatioTest([5, 5], [1, 0]), 'shares[1]: 0 must be a positive number'],
    ['empty arms', () => sampleRatioTest([0, 0]), 'sizes: "nobody" must hold at least one customer'],
    ['no arms', () => probabilitiesToBeBest([]), 'arms: "nothing" must hold at least one arm'],
    ['a prior of 0', () => probabilityBetter(ok, ok, { alpha: 0, beta: 1 }), 'prior.alpha: 0 must be at least 0.5'],
    ['a floor too high', () => thompsonShares([ok, ok], 0.6), 'floor: 0.6 must lie between 0 and 0.5'],
    [
      'an arm that shrinks',
      () => sequentialTest([look, { control: arm(9, 5), variant: ok }]),
      'looks[1].control.n: 9 must not be below',
    ],
    ['a level of 1', () => sequentialTest([look], { level: 1 }), 'level: 1 must lie between 0 and 1'],
    ['an expected difference of 0', () => sequentialTest([], { expectedDifference: 0 }), 'expectedDifference: 0 must'],
    [
      'a missing covariate',
      () => cupedTest({ outcome: [1, 2], covariate: [1] }, { outcome: [1, 2], covariate: [1, 2] }),
      'control.covariate.length: 1 must be as of the outcome (2)',
    ],
    ['a p above 1', () => adjustPValues([0.5, 1.5], 'holm'), 'pValues[1]: 1.5 must lie between 0 and 1'],
  ])('%s', (_, act, message) => {
    expect(act).toThrow(RangeError)
    expect(act).toThrow(message)
  })
})
