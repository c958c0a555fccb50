/** Whom a broadcast reaches, when, and how fast: the same rules as for everything else, a page at a time. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { judge } from '../../activities/broadcast.ts'
import { DomainPace, Pace } from '../../activities/broadcast-pace.ts'
import { broadcastDocument, warmUpLimit } from '../../src/domain/broadcast.ts'
import { usualSenderUse } from '../../src/domain/mail-sender.ts'
import { takeAudience } from '../../src/store/broadcasts/audience.ts'
import { type Broadcast, createBroadcast, findBroadcast, moveBroadcast } from '../../src/store/broadcasts/broadcasts.ts'
import { type BulkLedger, createBulkLedger } from '../../src/store/broadcasts/bulk-ledger.ts'
import type { BulkContext } from '../../src/store/broadcasts/bulk-page.ts'
import { createDefinitionsCache } from '../../src/store/campaigns.ts'
import { pauseSending } from '../../src/store/sending-pauses.ts'
import { addCrowd } from '../workflows/support/crowds.ts'
import { createStoreWorld, mondayNoonMs, type StoreWorld } from '../workflows/support/store-world.ts'

let world: StoreWorld
let ledger: BulkLedger
let nowMs = mondayNoonMs

beforeAll(async () => {
  world = await createStoreWorld({ nowMs: () => nowMs, realMsUntil: (ms) => Math.max(0, ms - nowMs), speed: 1 })
  ledger = createBulkLedger(world.database)
})
afterAll(() => world.close())

const sql = (text: string, ...values: unknown[]) => world.database.pool.query(text, values)
const forget = () =>
  sql('TRUNCATE customers, contact_points, consents, customer_keys, messages, broadcast_recipients CASCADE')

async function started(key: string, document: object = {}): Promise<Broadcast> {
  const whole = { name: key, topic: 'offers', template: 'hello', ...document }
  const created = await createBroadcast(world.database.pool, key, whole, nowMs)
  if (created === 'taken' || 'problems' in created) throw new Error(JSON.stringify(created))
  await moveBroadcast(world.database.pool, created.broadcast.id, ['draft'], 'running', nowMs)
  await takeAudience(world.database, created.broadcast, 'UTC')
  return (await findBroadcast(world.database.pool, key)) as Broadcast
}

async function context(broadcast: Broadcast, attempt = '1'): Promise<BulkContext> {
  const { policy } = await createDefinitionsCache(world.database).get()
  return {
    broadcast,
    policy,
    holder: { owner: `broadcast:${broadcast.id}`, attempt },
    nowMs,
    leaseMs: 60_000,
    sender: usualSenderUse,
  }
}

async function claimFresh(ctx: BulkContext, after: number, size: number) {
  const { recipients, ...place } = await ledger.readFresh(ctx, after, size)
  return { ...place, ...(await ledger.planFresh(ctx, recipients)) }
}

const statuses = async (key: string): Promise<Record<string, string>> => {
  const { rows } = await sql(`SELECT customer_id, status, reason FROM messages WHERE journey = $1`, `broadcast:${key}`)
  return Object.fromEntries(rows.map((row) => [row.customer_id, [row.status, row.reason].filter(Boolean).join(' ')]))
}

test('consent, suppression and caps hold, every refusal is a row, and nobody has two', async () => {
  await forget()
  const [yes = '', no = '', stopped = '', capped = '', gone = '', ...rest] = await addCrowd(world, 8)
  await sql(
    `INSERT INTO consents (customer_id, channel, topic, status, given_at, source, method)
     VALUES ($1, 'email', 'offers', 'withdrawn', $2, 'test', 'page')`,
    no,
    new Date(nowMs),
  )
  await sql(
    `INSERT INTO suppressions (channel, address_hash, reason, since)
     SELECT channel, address_hash, 'complaint', $2 FROM contact_points WHERE customer_id = $1`,
    stopped,
    new Date(nowMs),
  )
  await sql(
    `INSERT INTO messages (id, customer_id, journey, version, step, entry_number, visit, channel, message_class, topic, template,
                           status, planned_at, settled_at)
     SELECT gen_random_uuid(), $1, 'other', 'v', 's', 1, n, 'email', 'marketing', 'offers', 'hello', 'sent', $2, $2
       FROM generate_series(1, 3) AS n`,
    capped,
    new Date(nowMs - 3_600_000),
  )
  const broadcast = await started('rules')
  await sql('UPDATE customers SET erasing_at = $2 WHERE id = $1', gone, new Date(nowMs))

  const page = await claimFresh(await context(broadcast), -1, 100)
  expect(page).toMatchObject({ refused: 2, postponed: 1, end: 'audience' })
  expect(page.messages.map(({ customerId }) => customerId).sort()).toEqual([yes, ...rest].sort())
  expect(await statuses('rules')).toEqual({
    ...Object.fromEntries([yes, ...rest].map((id) => [id, 'transmitting'])),
    [no]: 'refused consent',
    [stopped]: 'refused suppressed',
    [capped]: 'planned postponed: cap:email',
  })
  const { rows } = await sql(`SELECT customer_id, rule FROM decision_records WHERE journey = 'broadcast:rules'`)
  expect(rows).toHaveLength(2)

  // The same page again, as after a crash: nothing is claimed twice, and what was on its way is in doubt.
  const second = await context(broadcast, '2')
  expect((await claimFresh(second, -1, 100)).messages).toEqual([])
  expect(await ledger.doubtLost(broadcast.id, second.holder, nowMs)).toBe(page.messages.length)
  // The attempt that was given up for dead knows better.
  await ledger.settle((await context(broadcast)).holder, [{ id: page.messages[0]!.id, status: 'sent' }], nowMs)
  expect(Object.values(await statuses('rules')).filter((status) => status === 'sent')).toHaveLength(1)

  // Who had to wait for the cap gets it when that is over, and it is checked again then.
  expect((await ledger.claimDue(second, 100)).messages).toEqual([])
  nowMs += 24 * 3_600_000
  expect((await ledger.claimDue(await context(broadcast, '3'), 100)).messages.map((m) => m.customerId)).toEqual([
    capped,
  ])
})

test('whoever became part of others meanwhile is written to once, as who they are now', async () => {
  await forget()
  const [first = ''] = await addCrowd(world, 1)
  const broadcast = await started('merged')
  const [second = '', last = ''] = await addCrowd(world, 2)
  // One after the other: the first became the second one, who became the last one.
  await sql('UPDATE customers SET merged_into = $2 WHERE id = $1', first, second)
  await sql('UPDATE customers SET merged_into = $2 WHERE id = $1', second, last)
  const page = await claimFresh(await context(broadcast), -1, 100)
  expect(page.messages.map(({ customerId }) => customerId)).toEqual([last])
  expect(await statuses('merged')).toEqual({ [last]: 'transmitting' })
})

test('where sending pauses nobody is written to until it goes on; who waited too long is told so', async () => {
  await forget()
  const [calm = '', angry = ''] = await addCrowd(world, 2)
  await sql(`UPDATE customers SET email_domain = 'angry.example' WHERE id = $1`, angry)
  const pause = { scope: 'domain', key: 'angry.example', reason: 'complaints' } as const
  await pauseSending(world.database.pool, pause, nowMs)
  const broadcast = await started('paused-domain')
  const short = await started('short', { expires_after: '20 minutes' })
  const page = await claimFresh(await context(broadcast), -1, 100)
  expect(page).toMatchObject({ refused: 0, postponed: 1 })
  expect(page.messages.map(({ customerId }) => customerId)).toEqual([calm])
  const waiting = { [calm]: 'transmitting', [angry]: 'planned postponed: sending is paused: complaints' }
  expect(await statuses('paused-domain')).toEqual(waiting)
  await claimFresh(await context(short), -1, 100)

  // Still paused after a while: still waiting. One that has lost its moment meanwhile is not sent.
  nowMs += 16 * 60_000
  expect(await ledger.claimDue(await context(broadcast), 100)).toMatchObject({ messages: [], postponed: 1 })
  nowMs += 16 * 60_000
  await ledger.claimDue(await context(short), 100)
  expect((await statuses('short'))[angry]).toBe('refused expired: sending is paused: complaints')
  await sql('DELETE FROM sending_pauses')
  expect((await ledger.claimDue(await context(broadcast), 100)).messages.map((m) => m.customerId)).toEqual([angry])
})

test('who says no after the start gets nothing, and what is too late is not sent', async () => {
  await forget()
  const [changed = '', late = ''] = await addCrowd(world, 2)
  const broadcast = await started('late', { expires_after: '1 hour' })
  const ctx = await context(broadcast)
  const page = await claimFresh(ctx, -1, 10)
  const later = page.messages.map(({ id }) => ({ id, notBeforeMs: nowMs, reason: 'smtp 451' }))
  await ledger.release(ctx.holder, later, usualSenderUse)
  await sql(
    `INSERT INTO consents (customer_id, channel, topic, status, given_at, source, method)
     VALUES ($1, 'email', '*', 'withdrawn', $2, 'test', 'page')`,
    changed,
    new Date(nowMs + 1),
  )
  const again = await ledger.claimDue(await context(broadcast), 10)
  expect(again).toMatchObject({ refused: 1 })
  expect(again.messages.map(({ customerId }) => customerId)).toEqual([late])
  await ledger.release(
    ctx.holder,
    again.messages.map(({ id }) => ({ id, notBeforeMs: nowMs, reason: 'smtp 451' })),
    usualSenderUse,
  )
  nowMs += 2 * 3_600_000
  expect(await ledger.claimDue(await context(broadcast), 10)).toMatchObject({ messages: [], refused: 1 })
  expect(await statuses('late')).toEqual({ [changed]: 'refused consent', [late]: 'refused expired' })
})

test('each zone has its own hour, those held out come never, and an experiment waits for its winner', async () => {
  await forget()
  const ids = await addCrowd(world, 400)
  await sql(
    `UPDATE customers SET time_zone = CASE WHEN id < $1 THEN 'Asia/Tokyo' ELSE 'America/New_York' END`,
    ids[200],
  )
  const day = new Date(nowMs + 24 * 3_600_000).toISOString().slice(0, 10)
  const broadcast = await started('zones', {
    template: undefined,
    variants: [
      { id: 'a', template: 'hello' },
      { id: 'b', template: 'nudge' },
    ],
    experiment: { share: 0.5 },
    hold_out: 0.2,
    send_at: { local: `${day}T09:00` },
  })
  expect(broadcast).toMatchObject({ audience: 400 })
  expect(broadcast.heldOut).toBeGreaterThan(40)
  expect(broadcast.heldOut).toBeLessThan(130)
  const tokyo = Date.parse(`${day}T00:00Z`)
  const newYork = Date.parse(`${day}T09:00Z`) + (new Date(nowMs).getUTCMonth() === 2 ? 5 : 4) * 3_600_000
  expect(await claimFresh(await context(broadcast), -1, 500)).toMatchObject({
    messages: [],
    end: { untilMs: tokyo },
  })
  nowMs = tokyo
  const first = await claimFresh(await context(broadcast), -1, 500)
  expect(first.end).toEqual({ untilMs: newYork })
  expect(first.messages.every(({ customerId }) => customerId < ids[200]!)).toBe(true)
  expect(new Set(first.messages.map(({ template }) => template))).toEqual(new Set(['hello', 'nudge']))
  nowMs = newYork
  const second = await claimFresh(await context(broadcast), first.last ?? -1, 500)
  expect(second.end).toBe('winner')
  await sql(`UPDATE broadcasts SET winner = 'b' WHERE id = $1`, broadcast.id)
  const decided = (await findBroadcast(world.database.pool, 'zones')) as Broadcast
  const third = await claimFresh(await context(decided), second.last ?? -1, 500)
  expect(third.end).toBe('audience')
  expect(new Set(third.messages.map(({ template }) => template))).toEqual(new Set(['nudge']))
  const reached = first.messages.length + second.messages.length + third.messages.length
  expect(reached).toBe(400 - (broadcast.heldOut ?? 0))
})

test('what a document names must be there, and one that has started is not changed', async () => {
  const make = (document: object) =>
    createBroadcast(world.database.pool, 'named', { name: 'x', topic: 'offers', ...document }, nowMs)
  expect(await make({ template: 'nothing' })).toMatchObject({ problems: [{ path: ['template'], value: 'nothing' }] })
  expect(await make({ template: 'hello', segment: 'none' })).toMatchObject({ problems: [{ path: ['segment'] }] })
  expect(await make({ template: 'hello' })).toMatchObject({ broadcast: { status: 'draft' } })
  expect(await make({ template: 'nudge' })).toMatchObject({ broadcast: { status: 'draft' } })
  const made = await findBroadcast(world.database.pool, 'named')
  await moveBroadcast(world.database.pool, made!.id, ['draft'], 'running', nowMs)
  expect(await make({ template: 'hello' })).toBe('taken')
})

describe('a document', () => {
  const good = { name: 'Sale', topic: 'offers', template: 'hello' }
  test.each([
    [{ ...good, template: undefined }, 'template'],
    [
      {
        ...good,
        variants: [
          { id: 'a', template: 'x' },
          { id: 'b', template: 'y' },
        ],
      },
      'template',
    ],
    [{ ...good, experiment: { share: 0.5 } }, 'experiment'],
    [
      {
        ...good,
        template: undefined,
        variants: [
          { id: 'a', template: 'x' },
          { id: 'a', template: 'y' },
        ],
      },
      'variants',
    ],
    [{ ...good, send_at: { local: '2026-02-30T09:00' } }, 'send_at'],
    [{ ...good, send_at: { local: '2026-02-03T09:00', time_zone: 'Mars' } }, 'send_at'],
    [{ ...good, throttle: { per_second: 0 } }, 'throttle'],
    [{ ...good, hold_out: 2 }, 'hold_out'],
    [{ ...good, warm_up: [0] }, 'warm_up'],
    [{ ...good, colour: 'red' }, undefined],
  ])('%j is refused', (document, field) => {
    const result = broadcastDocument.safeParse(document)
    expect(result.success).toBe(false)
    expect(result.error?.issues[0]?.path[0]).toBe(field)
  })
})

test('a warm-up allows so many each day, and then everything', () => {
  const day = 24 * 3_600_000
  expect(warmUpLimit([10, 20], 0, 0)).toEqual({ most: 10, sinceMs: 0, untilMs: day })
  expect(warmUpLimit([10, 20], 0, day + 5)).toEqual({ most: 20, sinceMs: day, untilMs: 2 * day })
  expect(warmUpLimit([10, 20], 0, 2 * day)).toBeUndefined()
})

test('no more leave than a rate allows, in all and to each domain; who waits is not overtaken', () => {
  const pace = new Pace(100, 0)
  expect([pace.book(50, 0), pace.book(50, 0), pace.book(1, 0)]).toEqual([0, 500, 1_000])
  expect(new Pace(null, 0).book(1_000_000, 0)).toBe(0)

  const domains = new DomainPace({ 'slow.example': 10, '*': 1_000 })
  const waits = Array.from({ length: 30 }, () => domains.ask('slow.example', false, 5_000))
  const atOnce = waits.filter((wait) => wait === 0).length
  expect(atOnce).toBeLessThanOrEqual(11)
  expect(waits.slice(atOnce).every((wait, i, all) => i === 0 || wait > all[i - 1]!)).toBe(true)
  expect(domains.ask('other.example', false, 5_000)).toBe(0)
  // A second later those who were told to come back go first.
  const later = Array.from({ length: 5 }, () => domains.ask('slow.example', true, 5_600))
  expect(later).toEqual([0, 0, 0, 0, 0])
  expect(domains.ask('slow.example', false, 5_600)).toBeGreaterThan(0)
})

test('a winner is taken when the sequential test is sure, and not before', () => {
  const counts = (a: number, b: number, n = 2_000) => [
    { variant: 'a', n, conversions: a },
    { variant: 'b', n, conversions: b },
  ]
  expect(judge(counts(100, 104), 0.95)).toMatchObject({ leader: 'b', isSure: false })
  expect(judge(counts(100, 260), 0.95)).toMatchObject({ leader: 'b', isSure: true })
  expect(judge(counts(0, 0, 0), 0.95)).toMatchObject({ leader: 'a', isSure: false })
  expect(judge([...counts(260, 100), { variant: 'c', n: 2_000, conversions: 255 }], 0.95)).toMatchObject({
    leader: 'a',
    isSure: false,
  })
})
