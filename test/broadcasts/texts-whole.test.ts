/** Whole broadcasts by text message, with Temporal around them: killed in the middle, and over the nights of several zones. */

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { timeOfDayAt } from '../../src/domain/local-time.ts'
import { askAbout } from '../../workers/doubtful-sms.ts'
import { openShop, type Shop } from '../privacy/support.ts'
import { lookAtCrowd } from '../workflows/support/crowds.ts'
import { until } from '../workflows/support/customers.ts'
import { startWorkerProcess } from '../workflows/support/worker-process.ts'
import { createWorld } from '../workflows/support/world.ts'
import { startBroadcast, tallyOf } from './support/broadcasts.ts'
import { addPhoneCrowd } from './support/phones.ts'
import { type SmsProvider, startSmsProvider } from './support/sms-provider.ts'

const recipients = Number(process.env['PERENNIAL_BROADCAST_RECIPIENTS'] ?? 600)
const patienceMs = 120_000 + recipients * 40
const text = { channel: 'sms', template: 'text' }

const policy = `
name: Text messages
topics: { offers: { name: Offers } }
channels:
  sms: { caps: {} }
default_time_zone: UTC
spread: 1 minute
`

let shop: Shop
let provider: SmsProvider

beforeAll(async () => {
  shop = await openShop(policy)
  provider = await startSmsProvider(5, () => shop.world.clock.nowMs())
}, 180_000)
beforeEach(async () => {
  provider.forget()
  provider.behave(() => undefined)
  await shop.world.database.pool.query('TRUNCATE customers, contact_points, consents, customer_keys, messages CASCADE')
})
afterAll(async () => {
  await provider.close()
  await shop.close()
})

const timesOf = (phones: readonly string[]): Map<string, number> => {
  const times = new Map(phones.map((phone) => [phone, 0]))
  for (const { to } of provider.taken) times.set(to, (times.get(to) ?? 0) + 1)
  return times
}

test(
  'killed in the middle it finishes by itself; what is in doubt is settled by asking, so that everybody has it once',
  async () => {
    const { world } = shop
    const phones = (await addPhoneCrowd(world, recipients)).map(({ phone }) => phone)
    const first = await startWorkerProcess(world, provider.env)
    const { workflow } = await startBroadcast(world, 'killed', text)
    await until('a third has been taken', () => provider.taken.length > recipients / 3, patienceMs)
    await first.kill()
    const atTheKill = provider.taken.length
    const second = await startWorkerProcess(world, provider.env)
    await workflow.result()
    expect(await second.stop()).toBe(0)

    expect(atTheKill).toBeLessThan(recipients)
    const { total, byStatus } = await tallyOf(world, 'killed')
    expect(total).toBe(recipients)
    expect((byStatus['sent'] ?? 0) + (byStatus['in_doubt'] ?? 0)).toBe(recipients)
    // Four chunks of fifty may be under way.
    expect(byStatus['in_doubt'] ?? 0).toBeLessThanOrEqual(200)
    expect(Math.max(...timesOf(phones).values())).toBe(1)
    const missing = [...timesOf(phones).values()].filter((times) => times === 0).length
    expect(missing).toBeLessThanOrEqual(byStatus['in_doubt'] ?? 0)

    const find = provider.channel.find ?? (() => Promise.resolve([]))
    const needs = { ...world, find, nowMs: () => world.clock.nowMs() }
    while ((await askAbout(needs, needs.nowMs() + 1)) > 0);
    await world.withWorkers(
      async () => {
        await lookAtCrowd(world)
        await until(
          'all are sent',
          async () => (await tallyOf(world, 'killed')).byStatus['sent'] === recipients,
          120_000,
        )
      },
      { sms: provider.channel },
    )
    expect([...timesOf(phones).values()].filter((times) => times !== 1)).toEqual([])
  },
  4 * patienceMs,
)

test('whoever sleeps when it starts gets it by day, in each zone, and nobody is forgotten', async () => {
  // Ten hours a second: at noon in London it is four in the morning in Los Angeles and nine in the evening in Tokyo.
  const fast = await createWorld({ speed: 36_000 })
  const zones = ['Europe/London', 'America/Los_Angeles', 'Asia/Tokyo'] as const
  const people = await addPhoneCrowd(fast, 60)
  await fast.database.pool.query(
    'UPDATE customers c SET time_zone = g.zone FROM unnest($1::uuid[], $2::text[]) AS g (id, zone) WHERE c.id = g.id',
    [people.map(({ id }) => id), people.map((_, i) => zones[i % zones.length])],
  )
  await fast.withWorkers(
    async () => {
      const { workflow } = await startBroadcast(fast, 'zones', { ...text, expires_after: '60 days' })
      await workflow.result()
    },
    { sms: provider.channel },
  )
  const { rows } = await fast.database.pool.query<{ zone: string; status: string; at: Date }>(
    `SELECT c.time_zone AS zone, m.status, m.transmitting_at AS at FROM messages m JOIN customers c ON c.id = m.customer_id`,
  )
  expect(rows.map(({ status }) => status)).toEqual(people.map(() => 'sent'))
  const byNight = rows.filter(({ zone, at }) => {
    const minutes = timeOfDayAt(zone, at.getTime())
    return minutes < 8 * 60 || minutes >= 21 * 60
  })
  expect(byNight).toEqual([])
  expect([...timesOf(people.map(({ phone }) => phone)).values()].every((times) => times === 1)).toBe(true)
  await fast.close()
})
