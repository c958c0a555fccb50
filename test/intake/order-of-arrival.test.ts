/** Whatever order events arrive in, late or twice, what is known in the end is the same. */

import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runs } from '../support/property-runs.ts'
import { at, type Call, openShop, type Shop } from './support/shop.ts'

let shop: Shop
beforeAll(async () => {
  shop = await openShop()
})
afterAll(() => shop.close())

const currencies = ['EUR', 'USD'] as const

/** One call about one of two customers; the minute is filled in later, so that no two happen at the same moment. */
const call: fc.Arbitrary<Call> = fc.oneof(
  fc.record({
    type: fc.constant('identify'),
    traits: fc.dictionary(fc.constantFrom('plan', 'city', 'email', 'phone', 'firstName'), traitValue(), { maxKeys: 3 }),
  }),
  fc.record({
    type: fc.constant('track'),
    event: fc.constantFrom('Order Completed', 'Order Updated'),
    properties: fc.record({
      order_id: fc.constantFrom('o1', 'o2', 'o3'),
      revenue: fc.integer({ min: 0, max: 500 }),
      discount: fc.integer({ min: 0, max: 50 }),
      currency: fc.constantFrom(...currencies),
      products: fc.array(
        fc.record({
          product_id: fc.constantFrom('p1', 'p2'),
          quantity: fc.integer({ min: 1, max: 3 }),
          price: fc.integer({ min: 1, max: 9 }),
        }),
        { maxLength: 2 },
      ),
    }),
  }),
  fc.record({
    type: fc.constant('track'),
    event: fc.constantFrom('Order Refunded', 'Order Cancelled'),
    properties: fc.record(
      {
        order_id: fc.constantFrom('o1', 'o2', 'o3'),
        total: fc.integer({ min: 1, max: 300 }),
        currency: fc.constantFrom(...currencies),
      },
      { requiredKeys: ['order_id', 'currency'] },
    ),
  }),
  fc.record({
    type: fc.constant('track'),
    event: fc.constantFrom('Email Subscribed', 'Email Unsubscribed'),
    properties: fc.constant({}),
  }),
)

function traitValue(): fc.Arbitrary<unknown> {
  return fc.constantFrom('pro', 'Rome', 'ann@example.org', 'bob@example.org', '+442079460958', '+393331234567', null)
}

const history = fc
  .array(fc.tuple(fc.constantFrom('u1', 'u2'), call), { minLength: 2, maxLength: 14 })
  .map((calls) =>
    calls.map(([userId, more], index): Call => ({ ...more, userId, messageId: `m${index}`, ...at(index) })),
  )

/** The calls in another order, some of them twice, cut into pages. */
const arrival = history.chain((calls) =>
  fc.record({
    calls: fc.constant(calls),
    shuffled: fc.array(fc.nat(calls.length - 1), { maxLength: 4 }).chain((twice) =>
      fc.shuffledSubarray([...calls, ...twice.flatMap((index) => calls[index] ?? [])], {
        minLength: calls.length + twice.length,
      }),
    ),
    pageSize: fc.integer({ min: 1, max: 5 }),
  }),
)

test('the same customers, orders and consent', { timeout: 300_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(arrival, async ({ calls, shuffled, pageSize }) => {
      const inOrder = await outcome([calls])
      const pages = Array.from({ length: Math.ceil(shuffled.length / pageSize) }, (_, page) =>
        shuffled.slice(page * pageSize, (page + 1) * pageSize),
      )
      expect(await outcome(pages)).toEqual(inOrder)
    }),
    { numRuns: runs(25) },
  )
})

async function outcome(pages: readonly (readonly Call[])[]): Promise<object> {
  await shop.clear()
  for (const page of pages) await shop.live(page)
  const [customers, orders, addresses, consents] = await Promise.all([
    shop.rows(`SELECT external_id, traits, email_domain, order_count, revenue_cents, refunded_cents, discount_cents, currency,
                      first_order_at, last_order_at, first_seen_at, last_seen_at FROM customers ORDER BY external_id`),
    shop.rows(`SELECT order_key, external_id, ordered_at, o.revenue_cents, o.discount_cents, o.refunded_cents, o.currency, cancelled_at,
                      (SELECT json_agg(json_build_array(product_key, quantity, price_cents) ORDER BY position)
                       FROM order_lines WHERE order_id = o.id) AS lines
               FROM orders o JOIN customers c ON c.id = customer_id ORDER BY order_key`),
    shop.rows(`SELECT external_id, channel, encode(address_hash, 'hex') AS hash FROM contact_points p JOIN customers c ON c.id = customer_id
               WHERE p.current ORDER BY external_id, channel`),
    shop.rows(`SELECT DISTINCT ON (external_id, channel, topic) external_id, channel, topic, status
               FROM consents JOIN customers c ON c.id = customer_id
               ORDER BY external_id, channel, topic, given_at DESC, consents.id DESC`),
  ])
  return { customers, orders, addresses, consents }
}
