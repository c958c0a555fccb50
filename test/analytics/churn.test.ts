/** Churn: what the model sees, which horizon it takes, what it learns from a real shop, and the rule in its place. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { churnFeatureNames, churnFeatures, silenceRatio } from '../../src/analytics/churn/churn-features.ts'
import { churnWindow } from '../../src/analytics/churn/churn-window.ts'
import { riskByRule } from '../../src/analytics/churn/rule-of-thumb.ts'
import { churnLabels, tooLittleToLearn, trainChurnModel } from '../../src/analytics/churn/train-churn.ts'
import { areaUnderCurve } from '../../src/analytics/classification-metrics.ts'
import { churnScores } from '../../src/analytics/scoring/churn-scores.ts'
import { readCdnow } from '../../src/cli/demo/cdnow.ts'
import type { LaterPurchases, PurchaseHistories } from '../../src/domain/purchase-history.ts'
import { dayMs } from '../../src/domain/time.ts'

interface Row {
  readonly purchases: number
  readonly ageDays: number
  readonly silenceDays: number
  readonly revenueCents: number
  readonly recentPurchases: number
}

const row = fc
  .record({
    purchases: fc.integer({ min: 1, max: 500 }),
    ageDays: fc.integer({ min: 0, max: 5_000 }),
    silenceShare: fc.double({ min: 0, max: 1, noNaN: true }),
    revenueCents: fc.integer({ min: 0, max: 100_000_000 }),
    recentPurchases: fc.integer({ min: 0, max: 90 }),
  })
  .map(({ silenceShare, ...rest }): Row => {
    const ageDays = Math.max(rest.ageDays, rest.purchases - 1)
    const silenceDays = rest.purchases === 1 ? ageDays : Math.floor(silenceShare * (ageDays - rest.purchases + 1))
    return { ...rest, ageDays, silenceDays }
  })

function histories(rows: readonly Row[]): PurchaseHistories {
  const column = (name: keyof Row): Float64Array => Float64Array.from(rows, (each) => each[name])
  return {
    asOfMs: 0,
    customerIds: rows.map((_, i) => `customer-${i}`),
    purchases: column('purchases'),
    ageDays: column('ageDays'),
    silenceDays: column('silenceDays'),
    revenueCents: column('revenueCents'),
    repeatRevenueCents: new Float64Array(rows.length),
    recentPurchases: column('recentPurchases'),
  }
}

describe('features', () => {
  it('are finite numbers for every possible history', () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 20 }), (rows) => {
        const features = churnFeatures(histories(rows))
        expect(features.length).toBe(rows.length * churnFeatureNames.length)
        expect(features.every(Number.isFinite)).toBe(true)
      }),
    )
  })

  it.each([
    { purchases: 1, silence: 40, age: 40, ratio: undefined },
    { purchases: 2, silence: 30, age: 60, ratio: 1 },
    { purchases: 5, silence: 31, age: 71, ratio: 3.1 },
    { purchases: 3, silence: 5, age: 5, ratio: 5 },
    { purchases: 2, silence: 5_000, age: 5_001, ratio: 20 },
  ])('silence is counted in usual intervals: $purchases purchases, quiet $silence of $age days', (given) => {
    expect(silenceRatio(given.purchases, given.silence, given.age)).toEqual(given.ratio)
  })
})

describe('the horizon', () => {
  it.each([
    { span: 41, usual: 30, horizon: null },
    { span: 42, usual: 30, horizon: 14 },
    { span: 73, usual: 30, horizon: 24 },
    { span: 365, usual: 30, horizon: 35 },
    { span: 365, usual: 90, horizon: 91 },
    { span: 365, usual: 0, horizon: 14 },
    { span: 5_000, usual: 400, horizon: 180 },
  ])('is $horizon days when orders cover $span days and most return within $usual', ({ span, usual, horizon }) => {
    expect(churnWindow(span, usual)?.horizonDays ?? null).toBe(horizon)
  })

  it('leaves room before it for learning and after it for judging', () => {
    fc.assert(
      fc.property(fc.integer({ min: 42, max: 9_999 }), fc.double({ min: 0, max: 999, noNaN: true }), (span, usual) => {
        const window = churnWindow(span, usual)
        expect(window && window.trainAgoDays + window.horizonDays).toBeLessThanOrEqual(span)
        expect(window && window.trainAgoDays - window.horizonDays).toBe(window?.evaluateAgoDays)
      }),
    )
  })

  it.each([
    [Number.NaN, 30, 'spanDays'],
    [-1, 30, 'spanDays'],
    [100, Number.POSITIVE_INFINITY, 'usualReturnDays'],
    [100, -5, 'usualReturnDays'],
  ])('refuses a span of %s and a usual return of %s, naming %s', (span, usual, name) => {
    expect(() => churnWindow(span, usual)).toThrow(new RegExp(name))
    expect(() => churnWindow(span, usual)).toThrow(RangeError)
  })
})

describe('the rule without a model', () => {
  it('is half after twice the usual interval, and rises with the silence', () => {
    const one = { purchases: 3, ageDays: 60, revenueCents: 1, recentPurchases: 1 }
    const risks = riskByRule(
      histories([
        { ...one, silenceDays: 0 },
        { ...one, ageDays: 80, silenceDays: 40 },
        { ...one, silenceDays: 60 },
      ]),
      30,
    )
    expect(risks[0]).toBeLessThan(0.1)
    expect(risks[1]).toBeCloseTo(0.5, 12)
    expect(risks[2]).toBeGreaterThan(0.9)
  })

  it('is a probability for every possible history', () => {
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 0, max: 999 }),
        (rows, interval) => {
          for (const risk of riskByRule(histories(rows), interval)) {
            expect(risk).toBeGreaterThanOrEqual(0)
            expect(risk).toBeLessThanOrEqual(1)
          }
        },
      ),
    )
  })
})

describe('too little data', () => {
  it.each([
    { churned: 100, stayed: 99, says: /199 customers/ },
    { churned: 190, stayed: 19, says: /19 customers came back/ },
    { churned: 19, stayed: 400, says: /19 did not/ },
    { churned: 100, stayed: 100, says: /^enough$/ },
  ])('$churned gone and $stayed back', ({ churned, stayed, says }) => {
    const labels = Uint8Array.from({ length: churned + stayed }, (_, i) => (i < churned ? 1 : 0))
    expect(tooLittleToLearn(labels) ?? 'enough').toMatch(says)
  })
})

describe('on the purchases of a real shop', () => {
  const purchases = readCdnow()
  const [trainAt, horizonDays] = [Date.parse('1997-10-01T00:00:00Z'), 90]
  const evaluateAt = trainAt + horizonDays * dayMs
  const train = asOf(purchases, trainAt, horizonDays)
  const labels = churnLabels(train.later)
  const { model, converged } = trainChurnModel({ histories: train.histories, labels, horizonDays })

  it('the fit converges and ranks later customers better than the length of their silence does', () => {
    const { histories: later, later: truth } = asOf(purchases, evaluateAt, horizonDays)
    const laterLabels = churnLabels(truth)
    const risks = churnScores(model, later).map(({ value }) => value)
    expect(converged).toBe(true)
    expect(areaUnderCurve(risks, laterLabels)).toBeGreaterThan(areaUnderCurve(later.silenceDays, laterLabels))
  })

  it('the risks add up to those who left, on the data it was trained on', () => {
    const risks = churnScores(model, train.histories).map(({ value }) => value)
    const left = labels.reduce((sum, label) => sum + label, 0)
    // With a free intercept the two sums are equal, whatever the penalty.
    expect(risks.reduce((sum, risk) => sum + risk, 0)).toBeCloseTo(left, 4)
  })

  it('every risk has reasons in plain words', () => {
    const [first] = churnScores(model, train.histories)
    expect(first?.reasons.length).toBeGreaterThan(0)
    expect(first?.reasons.join(' ')).toMatch(/bought|quiet|purchases|customer for|spends/)
  })

  it('a model of other features is refused, not misread', () => {
    expect(() => churnScores({ ...model, featureVersion: 'purchases-0' }, train.histories)).toThrow(
      /train the model again/,
    )
  })
})

/** Histories and what followed, straight from the log. */
function asOf(
  purchases: ReturnType<typeof readCdnow>,
  asOfMs: number,
  horizonDays: number,
): { histories: PurchaseHistories; later: LaterPurchases } {
  const days = new Map<string, { before: Map<number, number>; after: Map<number, number> }>()
  for (const { customerNumber, atMs, cents } of purchases) {
    if (atMs >= asOfMs + horizonDays * dayMs) continue
    const known = days.get(customerNumber) ?? { before: new Map(), after: new Map() }
    days.set(customerNumber, known)
    const side = atMs < asOfMs ? known.before : known.after
    const day = Math.floor(atMs / dayMs)
    side.set(day, (side.get(day) ?? 0) + cents)
  }
  const today = Math.floor(asOfMs / dayMs)
  const known = [...days.values()].filter(({ before }) => before.size > 0)
  const rows = known.map(({ before }): Row => {
    const own = [...before.keys()]
    return {
      purchases: own.length,
      ageDays: today - Math.min(...own),
      silenceDays: today - Math.max(...own),
      revenueCents: [...before.values()].reduce((sum, cents) => sum + cents, 0),
      recentPurchases: own.filter((day) => day > today - 90).length,
    }
  })
  return {
    histories: histories(rows),
    later: {
      purchases: Float64Array.from(known, ({ after }) => after.size),
      revenueCents: Float64Array.from(known, ({ after }) => [...after.values()].reduce((sum, cents) => sum + cents, 0)),
    },
  }
}
