/** Five thousand events of one customer at once, through intake, the nudger and a real workflow: all read, few steps. */

import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readCall } from '../../src/api/tracking/read-call.ts'
import { interestingEvents, interestingTraits } from '../../src/domain/interests.ts'
import { startIntake } from '../../src/intake/intake.ts'
import { startNudger } from '../../src/intake/nudger.ts'
import { createDefinitionsCache } from '../../src/store/campaigns.ts'
import { ensureEventParts } from '../../src/store/event-parts.ts'
import { insertEvents } from '../../src/store/insert-events.ts'
import { customerWorkflowId } from '../../workflows/ids.ts'
import { until } from './support/customers.ts'
import { createWorld, type World } from './support/world.ts'

const count = 5_000
let world: World

beforeAll(async () => {
  world = await createWorld({ speed: 60 })
  await ensureEventParts(world.database.pool, world.clock.nowMs())
})
afterAll(() => world.close())

/** As the tracking API takes them, in batches of a hundred. */
async function send(calls: readonly object[]): Promise<void> {
  for (let from = 0; from < calls.length; from += 100) {
    const receivedAtMs = world.clock.nowMs()
    const read = calls.slice(from, from + 100).map((call) => readCall(call, { receivedAtMs }, world.vault))
    const events = read.flatMap((each) => ('event' in each ? [each.event] : []))
    expect(events).toHaveLength(read.length)
    await insertEvents(world.database.pool, events)
  }
}

async function numbers(): Promise<Record<string, number>> {
  const { rows } = await world.database.pool.query<Record<string, number>>(`
    SELECT (SELECT count(*) FROM events WHERE handled_at IS NULL) AS waiting,
           (SELECT count(*) FROM news) AS news,
           (SELECT count(*) FROM news WHERE consumed_at IS NULL) AS unread,
           (SELECT coalesce(sum(count), 0)::bigint FROM event_days WHERE name LIKE '%Order Completed') AS counted,
           (SELECT order_count FROM customers) AS orders, (SELECT count(*) FROM customers) AS customers`)
  return rows[0] ?? {}
}

test(`a burst of ${count} events is handled, nothing is lost, and the history stays small`, {
  timeout: 300_000,
}, async () => {
  const { database, vault, clock, client } = world
  const definitions = await createDefinitionsCache(database).get()
  const interests = {
    events: interestingEvents(definitions),
    traits: interestingTraits(definitions),
    segments: new Set<string>(),
    needsConfirmation: () => false,
  }
  const log = pino({ level: 'silent' })
  const nudger = startNudger({ database, temporal: client.workflow, clock, log })
  const onNews = (): void => nudger.wake()
  const nowMs = (): number => clock.nowMs()
  const intake = startIntake({ database, vault, log, nowMs, interests: async () => interests, onNews })
  const orders = Array.from({ length: count }, (_, number) => ({
    type: 'track',
    userId: 'burst',
    messageId: `burst-${number}`,
    event: 'Order Completed',
    properties: { order_id: `burst-${number}`, revenue: 1, currency: 'USD' },
  }))
  try {
    await world.withWorkers(async () => {
      await send([{ type: 'identify', userId: 'burst', messageId: 'hello', traits: { firstName: 'Bo' } }, ...orders])
      await until(
        'everything is handled and read',
        async () => {
          const { waiting, unread, news = 0 } = await numbers()
          return waiting === 0 && unread === 0 && news > count
        },
        200_000,
      )
    })
  } finally {
    await Promise.all([intake.stop(), nudger.stop()])
  }
  expect(await numbers()).toMatchObject({ customers: 1, orders: count, counted: count, news: count + 1 })

  const [customer] = (await database.pool.query<{ id: string; stage: string }>('SELECT id, stage FROM customers')).rows
  expect(customer?.stage).not.toBe('acquire')
  const history = await client.workflow.getHandle(customerWorkflowId(customer?.id ?? '')).fetchHistory()
  process.stderr.write(`${count} events: a history of ${history.events?.length} events\n`)
  expect(history.events?.length).toBeLessThan(1_000)
})
