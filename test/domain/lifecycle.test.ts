import { describe, expect, test } from 'vitest'
import { decide } from '../../src/domain/decide.ts'
import type { Definitions } from '../../src/domain/definitions.ts'
import { stageOf } from '../../src/domain/lifecycle.ts'
import type { ScoreFacts, Snapshot } from '../../src/domain/snapshot.ts'
import { dayMs } from '../../src/domain/time.ts'
import { definitionsOf, plainLifecycle, problemsIn } from './support/definitions.ts'
import { identifiers, monday, someone } from './support/life.ts'

const { lifecycle } = definitionsOf({})

interface Case {
  readonly orders?: number
  readonly churn?: number
  readonly tier?: ScoreFacts['tier']
  readonly wasAtRisk?: boolean
}

function customer({ orders = 0, churn, tier, wasAtRisk = false }: Case): Snapshot {
  const scoredAtMs = monday
  return someone({
    customer: { ...someone().customer, atRisk: wasAtRisk },
    orders: { ...someone().orders, count: orders, lastOrderMs: orders > 0 ? monday : null },
    scores: {
      ...(churn !== undefined && { churn: { value: churn, tier: null, scoredAtMs } }),
      ...(tier !== undefined && { clv: { value: 1, tier, scoredAtMs } }),
    },
  })
}

describe('a customer stands in the highest stage whose rule holds', () => {
  test.each<[string, Case, string, string]>([
    ['nobody yet', {}, 'acquire', 'known'],
    ['one order', { orders: 1 }, 'activate', 'first order'],
    ['two orders', { orders: 2 }, 'retain', 'second order'],
    ['two orders of low value', { orders: 2, tier: 'middle' }, 'retain', 'second order'],
    ['two orders of high value', { orders: 2, tier: 'high' }, 'revenue', 'high value'],
    ['one order of high value', { orders: 1, tier: 'high' }, 'activate', 'first order'],
    ['many orders of high value', { orders: 6, tier: 'high' }, 'refer', 'high value and loyal'],
    ['many orders of unknown value', { orders: 60 }, 'retain', 'second order'],
  ])('%s', (_, given, stage, reason) => {
    expect(stageOf(customer(given), lifecycle, monday)).toEqual({ stage, reason, atRisk: false })
  })
})

describe('churn risk moves back, and lets go only once it is clearly lower', () => {
  test.each<[string, Case, string, boolean]>([
    ['below the upper threshold nothing happens', { orders: 6, tier: 'high', churn: 0.69 }, 'refer', false],
    ['at the upper threshold: back to retain', { orders: 6, tier: 'high', churn: 0.7 }, 'retain', true],
    [
      'between the thresholds whoever was at risk stays so',
      { orders: 6, tier: 'high', churn: 0.5, wasAtRisk: true },
      'retain',
      true,
    ],
    ['between the thresholds whoever was not is not', { orders: 6, tier: 'high', churn: 0.5 }, 'refer', false],
    [
      'below the lower threshold all is well again',
      { orders: 6, tier: 'high', churn: 0.49, wasAtRisk: true },
      'refer',
      false,
    ],
    ['lower stages are not touched', { orders: 1, churn: 0.9 }, 'activate', true],
    ['without a score what was known stays', { orders: 6, tier: 'high', wasAtRisk: true }, 'retain', true],
  ])('%s', (_, given, stage, atRisk) => {
    expect(stageOf(customer(given), lifecycle, monday)).toMatchObject({ stage, atRisk })
  })

  test('a score that trembles between the thresholds moves nobody', () => {
    let atRisk = false
    const stages = [0.6, 0.69, 0.55, 0.69, 0.71, 0.69, 0.55, 0.69, 0.49, 0.69].map((churn) => {
      const standing = stageOf(customer({ orders: 6, tier: 'high', churn, wasAtRisk: atRisk }), lifecycle, monday)
      ;({ atRisk } = standing)
      return standing.stage
    })
    expect(stages).toEqual([
      'refer',
      'refer',
      'refer',
      'refer',
      'retain',
      'retain',
      'retain',
      'retain',
      'refer',
      'refer',
    ])
  })

  test('the reason names the risk and the threshold', () => {
    const moved = stageOf(customer({ orders: 6, tier: 'high', churn: 0.74 }), lifecycle, monday)
    expect(moved.reason).toBe('churn risk 0.74 has reached 0.7')
    const held = stageOf(customer({ orders: 6, tier: 'high', churn: 0.6, wasAtRisk: true }), lifecycle, monday)
    expect(held.reason).toBe('churn risk 0.60 is not yet below 0.5')
  })
})

test('a stage that depends on time names the moment at which it changes', () => {
  const text = plainLifecycle.replace(
    'if: { orders.count: { at_least: 2 } }',
    'if: { all: [ orders.count: { at_least: 2 }, orders.last: { within: 90 days } ] }',
  )
  const withFading = definitionsOf({ lifecycle: text })
  const fading = withFading.lifecycle
  const regular = customer({ orders: 2 })
  const wakeOf = (definitions: Definitions): number | null => decide(regular, definitions, monday, identifiers).wakeAtMs
  const flipMs = wakeOf(withFading)
  expect(flipMs).toBe(monday + 90 * dayMs + 1)
  expect(stageOf(regular, fading, flipMs! - 1).stage).toBe('retain')
  expect(stageOf(regular, fading, flipMs!).stage).toBe('activate')
  expect(wakeOf(definitionsOf({}))).toBeNull()
})

describe('a lifecycle that cannot work is refused', () => {
  test.each([
    [
      'a stage that is missing',
      plainLifecycle.replace(/ {2}- \{ stage: retain.*\n/, ''),
      'must list all stages from the lowest',
    ],
    [
      'stages in another order',
      plainLifecycle.replace('stage: acquire', 'stage: refer'),
      'must list all stages from the lowest',
    ],
    [
      'a stage that nobody has heard of',
      plainLifecycle.replace('stage: acquire', 'stage: begin'),
      'stages[0].stage "begin": must be one of acquire',
    ],
    [
      'a condition for the lowest stage',
      plainLifecycle.replace('because: known', 'because: known, if: { at_risk: false }'),
      'everybody starts here',
    ],
    [
      'a stage without a condition',
      plainLifecycle.replace('because: first order, if: { orders.count: { at_least: 1 } }', 'because: first order'),
      'stages[1].if: is missing',
    ],
    [
      'a rule that looks at the stage itself',
      plainLifecycle.replace('orders.count: { at_least: 1 }', 'stage: retain'),
      'must not look at stage',
    ],
    [
      'a rule that looks at the risk flag',
      plainLifecycle.replace('orders.count: { at_least: 1 }', 'at_risk: false'),
      'must not look at at-risk',
    ],
    [
      'thresholds the wrong way round',
      plainLifecycle.replace('leave: 0.5', 'leave: 0.8'),
      'churn.leave 0.8: must be less than "enter"',
    ],
    ['a threshold above 1', plainLifecycle.replace('enter: 0.7', 'enter: 7'), 'churn.enter 7: must be at most 1'],
    [
      'a way back that goes up',
      plainLifecycle.replace('leave: 0.5', 'leave: 0.5, from: [activate]'),
      'churn.to: must be a lower stage',
    ],
    [
      'a word that is not known',
      plainLifecycle.replace('name: Lifecycle', 'name: Lifecycle\ncolour: red'),
      'colour "red": is not known here',
    ],
  ])('%s', (_, text, expected) => {
    expect(problemsIn('lifecycle', text).join('\n')).toContain(expected)
  })
})
