/** Whatever touches a customer leaves word of it for the segments, once, in the same transaction. */

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { takeWord } from '../../src/store/opt-out.ts'
import { saveScores } from '../../src/store/scores.ts'
import { liftStop, suppress } from '../../src/store/suppressions.ts'
import { type Call, openShop, type Shop, startMs } from '../intake/support/shop.ts'

let shop: Shop
beforeAll(async () => {
  shop = await openShop()
})
afterAll(() => shop.close())
beforeEach(() => shop.clear())

/** Who was touched since the last look, and by what. */
async function touched(): Promise<string[]> {
  const rows = await shop.rows<{ who: string }>(
    `WITH taken AS (DELETE FROM dirty_customers RETURNING customer_id, cause)
     SELECT coalesce(c.external_id, 'nobody') || ' ' || taken.cause AS who
     FROM taken JOIN customers c ON c.id = taken.customer_id ORDER BY 1`,
  )
  return rows.map((row) => row.who)
}

function view(userId: string): Call {
  return { type: 'track', event: 'Product Viewed', properties: {}, userId }
}

test('a page of events leaves one word per customer', async () => {
  await shop.live([view('ann'), view('bob'), view('ann')])
  expect(await touched()).toEqual(['ann intake', 'bob intake'])
})

test('an order that turns out to be somebody else’s touches both', async () => {
  const order = (userId: string, timestamp: string): Call => ({
    type: 'track',
    event: 'Order Completed',
    properties: { order_id: 'o1', revenue: 5, currency: 'EUR' },
    userId,
    timestamp,
  })
  await shop.live([order('ann', '2026-02-01T00:00:00Z')])
  await touched()
  await shop.live([order('bob', '2026-02-02T00:00:00Z')])
  expect(await touched()).toEqual(['ann intake', 'bob intake'])
})

test('of two customers who turn out to be one, both', async () => {
  await shop.live([{ ...view('ann'), userId: null, anonymousId: 'browser' }, view('ann')])
  await touched()
  await shop.live([{ type: 'identify', userId: 'ann', anonymousId: 'browser' }])
  expect(await touched()).toEqual(['ann intake', 'ann merge', 'nobody merge'])
})

test('consent, suppression and scores', async () => {
  await shop.live([{ type: 'identify', userId: 'ann', traits: { email: 'ann@example.org' } }, view('bob')])
  await touched()
  const { id } = await shop.customer('ann')
  const client = shop.database.pool
  const word = {
    customerId: id,
    channel: 'email',
    topic: '*',
    status: 'withdrawn',
    source: 'test',
    method: 'test',
  } as const
  await takeWord(client, { ...word, atMs: startMs, words: null })
  await takeWord(client, { ...word, atMs: startMs, words: null })
  expect(await touched()).toEqual(['ann consent'])

  const addressHash = shop.vault.lookupHash('email', 'ann@example.org')
  const stop = { channel: 'email', addressHash, reason: 'stop', detail: null, atMs: startMs } as const
  expect(await suppress(client, stop)).toBe(true)
  expect(await suppress(client, stop)).toBe(false)
  expect(await touched()).toEqual(['ann consent'])
  expect(await liftStop(client, 'email', addressHash)).toBe(true)
  expect(await touched()).toEqual(['ann consent'])

  const modelId = '00000000-0000-7000-8000-000000000001'
  const scores = [{ customerId: id, value: 0.5, tier: null, reasons: [] }]
  await saveScores(client, { kind: 'churn', modelId, nowMs: startMs, scores })
  expect(await touched()).toEqual(['ann score'])
})
