/** Broadcasts by text message: the same rules, each recipient's night, what a provider answers, and what it costs. */

import { DefaultLogger, Runtime } from '@temporalio/worker'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Answer, ProviderPace } from '../../activities/provider-pace.ts'
import { broadcastDocument } from '../../src/domain/broadcast.ts'
import { createBroadcast } from '../../src/store/broadcasts/broadcasts.ts'
import { pauseSending } from '../../src/store/sending-pauses.ts'
import { createSettableClock, createStoreWorld, type StoreWorld } from '../workflows/support/store-world.ts'
import { putDown, sendPage } from './support/broadcasts.ts'
import { addPhoneCrowd, type PhoneOwner } from './support/phones.ts'
import { type SmsProvider, startSmsProvider } from './support/sms-provider.ts'

Runtime.install({ logger: new DefaultLogger('ERROR') })

const hourMs = 3_600_000
const text = { channel: 'sms', template: 'text' }
let world: StoreWorld
let clock: ReturnType<typeof createSettableClock>
let provider: SmsProvider

beforeAll(async () => {
  clock = createSettableClock()
  world = await createStoreWorld({ ...clock, nowMs: () => clock.nowMs() })
  provider = await startSmsProvider()
})
beforeEach(async () => {
  provider.forget()
  provider.behave(() => undefined)
  await sql(
    'TRUNCATE customers, contact_points, consents, customer_keys, messages, broadcasts, broadcast_recipients, suppressions, sending_pauses CASCADE',
  )
})
afterEach(() => vi.restoreAllMocks())
afterAll(async () => {
  await provider.close()
  await world.close()
})

const sql = (words: string, ...values: unknown[]) => world.database.pool.query(words, values)
const setClock = (moment: string): void => clock.advance(Date.parse(moment) - clock.nowMs())
const live = (ids: readonly PhoneOwner[], zone: string) =>
  sql(
    'UPDATE customers SET time_zone = $2 WHERE id = ANY ($1)',
    ids.map(({ id }) => id),
    zone,
  )
const publish = (key: string, words: string) =>
  sql(
    `INSERT INTO templates (key, version, channel, text, status, published_at) VALUES ($1, 'v1', 'sms', $2, 'live', now())
     ON CONFLICT (key, version) DO UPDATE SET text = excluded.text`,
    key,
    words,
  )
const send = (key: string, document: object = text) =>
  putDown(world, key, document).then((broadcast) => sendPage(world, broadcast, { sms: provider.channel }))
const again = async (key: string) => {
  const { rows } = await sql('SELECT id, key FROM broadcasts WHERE key = $1', key)
  return sendPage(world, rows[0] as never, { sms: provider.channel, after: 1e6 })
}
const ledger = async (key: string): Promise<Record<string, string>> => {
  const { rows } = await sql('SELECT customer_id, status, reason FROM messages WHERE journey = $1', `broadcast:${key}`)
  return Object.fromEntries(rows.map((row) => [row.customer_id, [row.status, row.reason].filter(Boolean).join(' ')]))
}
const recipients = (): string[] => provider.taken.map(({ to }) => to).sort()

test('each gets it in their language, with their own words and a short link, and its parts are in the ledger', async () => {
  const [ada, bob] = (await addPhoneCrowd(world, 2)) as [PhoneOwner, PhoneOwner]
  await sql(`UPDATE customers SET locale = 'de' WHERE id = $1`, bob.id)
  const link = 'https://shop.example/products/a-long-way-to-a-thing-that-is-worth-it?utm_source=text'
  await publish('sale', `Hi {{ customer.firstName }}: ${link} Reply STOP to end`)
  await publish('sale.de', `Hallo {{ customer.firstName }}, „viel“ ${'neue '.repeat(15)}${link} STOP endet es`)
  expect(await send('sale', { channel: 'sms', template: 'sale' })).toMatchObject({ sent: 2, isDone: true })
  const bodyOf = (who: PhoneOwner): string => provider.taken.find(({ to }) => to === who.phone)?.body ?? ''
  expect(bodyOf(ada)).toMatch(/^Hi Ada: https:\/\/shop\.example\/x\/\w[\w-]+ Reply STOP to end$/)
  expect(bodyOf(bob)).toMatch(/^Hallo Ada, „viel“ .*https:\/\/shop\.example\/x\/\S+ STOP endet es$/)
  const { rows } = await sql('SELECT customer_id, segments, channel, provider_message_id AS sid FROM messages')
  const rowOf = (who: PhoneOwner) => rows.find((row) => row.customer_id === who.id)
  expect(rowOf(ada)).toMatchObject({ channel: 'sms', segments: 1 })
  expect(rowOf(bob)).toMatchObject({ channel: 'sms', segments: Math.ceil(bodyOf(bob).length / 67) })
  expect(new Set(rows.map(({ sid }) => sid))).toEqual(new Set(provider.taken.map(({ sid }) => sid)))
  const { rows: messages } = await sql('SELECT id FROM messages WHERE customer_id = $1', ada.id)
  expect(provider.taken.find(({ to }) => to === ada.phone)?.statusCallback).toContain(messages[0].id)
})

test('a yes in words is needed, a stopped number and a reached cap count, and mail has nothing to do with it', async () => {
  const [yes, silent, stopped, capped, mailed] = (await addPhoneCrowd(world, 5)) as [
    PhoneOwner,
    PhoneOwner,
    PhoneOwner,
    PhoneOwner,
    PhoneOwner,
  ]
  await sql(`DELETE FROM consents WHERE customer_id = $1 AND channel = 'sms'`, silent.id)
  await sql(
    `INSERT INTO suppressions (channel, address_hash, reason, since)
     SELECT channel, address_hash, CASE channel WHEN 'sms' THEN 'stop' ELSE 'complaint' END, $3 FROM contact_points
      WHERE (customer_id, channel) IN (($1, 'sms'), ($2, 'email'))`,
    stopped.id,
    mailed.id,
    new Date(clock.nowMs()),
  )
  await sql(
    `INSERT INTO messages (id, customer_id, journey, version, step, entry_number, visit, channel, message_class, topic, template,
                           status, planned_at, settled_at)
     SELECT gen_random_uuid(), id, 'other', 'v', 's', 1, n, channel, 'marketing', 'offers', 'x', 'sent', $3, $3
       FROM (VALUES ($1::uuid, 'sms'), ($2::uuid, 'email')) AS v (id, channel), generate_series(1, 3) AS n`,
    capped.id,
    mailed.id,
    new Date(clock.nowMs() - hourMs),
  )
  await pauseSending(world.database.pool, { scope: 'all', key: '*', reason: 'complaints of mail' }, clock.nowMs())
  expect(await send('rules')).toMatchObject({ sent: 2, refused: 2, isDone: false })
  expect(await ledger('rules')).toEqual({
    [yes.id]: 'sent',
    [mailed.id]: 'sent',
    [silent.id]: 'refused consent',
    [stopped.id]: 'refused suppressed',
    [capped.id]: 'planned postponed: cap:sms',
  })
  expect(recipients()).toEqual([yes.phone, mailed.phone].sort())
})

describe('at night', () => {
  test('whoever sleeps gets it in their morning, to the minute, also on the day when the clocks change', async () => {
    // On 2026-03-08 New York goes from 02:00 to 03:00; Vienna has changed nothing.
    setClock('2026-03-08T08:00:00Z') // 04:00 in New York, 09:00 in Vienna.
    const people = await addPhoneCrowd(world, 4)
    const [american, viennese] = [people.slice(0, 2), people.slice(2)]
    await live(american, 'America/New_York')
    await live(viennese, 'Europe/Vienna')
    expect(await send('spring')).toMatchObject({ sent: 2, isDone: false })
    expect(recipients()).toEqual(viennese.map(({ phone }) => phone).sort())
    setClock('2026-03-08T11:59:00Z') // 07:59 in New York.
    expect(await again('spring')).toMatchObject({ sent: 0 })
    setClock('2026-03-08T12:01:30Z') // The policy spreads them over a minute.
    expect(await again('spring')).toMatchObject({ sent: 2, isDone: true })
    expect(recipients()).toEqual(people.map(({ phone }) => phone).sort())

    // On 2026-11-01 it goes back, so that the same morning comes an hour later.
    setClock('2026-11-01T03:00:00Z') // 23:00 of the day before in New York, 04:00 in Vienna.
    provider.forget()
    expect(await send('autumn')).toMatchObject({ sent: 0 })
    setClock('2026-11-01T12:30:00Z') // 07:30 in New York.
    expect(await again('autumn')).toMatchObject({ sent: 2 })
    expect(recipients()).toEqual(viennese.map(({ phone }) => phone).sort())
    setClock('2026-11-01T13:01:30Z')
    expect(await again('autumn')).toMatchObject({ sent: 2, isDone: true })
  })

  test('what would be stale by the morning is not sent at all', async () => {
    setClock('2026-12-01T02:00:00Z')
    const people = await addPhoneCrowd(world, 2)
    await live(people, 'Europe/London')
    expect(await send('short', { ...text, expires_after: '3 hours' })).toMatchObject({ refused: 2, isDone: true })
    expect(new Set(Object.values(await ledger('short')))).toEqual(new Set(['refused quiet-hours']))
    expect(provider.counts.requests).toBe(0)
  })

  test('who was taken in hand by day and has to come again by night waits for the morning', async () => {
    setClock('2026-12-02T20:59:50Z')
    const people = await addPhoneCrowd(world, 1)
    await live(people, 'Europe/London')
    provider.behave(() => 'busy')
    expect(await send('late')).toMatchObject({ sent: 0, isDone: false })
    provider.behave(() => undefined)
    setClock('2026-12-02T21:30:00Z')
    await again('late')
    expect(provider.taken).toEqual([])
    setClock('2026-12-03T08:01:30Z')
    expect(await again('late')).toMatchObject({ sent: 1, isDone: true })
  })
})

describe('the provider', () => {
  beforeEach(() => setClock('2026-12-10T12:00:00Z'))

  test('a number that it calls stopped or wrong gets nothing more, for its own reason', async () => {
    const [ok, stopped, wrong] = (await addPhoneCrowd(world, 3)) as [PhoneOwner, PhoneOwner, PhoneOwner]
    provider.behave((to) => ({ [stopped.phone]: 21_610, [wrong.phone]: 21_614 })[to])
    expect(await send('numbers')).toMatchObject({ sent: 1, failed: 2, isDone: true })
    expect(await ledger('numbers')).toEqual({
      [ok.id]: 'sent',
      [stopped.id]: 'failed twilio 21610',
      [wrong.id]: 'failed twilio 21614',
    })
    provider.forget()
    expect(await send('after')).toMatchObject({ sent: 1, refused: 2 })
    expect(provider.counts.requests).toBe(1)
    const { rows } = await sql(`SELECT channel, reason FROM suppressions ORDER BY reason`)
    expect(rows).toEqual([
      { channel: 'sms', reason: 'invalid' },
      { channel: 'sms', reason: 'stop' },
    ])
  })

  test('an error of its own and a lost answer are doubt, and such a message is not sent again', async () => {
    const [ok, broken, lost] = (await addPhoneCrowd(world, 3)) as [PhoneOwner, PhoneOwner, PhoneOwner]
    provider.behave((to) => (to === broken.phone ? 'broken' : to === lost.phone ? 'lost' : undefined))
    expect(await send('doubt')).toMatchObject({ sent: 1, inDoubt: 2, isDone: true })
    const seen = await ledger('doubt')
    expect(seen[ok.id]).toBe('sent')
    expect(seen[broken.id]).toBe('in_doubt twilio 20500')
    expect(seen[lost.id]).toMatch(/^in_doubt twilio /)
    clock.advance(hourMs)
    await again('doubt')
    expect(provider.counts.requests).toBe(3)
  })

  test('where carriers filter it, or the number may not send, it waits; a pause of another one does not matter', async () => {
    const people = await addPhoneCrowd(world, 2)
    const pause = (scope: 'journey' | 'channel' | 'all', key: string) =>
      pauseSending(world.database.pool, { scope, key, reason: `pause of ${key}` }, clock.nowMs())
    await pause('channel', 'email')
    await pause('journey', 'broadcast:another')
    expect(await send('free')).toMatchObject({ sent: 2, isDone: true })
    await pause('all', 'everything')
    expect(await send('held')).toMatchObject({ sent: 0, isDone: false })
    await sql(`DELETE FROM messages WHERE journey = 'broadcast:held'`) // What waits counts for the cap.
    await sql('UPDATE sending_pauses SET lifted_at = now()')
    await pause('journey', 'broadcast:filtered')
    expect(await send('filtered')).toMatchObject({ sent: 0, isDone: false })
    await sql('UPDATE sending_pauses SET lifted_at = now()')
    await pause('channel', 'sms')
    expect(await send('unregistered')).toMatchObject({ sent: 0, isDone: false })
    expect(Object.values(await ledger('unregistered'))).toEqual(
      people.map(() => 'planned postponed: sending is paused: pause of sms'),
    )
    await sql('UPDATE sending_pauses SET lifted_at = now()')
    clock.advance(16 * 60_000)
    expect(await again('filtered')).toMatchObject({ sent: 2, isDone: true })
  })
})

test('requests go side by side, and the database is asked for pages, not for people', async () => {
  setClock('2026-12-20T12:00:00Z')
  const slow = await startSmsProvider(20)
  const people = await addPhoneCrowd(world, 300)
  await publish('linked', 'See https://shop.example/products/a-thing-with-a-long-name-that-is-worth-it STOP ends it')
  const broadcast = await putDown(world, 'many', { channel: 'sms', template: 'linked' })
  const asked = vi.spyOn(pg.Client.prototype, 'query')
  let page = await sendPage(world, broadcast, { sms: slow.channel })
  const statements = asked.mock.calls.length
  asked.mockRestore()
  while (!page.isDone) page = await sendPage(world, broadcast, { sms: slow.channel, after: page.last })
  expect(new Set(slow.taken.map(({ to }) => to)).size).toBe(people.length)
  expect(slow.taken).toHaveLength(people.length)
  expect(slow.counts.mostAtOnce).toBeGreaterThan(8)
  expect(statements).toBeLessThan(people.length)
  await slow.close()
})

test('after "too many" half as many are asked at once, after a rest that grows; being away costs no place', async () => {
  const pace = new ProviderPace()
  let nowMs = 0
  const ask = (answer: Answer) =>
    pace.ask(
      Infinity,
      async () => answer,
      (one) => one,
      () => nowMs,
    )
  const [most, first] = [pace.atOnce, await ask('busy')]
  expect([first, pace.atOnce, pace.restMs(nowMs)]).toEqual(['busy', most / 2, 1_000])
  expect(await ask('taken')).toBeUndefined()
  nowMs = 1_000
  expect([await ask('away'), pace.atOnce, pace.restMs(nowMs)]).toEqual(['away', most / 2, 2_000])
  nowMs = 3_000
  expect(await ask('taken')).toBe('taken')
  expect([await ask('busy'), pace.restMs(nowMs)]).toEqual(['busy', 1_000])
  nowMs = 10_000
  expect(
    await pace.ask(
      10_000,
      async () => 'taken' as const,
      (one) => one,
      () => nowMs,
    ),
  ).toBeUndefined()
})

describe('a document', () => {
  const good = { name: 'Sale', topic: 'offers', template: 'text', channel: 'sms' }
  test.each([
    [{ ...good, channel: 'fax' }, 'channel'],
    [{ ...good, throttle: { domains: { 'gmail.com': 5 } } }, 'throttle'],
  ])('%j is refused', (document, field) => {
    expect(broadcastDocument.safeParse(document).error?.issues[0]?.path[0]).toBe(field)
  })

  test('its template is of its channel', async () => {
    const make = (document: object) =>
      createBroadcast(world.database.pool, 'made', { ...good, ...document }, clock.nowMs())
    expect(await make({})).toMatchObject({ broadcast: { definition: { channel: 'sms' } } })
    const rule = 'is a template of the other channel: a broadcast of it says "channel: email"'
    expect(await make({ template: 'hello' })).toMatchObject({
      problems: [{ path: ['template'], value: 'hello', rule }],
    })
    expect(await make({ channel: undefined })).toMatchObject({ problems: [{ path: ['template'] }] })
    expect(await make({ template: 'none' })).toMatchObject({
      problems: [{ rule: 'there is no published text message template with this key' }],
    })
  })
})
