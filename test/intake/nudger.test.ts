/** News reach the workflows: against a real Temporal server. */

import { Client, Connection } from '@temporalio/client'
import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type NudgerNeeds, nudgeRound, startNudger, sweepRound } from '../../src/intake/nudger.ts'
import { customerWorkflowId } from '../../workflows/ids.ts'
import { openTestTemporal, type TestTemporal } from '../support/temporal.ts'
import { eventually } from './support/processes.ts'
import { openShop, type Shop, startMs } from './support/shop.ts'

let shop: Shop
let temporal: TestTemporal
let needs: NudgerNeeds
beforeAll(async () => {
  ;[shop, temporal] = await Promise.all([openShop(), openTestTemporal()])
  const clock = { nowMs: () => shop.time.nowMs, realMsUntil: () => 0, speed: 1 }
  needs = { database: shop.database, temporal: temporal.client.workflow, clock, log: pino({ level: 'silent' }) }
})
beforeEach(() => shop.clear())
afterAll(async () => {
  await temporal.close()
  await shop.close()
})

async function arrive(count: number): Promise<string[]> {
  await shop.live(Array.from({ length: count }, (_, person) => ({ type: 'identify', userId: `u${person}` })))
  return (await shop.rows<{ id: string }>('SELECT id FROM customers ORDER BY external_id')).map(({ id }) => id)
}

/** How often the customer's workflow was told to look. No worker runs here, so the signals stay in its history. */
async function looks(customerId: string): Promise<number> {
  const history = await temporal.client.workflow.getHandle(customerWorkflowId(customerId)).fetchHistory()
  return (history.events ?? []).filter((event) => event.workflowExecutionSignaledEventAttributes?.signalName === 'look')
    .length
}

const untold = async (): Promise<number> => (await shop.rows('SELECT 1 FROM news WHERE nudged_at IS NULL')).length

test('each customer with news gets a workflow and one nudge, however much news there is', async () => {
  const ids = await arrive(3)
  await shop.live(
    Array.from({ length: 2_400 }, (_, order) => ({
      type: 'track',
      userId: `u${order % 2}`,
      event: 'Order Completed',
      properties: { order_id: `o${order}`, revenue: 1 },
    })),
  )
  expect(await untold()).toBe(2_403)
  expect(await nudgeRound(needs)).toBe(true)
  expect(await untold()).toBe(0)
  expect(await Promise.all(ids.map(looks))).toEqual([1, 1, 1])
  expect(await nudgeRound(needs)).toBe(false)
})

test('what a workflow is told holds no more than the id, and says in plain words what it is', async () => {
  const [id = ''] = await arrive(1)
  await shop.live([{ type: 'identify', userId: 'u0', traits: { email: 'ann.nudged@example.org' } }])
  await nudgeRound(needs)
  const history = await temporal.client.workflow.getHandle(customerWorkflowId(id)).fetchHistory()
  const started = history.events?.[0]?.workflowExecutionStartedEventAttributes
  const text = (data: Uint8Array | null | undefined): string => Buffer.from(data ?? []).toString()
  expect(started?.input?.payloads?.map(({ data }) => text(data))).toEqual([`{"customerId":"${id}"}`])
  expect(text(history.events?.[0]?.userMetadata?.summary?.data)).toContain('Customer lifecycle')
  expect(JSON.stringify(history)).not.toContain('ann.nudged')
})

test('two nudgers side by side do not tell anybody twice', async () => {
  const ids = await arrive(30)
  await Promise.all([nudgeRound(needs), nudgeRound(needs)])
  await nudgeRound(needs)
  expect(await untold()).toBe(0)
  expect(await Promise.all(ids.map(looks))).toEqual(ids.map(() => 1))
})

test('a review that consumes news at the same moment is not held up, and the news stays consumed', async () => {
  const [id = ''] = await arrive(1)
  const review = await shop.database.pool.connect()
  try {
    await review.query('BEGIN')
    await review.query('UPDATE news SET consumed_at = now() WHERE customer_id = $1', [id])
    await nudgeRound(needs)
    await review.query('COMMIT')
  } finally {
    review.release()
  }
  expect(await shop.rows('SELECT 1 FROM news WHERE consumed_at IS NULL')).toEqual([])
})

test('somebody who became somebody else is not started again', async () => {
  await arrive(1)
  await shop.live([{ type: 'identify', anonymousId: 'a1', traits: { email: 'ann@example.org' } }])
  const [other] = await shop.rows<{ id: string }>('SELECT id FROM customers WHERE external_id IS NULL')
  await shop.live([{ type: 'identify', userId: 'u0', anonymousId: 'a1' }])
  await nudgeRound(needs)
  expect(await untold()).toBe(0)
  expect(await shop.rows(`SELECT 1 FROM news WHERE kind = 'merged' AND consumed_at IS NULL`)).toEqual([])
  await expect(looks(other?.id ?? '')).rejects.toThrow(/not found/i)
})

describe('while Temporal is away', () => {
  test('nothing counts as told; once it is back everything is', async () => {
    const ids = await arrive(5)
    const nowhere = Connection.lazy({ address: '127.0.0.1:9' })
    const away = { ...needs, temporal: new Client({ connection: nowhere }).workflow }
    await expect(nudgeRound(away)).rejects.toThrow(/.+/)
    await nowhere.close()
    expect(await untold()).toBe(5)
    const nudger = startNudger(needs)
    await eventually('everybody is told', async () => (await untold()) === 0)
    await nudger.stop()
    expect(await Promise.all(ids.map(looks))).toEqual([1, 1, 1, 1, 1])
  })
})

describe('the sweep', () => {
  const minuteMs = 60_000

  test('nudges who is overdue, and nobody else', async () => {
    const [late = '', later = '', never = ''] = await arrive(3)
    await shop.rows('UPDATE customers SET due_at = $2 WHERE id = $1', [late, new Date(startMs - minuteMs)])
    await shop.rows('UPDATE customers SET due_at = $2 WHERE id = $1', [later, new Date(startMs + minuteMs)])
    const { taken } = await sweepRound(needs, 15_000, [])
    expect(taken.map(({ customerId }) => customerId)).toEqual([late])
    expect(await looks(late)).toBe(1)
    for (const id of [later, never]) await expect(looks(id)).rejects.toThrow(/not found/i)
    expect((await sweepRound(needs, 15_000, [late])).taken).toEqual([])
    expect((await sweepRound(needs, 2 * minuteMs, [])).taken).toEqual([])
  })

  test('nudges whose message was left behind, unless somebody holds it', async () => {
    const [left = '', held = '', settled = '', postponed = ''] = await arrive(4)
    const plan = (customerId: string, more: string): Promise<unknown> =>
      shop.rows(
        `INSERT INTO messages (id, customer_id, journey, version, step, entry_number, visit, channel, message_class, topic,
                               template, status, planned_at, lease_until, settled_at, not_before)
         SELECT gen_random_uuid(), $1, 'welcome', 'v1', 'hello', 1, 1, 'email', 'marketing', 'news', 'hello', 'planned', $2, ${more}`,
        [customerId, new Date(startMs - minuteMs)],
      )
    const soon = `'${new Date(startMs + minuteMs).toISOString()}'::timestamptz`
    await plan(left, 'NULL, NULL, NULL')
    await plan(held, `clock_timestamp() + interval '1 minute', NULL, NULL`) // Leases are in real time.
    await plan(settled, `NULL, ${soon}, NULL`)
    await plan(postponed, `NULL, NULL, ${soon}`)
    const { taken } = await sweepRound(needs, 15_000, [])
    expect(taken.map(({ customerId }) => customerId)).toEqual([left])
  })
})

test('without a crowd lane, as under a clock that runs faster, everybody is told one by one', async () => {
  const ids = await arrive(3)
  await nudgeRound({ ...needs, crowdFrom: Number.POSITIVE_INFINITY })
  expect(await untold()).toBe(0)
  for (const id of ids) expect(await looks(id)).toBe(1)
})
