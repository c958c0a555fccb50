/** Customer profiles from order lines. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type CustomerProfile, customerProfiles, type OrderLine } from '../../src/analytics/customer-profile.ts'

function line(change: Partial<OrderLine>): OrderLine {
  const usual = {
    customerId: 'ann',
    orderId: 'o1',
    day: 0,
    itemId: 'tea',
    category: 'drinks',
    quantity: 1,
    unitPrice: 10,
    listPrice: 10,
  }
  return { ...usual, ...change }
}

function profileOf(lines: OrderLine[], asOfDay = 100): CustomerProfile {
  return customerProfiles(lines, { asOfDay })[0]!
}

describe('customerProfiles', () => {
  test('sum up who, how often, how much and what', () => {
    const { basic, shopping, preferences, tags } = profileOf([
      line({ day: 10 }),
      line({ day: 10, itemId: 'mug', category: 'kitchen', unitPrice: 30, listPrice: 40 }),
      line({ day: 40, orderId: 'o2', quantity: 2 }),
      line({ day: 70, orderId: 'o3' }),
      line({ day: 101, orderId: 'later', unitPrice: 5000 }),
    ])
    expect(basic).toEqual({ daysKnown: 90, daysSinceOrder: 30 })
    expect(shopping).toEqual({ orders: 3, pieces: 5, spend: 70, meanOrderValue: 70 / 3, meanDaysBetweenOrders: 30 })
    expect(preferences.categories).toEqual([
      { category: 'drinks', share: 40 / 70 },
      { category: 'kitchen', share: 30 / 70 },
    ])
    expect(preferences.variety).toBeGreaterThan(1.9)
    expect(preferences.variety).toBeLessThan(2)
    expect(tags).toEqual(['new', 'likes:drinks', 'likes:kitchen'])
  })

  test('measure price sensitivity by the share of discounted spend and by what a discount does to the quantity', () => {
    const reacting = [1, 2, 3, 4].flatMap((day) => [
      line({ customerId: 'sale', day, orderId: `s${day}`, unitPrice: 5, quantity: 8 }),
      line({ customerId: 'sale', day, orderId: `f${day}`, unitPrice: 10, quantity: 1 }),
    ])
    const steady = [1, 2, 3, 4].flatMap((day) => [
      line({ customerId: 'steady', day, orderId: `s${day}`, unitPrice: 5, quantity: 2 }),
      line({ customerId: 'steady', day, orderId: `f${day}`, unitPrice: 10, quantity: 2 }),
    ])
    const full = [line({ customerId: 'full' })]
    const [whole, sale, even] = customerProfiles([...reacting, ...steady, ...full], { asOfDay: 100 })
    expect(sale!.priceSensitivity.discountedShare).toBeCloseTo(40 / 50, 12)
    expect(even!.priceSensitivity.discountedShare).toBeCloseTo(1 / 3, 12)
    // Alone: −ln 8 / ln 2 = −3 and 0; all together −1.5. Each is drawn to that.
    expect(sale!.priceSensitivity.elasticity).toBeLessThan(-2)
    expect(even!.priceSensitivity.elasticity).toBeGreaterThan(-1)
    expect(whole!.priceSensitivity.elasticity).toBeCloseTo(-1.5, 9)
    expect(sale!.tags).toContain('price-sensitive')
    expect(even!.tags).not.toContain('price-sensitive')
    expect(whole!.tags).toContain('full-price')
  })

  test('know no reaction where nobody ever saw two prices', () => {
    const { priceSensitivity, tags } = profileOf([line({}), line({ day: 5, orderId: 'o2' })])
    expect(priceSensitivity).toEqual({ discountedShare: 0, elasticity: 0, score: 0 })
    expect(tags).toEqual(['quiet', 'full-price', 'likes:drinks'])
  })

  test('take gifts for what they are', () => {
    const { shopping, preferences, priceSensitivity } = profileOf([line({ unitPrice: 0 })])
    expect(shopping).toMatchObject({ spend: 0, meanOrderValue: 0, meanDaysBetweenOrders: null })
    expect(preferences.categories).toEqual([{ category: 'drinks', share: 1 }])
    expect(priceSensitivity.discountedShare).toBe(1)
  })

  test('do not depend on the order of the lines, and keep shares and scores from 0 to 1', () => {
    const lines = fc.array(
      fc.record({
        customerId: fc.constantFrom('a', 'b'),
        orderId: fc.constantFrom('1', '2', '3'),
        day: fc.integer({ min: 0, max: 50 }),
        itemId: fc.constantFrom('x', 'y'),
        category: fc.constantFrom('p', 'q', 'r'),
        quantity: fc.integer({ min: 1, max: 9 }),
        unitPrice: fc.integer({ min: 0, max: 20 }),
        listPrice: fc.integer({ min: 0, max: 20 }),
      }),
      { minLength: 1, maxLength: 25 },
    )
    fc.assert(
      fc.property(lines, (given) => {
        const profiles = customerProfiles(given, { asOfDay: 50 })
        expect(customerProfiles(given.toReversed(), { asOfDay: 50 })).toEqual(profiles)
        for (const { preferences, priceSensitivity } of profiles) {
          expect(preferences.categories.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9)
          for (const share of [priceSensitivity.discountedShare, priceSensitivity.score]) {
            expect(share).toBeGreaterThanOrEqual(0)
            expect(share).toBeLessThanOrEqual(1 + 1e-12)
          }
        }
      }),
    )
  })

  test.each<[string, Partial<OrderLine>, RegExp]>([
    ['a quantity of 0', { quantity: 0 }, /^lines\[0\]\.quantity: 0 must be above 0/],
    ['a negative price', { unitPrice: -1 }, /^lines\[0\]\.unitPrice: -1 must not be negative/],
    ['a list price of NaN', { listPrice: Number.NaN }, /^lines\[0\]\.listPrice: NaN must be a finite number/],
    ['half a day', { day: 0.5 }, /^lines\[0\]\.day: 0\.5 must be a whole number/],
  ])('refuse %s', (_, change, message) => {
    expect(() => profileOf([line(change)])).toThrow(RangeError)
    expect(() => profileOf([line(change)])).toThrow(message)
  })
})
