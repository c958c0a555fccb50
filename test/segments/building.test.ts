/** While a segment is being built, life goes on: nobody who changes meanwhile is missed, and nothing waits for the building. */

import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from '../intake/support/processes.ts'
import { type Call } from '../intake/support/shop.ts'
import { openSegmentShop, type SegmentShop } from './support/engine.ts'

let shop: SegmentShop
beforeAll(async () => {
  shop = await openSegmentShop()
})
afterAll(() => shop.close())

const order = (userId: string): Call => ({
  type: 'track',
  event: 'Order Completed',
  userId,
  properties: { order_id: `order of ${userId}`, revenue: 10, currency: 'EUR' },
})

test('who changes after the building has read them is looked at once more when the segment counts', async () => {
  const identify = (userId: string): Call => ({ type: 'identify', userId, traits: {} })
  await shop.live([order('ada'), identify('bob'), identify('cem')])
  await shop.evaluate()
  await shop.publish('segment', { buyers: 'name: Buyers\nif: { orders.count: { at_least: 1 } }' })

  // A row in the way, not yet committed: the building has read everybody, and stands still before it has written.
  const blocker = await shop.database.pool.connect()
  const { id: ada } = await shop.customer('ada')
  await blocker.query('BEGIN')
  await blocker.query(
    `INSERT INTO segment_members SELECT CASE WHEN is_called THEN last_value + 1 ELSE last_value END, $1, now()
       FROM segments_id_seq`,
    [ada],
  )
  const building = shop.build()
  await eventually('the building waits', async () => {
    const rows = await shop.rows(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    )
    return rows.length > 0
  })
  await shop.live([order('bob')])
  expect(await shop.evaluate()).toMatchObject([{ customers: 1, entered: 0 }])
  expect(await shop.members('buyers')).toEqual([])
  await blocker.query('ROLLBACK')
  blocker.release()

  expect((await building)?.built).toMatchObject([{ key: 'buyers', size: 1 }])
  expect(await shop.members('buyers')).toEqual(['ada'])
  await shop.evaluate()
  expect(await shop.members('buyers')).toEqual(['ada', 'bob'])
  expect(await shop.rows('SELECT FROM segment_catch_ups')).toEqual([])
})

test('two pages that share a customer evaluate them one after the other, and the last one has seen everything', async () => {
  const { id: cem } = await shop.customer('cem')
  // Somebody is at it, and has not yet said what came of it.
  const first = await shop.database.pool.connect()
  await first.query('BEGIN')
  await first.query('INSERT INTO segment_states (customer_id) VALUES ($1) ON CONFLICT DO NOTHING', [cem])
  await first.query('SELECT FROM segment_states WHERE customer_id = $1 FOR UPDATE', [cem])
  await shop.rows(`INSERT INTO dirty_customers (customer_id, cause) VALUES ($1, 'intake')`, [cem])
  const second = shop.evaluate()
  await eventually('the second page waits', async () => {
    const rows = await shop.rows(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    )
    return rows.length > 0
  })
  await shop.live([order('cem')]) // Intake waits for neither of them.
  await first.query('COMMIT')
  first.release()
  await second
  expect(await shop.members('buyers')).toContain('cem')
})
