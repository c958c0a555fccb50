import { describe, expect, test } from 'vitest'
import { toCurrency, toMinorUnits } from '../../src/intake/money.ts'

describe('amounts become whole minor units', () => {
  test.each<[unknown, string, number | undefined]>([
    [19.99, 'EUR', 1_999],
    ['19.99', 'EUR', 1_999],
    [' 19.9 ', 'USD', 1_990],
    [0, 'EUR', 0],
    [0.1 + 0.2, 'EUR', 30],
    [1.005, 'EUR', 101],
    [-1.005, 'EUR', -101],
    [1_200, 'JPY', 1_200],
    [1.2345, 'KWD', 1_235],
    [1e10, 'EUR', 1e12],
    [1e11, 'EUR', undefined],
    ['1,5', 'EUR', undefined],
    ['1e3', 'EUR', undefined],
    ['', 'EUR', undefined],
    ['€5', 'EUR', undefined],
    [Number.NaN, 'EUR', undefined],
    [true, 'EUR', undefined],
    [null, 'EUR', undefined],
    [[5], 'EUR', undefined],
  ])('%j %s', (value, currency, units) => {
    expect(toMinorUnits(value, currency)).toBe(units)
  })

  test.each<[unknown, string | undefined]>([
    ['eur', 'EUR'],
    [' USD ', 'USD'],
    ['EURO', undefined],
    ['', undefined],
    [978, undefined],
  ])('currency %j', (value, code) => {
    expect(toCurrency(value)).toBe(code)
  })
})
