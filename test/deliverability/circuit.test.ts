/**
 * When sending stops by itself, row "Bulk-sender rules": complaints are shown, a warning at 0.10 %, a pause at 0.30 %; the
 * pause says why, holds marketing back and nothing else, and a person lifts it.
 */

import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { judgeRates, type SendingRates } from '../../src/domain/deliverability.ts'
import { createLedger } from '../../src/store/ledger.ts'
import { breakCircuits, countTrouble, findPauses, pauseSending } from '../../src/store/sending-pauses.ts'
import { customerId, live, plant } from '../api/support/people.ts'
import { startTestServer, type TestServer } from '../api/support/test-server.ts'

describe('limits', () => {
  const rates = (sent: number, bounced: number, complained: number): SendingRates => ({
    scope: 'domain',
    key: 'mail.example',
    sent,
    bounced,
    complained,
  })
  test.each<[number, number, number, string]>([
    [0, 0, 0, 'ok'],
    [10_000, 0, 9, 'ok'],
    [10_000, 0, 10, 'warning complaints'],
    [10_000, 0, 29, 'warning complaints'],
    [10_000, 0, 30, 'pause complaints'],
    [3, 0, 1, 'warning complaints'], // One of three says nothing yet.
    [1_000, 19, 0, 'ok'],
    [1_000, 20, 0, 'warning bounces'],
    [1_000, 50, 0, 'pause bounces'],
    [20, 4, 0, 'warning bounces'],
    [1_000, 50, 3, 'pause complaints'],
  ])('%i sent, %i bounced, %i complained: %s', (sent, bounced, complained, expected) => {
    const verdict = judgeRates(rates(sent, bounced, complained))
    expect('rule' in verdict ? `${verdict.level} ${verdict.rule}` : verdict.level).toBe(expected)
  })

  test('the reason says what was counted, where, and the limit', () => {
    expect(judgeRates(rates(10_000, 0, 30))).toMatchObject({
      reason: '30 complaints of 10000 messages (0.30 %) in mail to mail.example; the limit is 0.30 %',
    })
  })
})

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())
beforeEach(async () => {
  await server.database.pool.query('DELETE FROM sending_pauses')
  await server.database.pool.query('DELETE FROM messages')
})

let person = 0
async function somebodyAt(domain: string): Promise<string> {
  const userId = `c${person++}`
  await live(server, [{ type: 'identify', userId, traits: { email: `${userId}@${domain}` } }])
  return customerId(server, userId)
}

/** So many sent, of which so many were reported. */
async function campaign(id: string, journey: string, sent: number, reported: number, kind: string): Promise<void> {
  await server.database.pool.query(
    `WITH sent AS (
       INSERT INTO messages (id, customer_id, journey, version, step, entry_number, visit, channel, message_class, topic, template,
                             status, planned_at, transmitting_at, settled_at)
       SELECT gen_random_uuid(), $1, $2, 'v', 's', n, 0, 'email', 'marketing', 'news', 't', 'sent', $5, $5, $5
         FROM generate_series(1, $3::int) AS n RETURNING id)
     INSERT INTO message_reports (message_id, kind, source, reported_at)
     SELECT id, $6, 'arf', $5 FROM sent LIMIT $4`,
    [id, journey, sent, reported, new Date(server.time.nowMs), kind],
  )
}

const breakNow = (): Promise<string[]> => breakCircuits(server.database.pool, server.time.nowMs)
const pauses = async (): Promise<string[]> =>
  (await findPauses(server.database.pool)).map(({ scope, key }) => `${scope} ${key}`).toSorted()

async function claim(messageId: string): Promise<object> {
  const holder = { owner: 'test', attempt: randomUUID() }
  return createLedger(server.database).claim(messageId, holder, server.time.nowMs)
}

test('too many complaints of one domain pause that domain: marketing waits, a receipt does not', async () => {
  const at = await somebodyAt('angry.example')
  const elsewhere = await somebodyAt('calm.example')
  await campaign(at, 'spring', 500, 2, 'complaint')
  await campaign(elsewhere, 'summer', 2_000, 0, 'complaint')
  expect((await breakNow()).toSorted()).toEqual([
    expect.stringMatching(/^2 complaints of 500 messages \(0\.40 %\) in mail to angry\.example/),
    expect.stringMatching(/in the journey spring/),
  ])
  expect(await breakNow()).toEqual([]) // Said once.
  expect(await pauses()).toEqual(['domain angry.example', 'journey spring'])

  const held = await plant(server, { customerId: at, status: 'planned', step: 'held' })
  expect(await claim(held)).toEqual({ outcome: 'postponed', untilMs: server.time.nowMs + 15 * 60_000 })
  const { rows } = await server.database.pool.query<{ status: string; reason: string }>(
    'SELECT status, reason FROM messages WHERE id = $1',
    [held],
  )
  expect(rows[0]).toMatchObject({
    status: 'planned',
    reason: expect.stringContaining('sending is paused: 2 complaints'),
  })
  await server.database.pool.query(
    `UPDATE messages SET message_class = 'transactional', not_before = NULL WHERE id = $1`,
    [held],
  )
  expect(await claim(held)).toMatchObject({ outcome: 'claimed' })
  const free = await plant(server, { customerId: elsewhere, status: 'planned', step: 'free' })
  expect(await claim(free)).toMatchObject({ outcome: 'claimed' })
})

test('addresses that do not exist pause too; what is stale meanwhile is refused, not held for ever', async () => {
  const at = await somebodyAt('old-list.example')
  await campaign(at, 'winter', 40, 6, 'bounce')
  await breakNow()
  expect(await pauses()).toEqual(['all *', 'domain old-list.example', 'journey winter'])
  const stale = await plant(server, { customerId: at, status: 'planned', step: 'stale' })
  await server.database.pool.query('UPDATE messages SET expires_at = $2 WHERE id = $1', [
    stale,
    new Date(server.time.nowMs - 1),
  ])
  expect(await claim(stale)).toMatchObject({ outcome: 'settled', status: 'refused', reason: 'expired' })
})

test('addresses that a server refuses at once count as well, and what is wrong with us or passes does not', async () => {
  const refused: readonly (readonly [string, string])[] = [
    ['dead-list.example', 'smtp 550 5.1.1'],
    ['dead-hosts.example', 'smtp 550 5.1.10'],
    ['full.example', 'smtp 552 5.2.2'],
    ['our-fault.example', 'smtp 550 5.1.8'],
  ]
  for (const [domain, reason] of refused) {
    await campaign(await somebodyAt(domain), domain, 40, 0, 'bounce')
    await server.database.pool.query(
      `UPDATE messages SET status = 'failed', reason = $2 WHERE id IN (SELECT id FROM messages WHERE journey = $1 LIMIT 8)`,
      [domain, reason],
    )
  }
  await breakNow()
  expect((await pauses()).filter((pause) => pause.startsWith('domain'))).toEqual([
    'domain dead-hosts.example',
    'domain dead-list.example',
  ])
})

test('rates are reckoned anew after each bounce, complaint and failure, and not for what arrives', async () => {
  const at = await somebodyAt('box.example')
  const { pool } = server.database
  const before = await countTrouble(pool)
  await campaign(at, 'spring', 10, 4, 'delivered')
  expect(await countTrouble(pool)).toBe(before)
  await campaign(at, 'summer', 10, 2, 'complaint')
  await campaign(at, 'autumn', 10, 3, 'bounce')
  expect(await countTrouble(pool)).toBe(before + 5)
  await pool.query(
    `UPDATE messages SET status = 'failed', reason = 'smtp 550 5.1.1' WHERE journey = 'spring' AND entry_number <= 4`,
  )
  expect(await countTrouble(pool)).toBe(before + 9)
})

test('a person sees why and resumes; the same reports do not pause it again, more of them do', async () => {
  const at = await somebodyAt('angry.example')
  await campaign(at, 'spring', 5_000, 20, 'complaint')
  await breakNow()
  const ask = (path: string, method = 'GET'): Promise<Response> =>
    fetch(`${server.url}/api/deliverability${path}`, {
      method,
      headers: { authorization: `Bearer ${server.adminToken}` },
    })
  const report = (await (await ask('')).json()) as {
    pauses: { id: string; scope: string; reason: string }[]
    rates: { scope: string; level: string }[]
  }
  expect(report.rates.find(({ scope }) => scope === 'domain')).toMatchObject({
    level: 'pause',
    sent: 5_000,
    complained: 20,
  })
  for (const { id } of report.pauses) expect((await ask(`/pauses/${id}/resume`, 'POST')).status).toBe(200)
  expect((await ask(`/pauses/${report.pauses[0]?.id}/resume`, 'POST')).status).toBe(404)
  expect(await breakNow()).toEqual([])
  const waiting = await plant(server, { customerId: at, status: 'planned', step: 'again' })
  expect(await claim(waiting)).toMatchObject({ outcome: 'claimed' })
  await server.database.pool.query(
    `INSERT INTO message_reports (message_id, kind, source, reported_at)
     SELECT id, 'complaint', 'arf', $1 FROM messages WHERE status = 'sent' AND id NOT IN (SELECT message_id FROM message_reports) LIMIT 5`,
    [new Date(server.time.nowMs)],
  )
  expect((await breakNow()).length).toBeGreaterThan(0)
})

test('a channel may be paused as a whole: what a carrier blocks is not sent on', async () => {
  const at = await somebodyAt('calm.example')
  await pauseSending(server.database.pool, { scope: 'channel', key: 'sms', reason: 'twilio:30007' }, server.time.nowMs)
  const sms = await plant(server, { customerId: at, status: 'planned', channel: 'sms' })
  expect(await claim(sms)).toMatchObject({ outcome: 'postponed' })
  const email = await plant(server, { customerId: at, status: 'planned', step: 'mail' })
  expect(await claim(email)).toMatchObject({ outcome: 'claimed' })
})
