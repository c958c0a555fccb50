/** What is counted with the events: days, categories, discounts. */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { averageOrderIntervalMs, priceSensitivity } from '../../src/domain/order-habits.ts'
import { type Call, openShop, type Shop } from './support/shop.ts'

let shop: Shop
beforeAll(async () => {
  shop = await openShop()
})
beforeEach(() => shop.clear())
afterAll(() => shop.close())

const track = (event: string, timestamp: string, properties: object = {}, more: object = { userId: 'u1' }): Call => ({
  type: 'track',
  event,
  timestamp,
  properties,
  ...more,
})

function eventDays(): Promise<object[]> {
  return shop.rows(`SELECT name, day::text, count, first_at, last_at FROM event_days d JOIN customers c ON c.id = customer_id
                    WHERE merged_into IS NULL ORDER BY name, day`)
}

function categories(): Promise<object[]> {
  return shop.rows(`SELECT external_id AS who, category, orders, quantity, k.revenue_cents AS cents
                    FROM customer_categories k JOIN customers c ON c.id = customer_id ORDER BY who, category`)
}

describe('events by day', () => {
  test('are counted once, by name, page and screen, in days of UTC', async () => {
    const late = track('Seen', '2026-02-01T23:59:59.999Z', {}, { userId: 'u1', messageId: 'm1' })
    await shop.live([
      late,
      track('Seen', '2026-02-02T00:00:00+00:00'),
      track('Seen', '2026-02-02T09:00:00+09:30'),
      { type: 'page', name: 'Pricing', timestamp: '2026-02-02T10:00:00Z', userId: 'u1' },
      { type: 'page', timestamp: '2026-02-02T10:00:00Z', userId: 'u1' },
      { type: 'screen', name: 'Basket', timestamp: '2026-02-02T10:00:00Z', userId: 'u1' },
      { type: 'identify', traits: { plan: 'pro' }, userId: 'u1' },
      { type: 'group', groupId: 'g1', userId: 'u1' },
    ])
    await shop.live([late, track('Seen', '2026-02-01T08:00:00Z')])
    const noon = new Date('2026-02-02T10:00:00Z')
    expect(await eventDays()).toEqual([
      {
        name: 'Seen',
        day: '2026-02-01',
        count: 3,
        first_at: new Date('2026-02-01T08:00:00Z'),
        last_at: new Date('2026-02-01T23:59:59.999Z'),
      },
      {
        name: 'Seen',
        day: '2026-02-02',
        count: 1,
        first_at: new Date('2026-02-02T00:00:00Z'),
        last_at: new Date('2026-02-02T00:00:00Z'),
      },
      { name: 'page:', day: '2026-02-02', count: 1, first_at: noon, last_at: noon },
      { name: 'page:Pricing', day: '2026-02-02', count: 1, first_at: noon, last_at: noon },
      { name: 'screen:Basket', day: '2026-02-02', count: 1, first_at: noon, last_at: noon },
    ])
  })

  test('of two customers who turn out to be one are added up', async () => {
    await shop.live([
      track('Seen', '2026-02-01T10:00:00Z'),
      track('Seen', '2026-02-01T09:00:00Z', {}, { anonymousId: 'a1' }),
      track('Left', '2026-02-03T09:00:00Z', {}, { anonymousId: 'a1' }),
    ])
    await shop.live([
      { type: 'identify', userId: 'u1', anonymousId: 'a1' },
      track('Seen', '2026-02-01T11:00:00Z', {}, { anonymousId: 'a1' }),
    ])
    expect(await eventDays()).toMatchObject([
      { name: 'Left', count: 1 },
      {
        name: 'Seen',
        count: 3,
        first_at: new Date('2026-02-01T09:00:00Z'),
        last_at: new Date('2026-02-01T11:00:00Z'),
      },
    ])
  })
})

describe('orders', () => {
  const order = (id: string, timestamp: string, more: object): Call =>
    track('Order Completed', timestamp, { order_id: id, currency: 'EUR', ...more })

  test('tell the interval between them and the share that was bought with a discount', async () => {
    await shop.live([
      order('o1', '2026-02-01T00:00:00Z', { revenue: 30, discount: 5 }),
      order('o2', '2026-02-03T00:00:00Z', { revenue: 60 }),
      order('o3', '2026-02-07T00:00:00Z', { revenue: 10, discount: 1, currency: 'USD' }),
    ])
    const customer = await shop.customer('u1')
    expect(customer).toMatchObject({ revenue_cents: 9_000, discount_cents: 500, discounted_revenue_cents: 3_000 })
    expect(priceSensitivity(9_000, 3_000)).toBeCloseTo(1 / 3, 12)
    expect(priceSensitivity(0, 0)).toBeUndefined()
    const [first, last] = [customer.first_order_at?.getTime() ?? null, customer.last_order_at?.getTime() ?? null]
    expect(averageOrderIntervalMs(customer.order_count, first, last)).toBe(3 * 86_400_000)
    expect(averageOrderIntervalMs(1, first, first)).toBeUndefined()
  })

  test('are counted by category, without those that were cancelled', async () => {
    const jazz = { product_id: 'p1', category: 'Jazz', price: 10, quantity: 2 }
    const soul = { product_id: 'p2', category: 'Soul', price: 7 }
    await shop.live([
      order('o1', '2026-02-01T00:00:00Z', { products: [jazz, soul, { product_id: 'p3', price: 1 }] }),
      order('o2', '2026-02-02T00:00:00Z', { products: [jazz] }),
      order('o3', '2026-02-03T00:00:00Z', { products: [soul] }),
    ])
    await shop.live([track('Order Cancelled', '2026-02-04T00:00:00Z', { order_id: 'o3' })])
    expect(await categories()).toEqual([
      { who: 'u1', category: 'Jazz', orders: 2, quantity: 4, cents: 4_000 },
      { who: 'u1', category: 'Soul', orders: 1, quantity: 1, cents: 700 },
    ])
    await shop.live([track('Order Cancelled', '2026-02-04T00:00:00Z', { order_id: 'o1' })])
    expect(await categories()).toEqual([{ who: 'u1', category: 'Jazz', orders: 1, quantity: 2, cents: 2_000 }])
  })

  test('by the category that a product has today, whenever it was told', async () => {
    const line = { product_id: 'p1', price: 10 }
    const view = (day: number, category: string): Call =>
      track('Product Viewed', `2026-02-0${day}T10:00:00Z`, { product_id: 'p1', category }, { anonymousId: 'browser' })
    await shop.live([
      order('o1', '2026-02-01T00:00:00Z', { products: [line] }),
      track('Order Completed', '2026-02-02T00:00:00Z', { order_id: 'o2', products: [line] }, { userId: 'u2' }),
    ])
    expect(await categories()).toEqual([])
    const of = (category: string): object[] =>
      ['u1', 'u2'].map((who) => expect.objectContaining({ who, category, orders: 1 }))
    await shop.live([view(3, 'Jazz')])
    expect(await categories()).toEqual(of('Jazz'))
    await shop.live([view(5, 'Soul')])
    expect(await categories()).toEqual(of('Soul'))
    // Late; and of two words of one day, whatever their order, the one that sorts last.
    await shop.live([view(4, 'Folk'), view(5, 'Pop')])
    expect(await categories()).toEqual(of('Soul'))
    expect(await shop.rows('SELECT 1 FROM products WHERE category_changes > category_counted')).toEqual([])
    const dirty = await shop.rows(
      'SELECT 1 FROM dirty_customers JOIN customers c ON c.id = customer_id WHERE external_id = $1',
      ['u2'],
    )
    expect(dirty).toHaveLength(3)
  })
})
