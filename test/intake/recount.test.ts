/** However late, often or mixed up events arrive: what is counted of customers is what a plain recount of them gives. */

import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runs } from '../support/property-runs.ts'
import { counted } from './support/counted.ts'
import { recount } from './support/recount.ts'
import { type Call, openShop, type Shop, startMs } from './support/shop.ts'

let shop: Shop
beforeAll(async () => {
  shop = await openShop()
})
afterAll(() => shop.close())

const currency = fc.constantFrom('EUR', 'USD')
const order_id = fc.constantFrom('o1', 'o2', 'o3', 'o4')
const product = fc.record(
  { product_id: fc.constantFrom('p1', 'p2', 'p3'), category: fc.constantFrom('Jazz', 'Soul', 'Folk') },
  { requiredKeys: ['product_id'] },
)
const line = fc
  .tuple(product, fc.record({ quantity: fc.integer({ min: 1, max: 3 }), price: fc.integer({ min: 1, max: 9 }) }))
  .map(([what, more]) => ({ ...what, ...more }))

const what: fc.Arbitrary<Call> = fc.oneof(
  fc.record({ type: fc.constant('track'), event: fc.constant('Product Viewed'), properties: product }),
  fc.record({ type: fc.constantFrom('page', 'screen'), name: fc.constantFrom('Pricing', 'Basket') }),
  fc.record({ type: fc.constantFrom('page', 'identify') }),
  fc.record({
    type: fc.constant('track'),
    event: fc.constantFrom('Order Completed', 'Order Updated'),
    properties: fc.record({
      order_id,
      currency,
      revenue: fc.integer({ min: 0, max: 90 }),
      discount: fc.constantFrom(0, 0, 3),
      products: fc.array(line, { maxLength: 3 }),
    }),
  }),
  fc.record({
    type: fc.constant('track'),
    event: fc.constantFrom('Order Refunded', 'Order Cancelled'),
    properties: fc.record(
      { order_id, currency, total: fc.integer({ min: 1, max: 60 }) },
      { requiredKeys: ['order_id'] },
    ),
  }),
)

/** Two people with a browser each, sometimes nameless, sometimes known; and a back office. */
const who = fc.constantFrom(
  { userId: 'u1' },
  { userId: 'u2' },
  { anonymousId: 'a1' },
  { anonymousId: 'a2' },
  { userId: 'u1', anonymousId: 'a1' },
  { userId: 'u2', anonymousId: 'a2' },
  { anonymousId: 'desk' },
)

const monthMs = 30 * 86_400_000
const call = fc
  .tuple(what, who, fc.integer({ min: 1, max: 8 }))
  // Few moments, so that several things happen at the same one.
  .map(([one, whose, sixthDays]) => ({
    ...one,
    ...whose,
    timestamp: new Date(startMs - 2 * monthMs + sixthDays * 4 * 3_600_000).toISOString(),
  }))

const arrival = fc.array(call, { minLength: 1, maxLength: 25 }).chain((some) => {
  const calls = some.map((one, index): Call => ({ ...one, messageId: `m${index}` }))
  return fc.record({
    calls: fc.constant(calls),
    arriving: fc.shuffledSubarray([...calls, ...calls], { minLength: calls.length }),
    pageSize: fc.integer({ min: 1, max: 12 }),
    /** From this page on it is the next month. */
    turn: fc.nat(6),
  })
})

test('aggregates are what a recount gives', { timeout: 300_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(arrival, async ({ calls, arriving, pageSize, turn }) => {
      await shop.clear()
      // At the end everything once more, for what the shuffling left out.
      const all = [...arriving, ...calls]
      for (let page = 0; page * pageSize < all.length; page++) {
        shop.time.nowMs = page < turn ? startMs - monthMs : startMs
        await shop.live(all.slice(page * pageSize, (page + 1) * pageSize))
      }
      expect(await counted(shop)).toEqual(recount(calls))
    }),
    { numRuns: runs(40) },
  )
})
