/** 64,000 real recipients of a mailing, replayed: what it did, whom it moved, and what choosing them is worth. */

import { parse } from 'csv-parse/sync'
import { beforeAll, describe, expect, it } from 'vitest'
import { falseAlarms } from '../../bench/support/false-alarms.ts'
import { seededRandom } from '../../src/analytics/core/random.ts'
import { compareProportions } from '../../src/analytics/experiments/proportions.ts'
import { estimatePolicy } from '../../src/analytics/training/policy-value.ts'
import { trainUplift, type UpliftResult } from '../../src/analytics/training/uplift.ts'
import { dataText, hasShared, needsShared } from './support/shared.ts'

interface Recipient {
  readonly arm: 'mens' | 'womens' | 'none'
  readonly visit: number
  readonly features: readonly number[]
}

const names = ['recency', 'log_history', 'mens', 'womens', 'newbie', 'rural', 'urban', 'phone', 'web'] as const

describe.skipIf(!hasShared)(`the mailing of Hillstrom${needsShared}`, () => {
  let all: Recipient[] = []
  let result: UpliftResult

  beforeAll(() => {
    all = recipients()
    // What a visit is worth and a mail costs: a shop that pays 0.6 cents a mail and gets 10 a visit must choose.
    result = trainUplift({ ...experiment(all), valueCents: 10, costCents: 0.6 })
  }, 180_000)

  it('moved visits: z of mens against none is 22.486', () => {
    const arm = (name: Recipient['arm']) => {
      const of = all.filter((one) => one.arm === name)
      return { n: of.length, conversions: of.reduce((sum, { visit }) => sum + visit, 0) }
    }
    expect(compareProportions(arm('none'), arm('mens')).z).toBeCloseTo(22.486, 3)
  })

  it('moved some more than others, and the model finds them among customers it has not seen', () => {
    expect(result.qini).toBeGreaterThan(0)
    const [first, last] = [result.deciles.slice(0, 3), result.deciles.slice(-3)]
    const mean = (deciles: typeof first): number => deciles.reduce((sum, { uplift }) => sum + uplift, 0) / 3
    expect(mean(first)).toBeGreaterThan(mean(last))
  })

  it('choosing by the model beats mailing everyone and no one, by an estimate on customers not learned from', () => {
    const { byRule, treatAll, treatNone, overAll, overNone, treatedShare } = result.policy
    expect(treatedShare).toBeGreaterThan(0)
    expect(treatedShare).toBeLessThan(1)
    expect(byRule.value).toBeGreaterThan(treatAll.value)
    expect(byRule.value).toBeGreaterThan(treatNone.value)
    for (const { value, low, high } of [overAll, overNone]) {
      expect(low).toBeLessThan(value)
      expect(high).toBeGreaterThan(value)
    }
    expect(overNone.low).toBeGreaterThan(0)
  })

  it('2,000 replays in which nobody gets anything: the sequential test cries wolf in at most 5 of 100', () => {
    const visits = all.filter(({ arm }) => arm === 'none').map(({ visit }) => visit)
    expect(falseAlarms(visits, 2_000) / 2_000).toBeLessThanOrEqual(0.05)
  })
})

describe('the value of a rule', () => {
  const random = seededRandom(2)
  const rows = Array.from({ length: 20_000 }, () => {
    const reacts = random() < 0.3
    const treated = random() < 0.4 ? 1 : 0
    return { reacts, treated, gain: random() < (reacts && treated ? 0.5 : 0.1) ? 100 : 0 }
  })
  const question = {
    treatment: rows.map(({ treated }) => treated),
    gains: rows.map(({ gain }) => gain),
    costCents: 10,
  }

  it('is estimated near to what is true, and treating exactly who reacts is worth most', () => {
    const value = estimatePolicy({ ...question, treats: rows.map(({ reacts }) => (reacts ? 1 : 0)) })
    // Whoever reacts brings 40 more than else, at a cost of 10: 10 + 0.3 · (40 − 10).
    expect(value.byRule.low).toBeLessThan(19)
    expect(value.byRule.high).toBeGreaterThan(19)
    expect(value.treatNone.value).toBeCloseTo(10, 0)
    expect(value.treatAll.value).toBeCloseTo(10 + 0.3 * 40 - 10, 0)
    expect(value.overAll.low).toBeGreaterThan(0)
  })

  it('of treating everybody, or nobody, is the plain mean of that side', () => {
    const all = estimatePolicy({ ...question, treats: rows.map(() => 1) })
    expect(all.byRule.value).toBeCloseTo(all.treatAll.value, 9)
    expect(all.overAll.value).toBe(0)
    expect(() => estimatePolicy({ ...question, treatment: rows.map(() => 1), treats: rows.map(() => 1) })).toThrow(
      RangeError,
    )
  })
})

function recipients(): Recipient[] {
  const rows = parse<Record<string, string>>(dataText('hillstrom.csv.gz'), { columns: true })
  return rows.map((row) => {
    const cell = (name: string): string => row[name] ?? ''
    const segment = cell('segment')
    const is = (name: string, value: string): number => (cell(name) === value ? 1 : 0)
    return {
      arm: segment.startsWith('Mens') ? 'mens' : segment.startsWith('Womens') ? 'womens' : 'none',
      visit: Number(cell('visit')),
      features: [
        Number(cell('recency')),
        Math.log(Number(cell('history'))),
        Number(cell('mens')),
        Number(cell('womens')),
        Number(cell('newbie')),
        is('zip_code', 'Rural'),
        is('zip_code', 'Urban'),
        is('channel', 'Phone'),
        is('channel', 'Web'),
      ],
    }
  })
}

/** The arm whose effect differs most between people, against none. */
function experiment(all: readonly Recipient[]) {
  const rows = all.filter(({ arm }) => arm !== 'mens')
  return {
    names,
    features: {
      rows: rows.length,
      columns: names.length,
      values: Float64Array.from(rows.flatMap(({ features }) => features)),
    },
    treatment: Uint8Array.from(rows, ({ arm }) => (arm === 'womens' ? 1 : 0)),
    outcome: Uint8Array.from(rows, ({ visit }) => visit),
  }
}
