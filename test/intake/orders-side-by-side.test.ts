/** Pages that speak of the same orders at the same time, in the name of different customers. */

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { handlePage, type PageResult } from '../../src/intake/handle-page.ts'
import { OutOfDateError } from '../../src/intake/page-identities.ts'
import { claimEventsById } from '../../src/store/claim-events.ts'
import { errorCode } from '../../src/store/describe-error.ts'
import { at, type Call, openShop, type Shop } from './support/shop.ts'

let shop: Shop
beforeAll(async () => {
  shop = await openShop()
})
beforeEach(() => shop.clear())
afterAll(() => shop.close())

const orders = 60
const track = (event: string, who: object, order: number, minute: number, more: object): Call => ({
  type: 'track',
  event,
  properties: { order_id: `o${order}`, currency: 'EUR', ...more },
  messageId: JSON.stringify([event, who, order, more]),
  ...who,
  ...at(minute),
})

/** Each list is handled by pages of its own; nobody in two lists is the same customer. */
function lists(): Call[][] {
  const all = Array.from({ length: orders }, (_, order) => order)
  const products = [{ product_id: 'p1', category: 'Jazz', price: 30, quantity: 1 }]
  return [
    all.map((order) => track('Order Completed', { userId: `buyer${order % 3}` }, order, 1, { revenue: 30, products })),
    // The same orders, claimed by somebody else later.
    all
      .filter((order) => order % 4 === 0)
      .map((order) => track('Order Updated', { userId: 'other' }, order, 2, { revenue: 40 })),
    all.map((order) => track('Order Refunded', { anonymousId: 'desk' }, order, 3, { total: 10 })),
    all.map((order) => track('Order Refunded', { anonymousId: 'machine' }, order, 4, { total: 5 })),
    all
      .filter((order) => order % 5 === 0)
      .map((order) => track('Order Cancelled', { anonymousId: 'robot' }, order, 5, {})),
  ]
}

const pageSize = 6

async function handlePages(ids: readonly number[]): Promise<void> {
  const needs = {
    database: shop.database,
    vault: shop.vault,
    nowMs: () => shop.time.nowMs,
    interests: async () => shop.interests,
  }
  for (let from = 0; from < ids.length; from += pageSize) {
    const page = ids.slice(from, from + pageSize)
    for (;;) {
      const result = await handlePage(needs, (client) => claimEventsById(client, page)).catch(whenOutOfDate)
      if (result !== undefined) break
    }
  }
}

function whenOutOfDate(error: unknown): PageResult | undefined {
  if (error instanceof OutOfDateError || errorCode(error) === '40P01') return undefined
  throw error
}

test('lose nothing, whoever comes first', { timeout: 120_000 }, async () => {
  for (let round = 0; round < 4; round++) {
    await shop.clear()
    const ids: number[][] = []
    for (const calls of lists()) {
      await shop.take(calls)
      const rows = await shop.rows<{ id: number }>(
        'SELECT id FROM events WHERE message_id = ANY ($1) ORDER BY random()',
        [calls.map((call) => call['messageId'])],
      )
      ids.push(rows.map(({ id }) => id))
    }
    await Promise.all(ids.map(handlePages))
    expect(
      await shop.rows(`
        SELECT order_key, external_id AS who, o.revenue_cents::int AS revenue, o.refunded_cents::int AS refunded,
               cancelled_at IS NOT NULL AS cancelled, (SELECT count(*)::int FROM order_lines WHERE order_id = o.id) AS lines
        FROM orders o JOIN customers c ON c.id = customer_id ORDER BY substr(order_key, 2)::int`),
    ).toEqual(
      Array.from({ length: orders }, (_, order) => {
        const isOther = order % 4 === 0
        return {
          order_key: `o${order}`,
          who: isOther ? 'other' : `buyer${order % 3}`,
          revenue: isOther ? 4_000 : 3_000,
          refunded: 1_500,
          cancelled: order % 5 === 0,
          lines: isOther ? 0 : 1,
        }
      }),
    )
    // What is told of a customer in sum is what a recount of the orders gives.
    expect(
      await shop.rows(`
        SELECT external_id FROM customers c
        WHERE (order_count, revenue_cents, refunded_cents) <> (
          SELECT count(*)::int, coalesce(sum(revenue_cents), 0)::bigint, coalesce(sum(refunded_cents), 0)::bigint
          FROM orders WHERE customer_id = c.id AND cancelled_at IS NULL)
        OR coalesce((SELECT orders FROM customer_categories WHERE customer_id = c.id), 0) <> (
          SELECT count(*) FROM orders o JOIN order_lines ON order_id = o.id
          WHERE customer_id = c.id AND cancelled_at IS NULL)`),
    ).toEqual([])
  }
})
