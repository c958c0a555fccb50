/**
 * Making a sending domain known: never more marketing mails on a day than the plan allows, over journeys and broadcasts,
 * however many processes send; the others wait for the next day, and receipts for nothing.
 */

import { randomUUID } from 'node:crypto'
import { MockActivityEnvironment } from '@temporalio/testing'
import { DefaultLogger, Runtime } from '@temporalio/worker'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { DeliveryOutcome } from '../../activities/activity-types.ts'
import type { BroadcastPage, BroadcastPageRequest } from '../../activities/broadcast-types.ts'
import { dayMs, hourMs } from '../../src/domain/time.ts'
import { takeAudience } from '../../src/store/broadcasts/audience.ts'
import { createBroadcast, moveBroadcast } from '../../src/store/broadcasts/broadcasts.ts'
import { openDatabase } from '../../src/store/database.ts'
import { createLedger } from '../../src/store/ledger.ts'
import { giveBackPlaces, takePlaces } from '../../src/store/sender-days.ts'
import { addCrowd } from '../workflows/support/crowds.ts'
import {
  createSettableClock,
  createStoreWorld,
  mondayNoonMs,
  type StoreWorld,
} from '../workflows/support/store-world.ts'
import { sender } from './support/senders.ts'

Runtime.install({ logger: new DefaultLogger('ERROR') })

const clock = createSettableClock()
const today = Math.floor(mondayNoonMs / dayMs) * dayMs
let world: StoreWorld
beforeAll(async () => {
  world = await createStoreWorld(clock)
})
beforeEach(async () => {
  clock.advance(today + 12 * hourMs - clock.nowMs())
  world.mail.forget()
  await sql('TRUNCATE customers, contact_points, consents, customer_keys, messages, sender_days, broadcasts CASCADE')
})
afterAll(() => world.close())

const sql = (text: string, ...values: unknown[]) => world.database.pool.query(text, values)

const planned = (fromMs: number, ...days: number[]) => ({
  senders: [sender('fresh', { topics: ['offers'], plan: { fromMs, days } })],
})

/** Messages of a journey, as a decision plans them. */
async function planMessages(customers: readonly string[], messageClass = 'marketing', expires?: number) {
  const ids = customers.map(() => randomUUID())
  await sql(
    `INSERT INTO messages (id, customer_id, journey, version, step, entry_number, visit, channel, message_class, topic,
                           template, status, planned_at, expires_at)
     SELECT id, customer, 'letters', 'v1', id::text, 1, 0, 'email', $3, 'offers', 'nudge', 'planned', $4, $5
       FROM unnest($1::uuid[], $2::uuid[]) AS g (id, customer)`,
    ids,
    customers,
    messageClass,
    new Date(clock.nowMs()),
    expires === undefined ? null : new Date(expires),
  )
  return ids
}

type Process = ReturnType<StoreWorld['activities']>

function deliver({ delivery }: Process, messageId: string): Promise<DeliveryOutcome> {
  const environment = new MockActivityEnvironment({ workflowExecution: { workflowId: messageId, runId: 'run' } })
  return environment.run<[string], DeliveryOutcome, (messageId: string) => Promise<DeliveryOutcome>>(
    delivery.deliverMessage,
    messageId,
  )
}

async function startBroadcast(key: string, document: object = {}): Promise<string> {
  const whole = { name: key, topic: 'offers', template: 'nudge', ...document }
  const created = await createBroadcast(world.database.pool, key, whole, clock.nowMs())
  if (created === 'taken' || 'problems' in created) throw new Error(JSON.stringify(created))
  await moveBroadcast(world.database.pool, created.broadcast.id, ['draft'], 'running', clock.nowMs())
  await takeAudience(world.database, created.broadcast, 'UTC')
  return created.broadcast.id
}

function sendPage({ sending }: Process, broadcastId: string, after = -1): Promise<BroadcastPage> {
  const environment = new MockActivityEnvironment({ workflowExecution: { workflowId: broadcastId, runId: 'run' } })
  return environment.run<
    [BroadcastPageRequest],
    BroadcastPage,
    (request: BroadcastPageRequest) => Promise<BroadcastPage>
  >(sending.sendBroadcastPage, { broadcastId, after, perSecond: null })
}

const counts = async () =>
  (await sql(`SELECT status, reason, count(*) FROM messages GROUP BY 1, 2 ORDER BY 1, 2`)).rows.map(
    ({ status, reason, count }) => [status, reason, count].filter((one) => one !== null).join(' '),
  )

test('a journey and a broadcast share a day’s places, whoever sends; the next day has its own, and after the plan there is no limit', async () => {
  const crowd = await addCrowd(world, 60)
  const messages = await planMessages(crowd.slice(0, 20))
  const broadcastId = await startBroadcast('sale')
  const mail = planned(today, 25, 30)
  const [one, other] = [world.activities(undefined, mail), world.activities(undefined, mail)]
  const [page, ...outcomes] = await Promise.all([
    sendPage(one, broadcastId),
    ...messages.map((id, i) => deliver(i % 2 === 0 ? one : other, id)),
  ])
  const sentOfJourney = outcomes.filter(({ status }) => status === 'sent').length
  expect(page.sent + sentOfJourney).toBe(25)
  expect(outcomes.filter(({ status }) => status === 'postponed')).toHaveLength(20 - sentOfJourney)
  expect(page).toMatchObject({ isDone: false, waitMs: 12 * hourMs })
  expect(world.mail.inbox).toHaveLength(25)
  const { rows: held } = await sql(
    `SELECT DISTINCT not_before, reason FROM messages WHERE status = 'planned' AND journey = 'letters'`,
  )
  const waits = { not_before: new Date(today + dayMs), reason: 'postponed: sender-warm-up' }
  expect(held).toEqual(sentOfJourney === 20 ? [] : [waits])

  clock.advance(12 * hourMs)
  const second = await sendPage(other, broadcastId, page.last)
  const open = (await sql(`SELECT id FROM messages WHERE status = 'planned' AND broadcast_id IS NULL`)).rows
  const later = await Promise.all(open.map(({ id }) => deliver(one, id)))
  expect(second.sent + later.filter(({ status }) => status === 'sent').length).toBe(30)

  clock.advance(dayMs)
  await sendPage(other, broadcastId, second.last)
  await Promise.all(
    (await sql(`SELECT id FROM messages WHERE status = 'planned' AND broadcast_id IS NULL`)).rows.map(({ id }) =>
      deliver(one, id),
    ),
  )
  expect(await counts()).toEqual(['sent 80'])
  expect(world.mail.inbox).toHaveLength(80)
  // After the last day nothing is counted any more.
  expect((await sql('SELECT sender, used FROM sender_days ORDER BY day')).rows).toEqual([
    { sender: 'fresh', used: 25 },
    { sender: 'fresh', used: 30 },
  ])
  one.close()
  other.close()
})

test('receipts go at once and are counted; before the plan begins nothing of marketing leaves', async () => {
  const crowd = await addCrowd(world, 6)
  const receipts = await planMessages(crowd.slice(0, 3), 'transactional')
  const letters = await planMessages(crowd.slice(3))
  const process = world.activities(undefined, planned(today, 4))
  for (const id of receipts) expect(await deliver(process, id)).toEqual({ status: 'sent' })
  const fates = await Promise.all(letters.map((id) => deliver(process, id)))
  expect(fates.map(({ status }) => status).sort()).toEqual(['postponed', 'postponed', 'sent'])
  process.close()

  const early = world.activities(undefined, planned(today + 3 * dayMs, 4))
  const more = await planMessages(crowd.slice(0, 1))
  const [receipt = ''] = await planMessages(crowd.slice(1, 2), 'transactional')
  expect(await deliver(early, more[0]!)).toEqual({ status: 'postponed' })
  expect(await deliver(early, receipt)).toEqual({ status: 'sent' })
  const broadcastId = await startBroadcast('early', { expires_after: '2 days' })
  expect(await sendPage(early, broadcastId)).toMatchObject({ sent: 0, isDone: false, waitMs: 2 * dayMs })
  expect((await sql('SELECT not_before FROM messages WHERE id = $1', more[0])).rows).toEqual([
    { not_before: new Date(today + 3 * dayMs) },
  ])
  // What waits for a place expires as it would have: by its own time, not for ever.
  clock.advance(2 * dayMs)
  expect(await sendPage(early, broadcastId)).toMatchObject({ sent: 0, refused: 6, isDone: true })
  early.close()
})

test('what expires before there is a place again is refused, with the reason', async () => {
  const crowd = await addCrowd(world, 2)
  const messages = await planMessages(crowd, 'marketing', clock.nowMs() + hourMs)
  const process = world.activities(undefined, planned(today, 1))
  for (const id of messages) await deliver(process, id)
  expect(await counts()).toEqual(['refused sender-warm-up 1', 'sent 1'])
  process.close()
})

test('a place of a mail that the server would not take for now is given back, and one in doubt is not', async () => {
  const crowd = await addCrowd(world, 3)
  const [first = '', second = '', third = ''] = await planMessages(crowd)
  const process = world.activities(undefined, planned(today, 2))
  world.mail.behave({ refuseRecipient: { code: 451, text: 'later' } })
  await expect(deliver(process, first)).rejects.toThrow('smtp 451')
  world.mail.behave({ hangUpAfterMessage: true })
  expect(await deliver(process, second)).toMatchObject({ status: 'in_doubt' })
  world.mail.behave({})
  expect(await deliver(process, first)).toEqual({ status: 'sent' })
  expect(await deliver(process, third)).toEqual({ status: 'postponed' })

  await sql('DELETE FROM sender_days')
  const broadcastId = await startBroadcast('retried')
  world.mail.behave({ refuseRecipient: { code: 451, text: 'later' } })
  expect(await sendPage(process, broadcastId)).toMatchObject({ sent: 0 })
  world.mail.behave({})
  expect((await sql('SELECT used FROM sender_days')).rows).toEqual([{ used: 0 }])
  process.close()
})

test('a sender that dies while transmitting has used its place: another one gets no more than are left', async () => {
  const crowd = await addCrowd(world, 3)
  const [lost = '', ...others] = await planMessages(crowd)
  const ledger = createLedger(world.database)
  const holder = { owner: 'gone', attempt: '1' }
  const claim = await ledger.claim(lost, holder, clock.nowMs())
  if (claim.outcome !== 'claimed') throw new Error(claim.outcome)
  const day = { number: 1, most: 2, startsMs: today, untilMs: today + dayMs }
  const use = { key: 'fresh', day }
  expect(
    await ledger.transmit({ ...claim, sender: use }, holder, clock.nowMs(), 60_000, () => ({ allowed: true })),
  ).toEqual({ outcome: 'transmit' })
  const process = world.activities(undefined, planned(today, 2))
  const fates = await Promise.all(others.map((id) => deliver(process, id)))
  expect(fates.map(({ status }) => status).sort()).toEqual(['postponed', 'sent'])
  process.close()
})

test('processes that ask at the same moment are never given more than there are', async () => {
  const databases = [openDatabase(world.databaseUrl), openDatabase(world.databaseUrl)]
  const use = { key: 'fresh', day: { number: 1, most: 100, startsMs: today, untilMs: today + dayMs } }
  const asked = Array.from({ length: 30 }, (_, i) =>
    databases[i % 2]!.transaction(async (client) => {
      const given = await takePlaces(client, use, 'marketing', 7)
      if (i % 5 === 0 && given > 0) await giveBackPlaces(client, use, 1)
      return i % 5 === 0 && given > 0 ? given - 1 : given
    }),
  )
  const given = await Promise.all(asked)
  const sum = given.reduce((total, one) => total + one, 0)
  expect((await sql('SELECT used FROM sender_days')).rows).toEqual([{ used: sum }])
  expect(sum).toBeGreaterThan(90)
  expect(sum).toBeLessThanOrEqual(100)
  await Promise.all(databases.map((database) => database.close()))
})
