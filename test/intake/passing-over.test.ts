/** Pages side by side get customers of their own; with whom somebody else is at work is left for later, and not forgotten. */

import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { handleNextPage } from '../../src/intake/intake.ts'
import { claimEvents } from '../../src/store/claim-events.ts'
import { at, type Call, openShop, type Shop } from './support/shop.ts'

let shop: Shop
beforeAll(async () => {
  shop = await openShop()
})
beforeEach(() => shop.clear())
afterAll(() => shop.close())

function page(meeting: 'wait' | 'leave') {
  const { database, vault, time, interests } = shop
  const log = pino({ level: 'silent' })
  return handleNextPage({ database, vault, log, nowMs: () => time.nowMs, interests: async () => interests }, meeting)
}

const view = (who: object, minute: number): Call => ({ type: 'track', event: 'Viewed', ...who, ...at(minute) })

async function waiting(): Promise<(string | null)[]> {
  const rows = await shop.rows<{ who: string | null }>(
    'SELECT coalesce(user_id, anonymous_id) AS who FROM events WHERE handled_at IS NULL ORDER BY id',
  )
  return rows.map(({ who }) => who)
}

test('whoever is held by somebody else is left, with all who share a name with them; the rest is handled', async () => {
  await shop.live([view({ userId: 'ada' }, 0), view({ userId: 'bob' }, 0)])
  const { id } = await shop.customer('ada')
  await shop.take([
    view({ userId: 'ada' }, 1),
    view({ userId: 'bob' }, 1),
    view({ userId: 'ada', anonymousId: 'tablet' }, 2),
    view({ anonymousId: 'tablet' }, 3), // Nobody's yet, and about to be Ada's.
    view({ userId: 'cleo' }, 3),
  ])
  await shop.database.transaction(async (other) => {
    await other.query('SELECT FROM customers WHERE id = $1 FOR UPDATE', [id])
    expect(await page('leave')).toMatchObject({ handled: 2, left: 3 })
    expect(await waiting()).toEqual(['ada', 'ada', 'tablet'])
  })
  expect(await page('leave')).toMatchObject({ handled: 3, left: 0 })
  expect(await shop.rows('SELECT FROM customers')).toHaveLength(3)
})

test('an order whose owner is held by somebody else waits, whoever speaks of it', async () => {
  const order = { properties: { order_id: 'o1', total: 20, currency: 'EUR' } }
  await shop.live([{ type: 'track', event: 'Order Completed', userId: 'ada', ...order, ...at(0) }])
  const { id } = await shop.customer('ada')
  await shop.take([{ type: 'track', event: 'Order Refunded', anonymousId: 'desk', ...order, ...at(1) }])
  await shop.database.transaction(async (other) => {
    await other.query('SELECT FROM customers WHERE id = $1 FOR UPDATE', [id])
    expect(await page('leave')).toMatchObject({ handled: 0, left: 1 })
  })
  expect(await page('wait')).toMatchObject({ handled: 1, left: 0 })
  expect((await shop.customer('ada')).refunded_cents).toBe(2_000)
})

test('two pages at the same time have no customer in common, and together they have everything', async () => {
  const people = 40
  const calls = Array.from({ length: 400 }, (_, i) => {
    const person = i % people
    return view(i % 3 === 0 ? { userId: `u${person}`, anonymousId: `a${person}` } : { anonymousId: `a${person}` }, i)
  })
  await shop.take(calls)
  const owners = new Map<string, number>()
  const claim = (limit: number, nth: number, then: () => Promise<void>): Promise<void> =>
    shop.database.transaction(async (client) => {
      const events = await claimEvents(client, limit)
      expect(events.length).toBeGreaterThan(0)
      for (const { anonymousId } of events) {
        expect(owners.get(anonymousId ?? '') ?? nth).toBe(nth)
        owners.set(anonymousId ?? '', nth)
      }
      await then()
    })
  await claim(50, 1, () => claim(50, 2, () => claim(50, 3, async () => undefined)))
  // Nobody holds anything any more: a large page has it all, in the order in which it came.
  const all = await shop.database.transaction((client) => claimEvents(client, 500))
  expect(all.map(({ id }) => id)).toEqual(all.map(({ id }) => id).toSorted((one, other) => one - other))
  expect(all).toHaveLength(calls.length)
})
