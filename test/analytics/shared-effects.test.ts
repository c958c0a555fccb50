/** Effects of several offers: together, and each drawn towards the others as far as little is known of it. */

import { describe, expect, test } from 'vitest'
import { combineEstimates, shareEffects } from '../../src/analytics/experiments/shared-effects.ts'

describe('estimates of one effect', () => {
  test('count by how sure they are', () => {
    const both = combineEstimates([
      { effect: 0.1, error: 0.01 },
      { effect: 0.2, error: 0.02 },
    ])
    expect(both.effect).toBeCloseTo((0.1 * 4 + 0.2) / 5, 12)
    expect(both.error).toBeCloseTo(Math.sqrt(1 / (1e4 + 2.5e3)), 12)
  })

  test('that are none, or know no error, are refused with their name', () => {
    expect(() => combineEstimates([])).toThrow(/estimates/)
    expect(() => shareEffects([{ effect: 1, error: 0 }])).toThrow(/estimates\[0\].error.*must be positive/)
    expect(() => shareEffects([{ effect: Number.NaN, error: 1 }])).toThrow(/estimates\[0\].effect/)
  })
})

describe('effects of several treatments', () => {
  test('that differ by no more than chance are one effect', () => {
    const { between, common, effects } = shareEffects([
      { effect: 0.1, error: 0.05 },
      { effect: 0.12, error: 0.05 },
      { effect: 0.08, error: 0.05 },
    ])
    expect(between).toBe(0)
    expect(common.effect).toBeCloseTo(0.1, 12)
    expect(effects).toEqual([common, common, common])
  })

  test('that differ stay apart where they are well known, and are drawn together where not', () => {
    const { between, common, effects } = shareEffects([
      { effect: 0.3, error: 0.01 },
      { effect: 0, error: 0.01 },
      { effect: 0.6, error: 0.3 },
    ])
    expect(between).toBeGreaterThan(0.1)
    expect(effects[0]?.effect).toBeCloseTo(0.3, 2)
    expect(effects[1]?.effect).toBeCloseTo(0, 2)
    expect(effects[2]?.effect).toBeLessThan(0.4)
    expect(effects[2]?.effect).toBeGreaterThan(common.effect)
    for (const { error } of effects) expect(error).toBeLessThan(0.3)
  })

  test('the only one is what is common', () => {
    const only = { effect: 0.05, error: 0.02 }
    const shared = shareEffects([only])
    expect(shared.common.effect).toBeCloseTo(only.effect, 12)
    expect(shared.effects[0]?.error).toBeCloseTo(only.error, 12)
  })
})
