/** Broadcasts by text message that are held back by the provider, by their own rate and by a person. */

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { findBroadcast } from '../../src/store/broadcasts/broadcasts.ts'
import { cancelSignal } from '../../workflows/messages.ts'
import { openShop, type Shop } from '../privacy/support.ts'
import { until } from '../workflows/support/customers.ts'
import { startBroadcast, tallyOf } from './support/broadcasts.ts'
import { addPhoneCrowd } from './support/phones.ts'
import { type SmsProvider, startSmsProvider } from './support/sms-provider.ts'

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

test('a provider that says "too many" is asked less at once, and each gets it once', async () => {
  const { world } = shop
  const phones = (await addPhoneCrowd(world, 150)).map(({ phone }) => phone)
  provider.behave(() => (provider.counts.requests <= 40 ? 'busy' : undefined))
  await world.withWorkers(
    async () => {
      const { workflow } = await startBroadcast(world, 'busy', text)
      await workflow.result()
    },
    { sms: provider.channel },
  )
  expect(await tallyOf(world, 'busy')).toEqual({ total: 150, byStatus: { sent: 150 } })
  expect([...timesOf(phones).values()].filter((times) => times !== 1)).toEqual([])
  expect(provider.counts).toMatchObject({ refused: 40, requests: 190 })
})

test('no more leave than the rate allows, and whoever has to wait when it is cancelled gets nothing', async () => {
  const { world } = shop
  const people = await addPhoneCrowd(world, 200)
  // At noon in London it is night in Tokyo.
  const asleep = people.slice(180).map(({ id }) => id)
  await world.database.pool.query(`UPDATE customers SET time_zone = 'Asia/Tokyo' WHERE id = ANY ($1)`, [asleep])
  await world.withWorkers(
    async () => {
      const { broadcast, workflow } = await startBroadcast(world, 'slow', { ...text, throttle: { per_second: 60 } })
      await until('all who are awake have it', () => provider.taken.length === 180, 60_000)
      await workflow.signal(cancelSignal)
      await workflow.result()
      expect(await findBroadcast(world.database.pool, broadcast.id)).toMatchObject({ status: 'cancelled' })
    },
    { sms: provider.channel },
  )
  const { byStatus } = await tallyOf(world, 'slow')
  expect(byStatus).toEqual({ sent: 180, refused: 20 })
  expect(provider.taken).toHaveLength(180)
  // A second's worth may leave at once, and one more while the first is still being written.
  const seconds = ((provider.taken.at(-1)?.atMs ?? 0) - (provider.taken[0]?.atMs ?? 0)) / 1_000
  expect(provider.taken.length).toBeLessThanOrEqual(60 * (seconds + 2))
})
