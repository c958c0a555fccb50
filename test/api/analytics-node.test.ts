/** Segment's official client for Node, pointed at us. */

import { Analytics } from '@segment/analytics-node'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestServer, type TestServer } from './support/test-server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

test('every kind of call of the official client arrives once, with its message id', async () => {
  const errors: unknown[] = []
  const analytics = new Analytics({ writeKey: server.writeKey, host: server.url, flushAt: 3 })
  analytics.on('error', (error) => errors.push(error))
  analytics.identify({ userId: 'u1', traits: { email: 'ann@example.org', plan: 'pro' } })
  analytics.track({ userId: 'u1', event: 'Order Completed', properties: { order_id: 'o1', revenue: 10 } })
  analytics.page({ anonymousId: 'a1', name: 'Home', properties: { path: '/' } })
  analytics.screen({ userId: 'u1', name: 'Start' })
  analytics.group({ userId: 'u1', groupId: 'g1', traits: { size: 3 } })
  analytics.alias({ userId: 'u1', previousId: 'a1' })
  await analytics.closeAndFlush()

  expect(errors).toEqual([])
  const { rows } = await server.database.pool.query<{ type: string; message_id: string }>(
    'SELECT type, message_id FROM events ORDER BY type',
  )
  expect(rows.map(({ type }) => type)).toEqual(['alias', 'group', 'identify', 'page', 'screen', 'track'])
  expect(new Set(rows.map((row) => row.message_id)).size).toBe(6)
})

test('with a wrong key the official client is told so', async () => {
  const errors: unknown[] = []
  const analytics = new Analytics({ writeKey: 'pwk_wrong', host: server.url, maxRetries: 0 })
  analytics.on('error', (error) => errors.push(error))
  analytics.track({ userId: 'u1', event: 'Wrong Key' })
  await analytics.closeAndFlush()
  expect(errors).toHaveLength(1)
  const { rows } = await server.database.pool.query(`SELECT 1 FROM events WHERE name = 'Wrong Key'`)
  expect(rows).toEqual([])
})
