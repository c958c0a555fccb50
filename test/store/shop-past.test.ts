/** The past of a shop, lived through once more with other campaigns. */

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { PastCustomer } from '../../src/domain/past-customer.ts'
import { dayMs, hourMs } from '../../src/domain/time.ts'
import { customerPasts, type PastQuery } from '../../src/store/shop-past.ts'
import { addCustomer, happen, order } from '../workflows/support/customers.ts'
import {
  createSettableClock,
  createStoreWorld,
  mondayNoonMs,
  type StoreWorld,
} from '../workflows/support/store-world.ts'

const clock = createSettableClock()
const root = fileURLToPath(new URL('../../', import.meta.url))
let world: StoreWorld

beforeAll(async () => {
  world = await createStoreWorld(clock)
  const buyers: string[] = []
  for (let i = 0; i < 12; i++)
    buyers.push((await addCustomer(world, { consent: i === 0 ? 'withdrawn' : 'granted' })).id)
  for (const days of [1, 9, 16, 23]) {
    clock.advance(mondayNoonMs + days * dayMs - clock.nowMs())
    for (const id of buyers.slice(0, 8)) {
      await happen(world, id, 'Product Added', { product_id: 'sku-1' })
      await order(world, id, 4_000)
    }
    clock.advance(hourMs)
    for (const id of buyers.slice(8)) await happen(world, id, 'Product Added', { product_id: 'sku-2' })
  }
})
afterAll(() => world.close())

const from = new Date(mondayNoonMs).toISOString().slice(0, 10)

async function simulate(...options: string[]): Promise<{ status: number; out: string; said: string }> {
  const args = ['--disable-warning=ExperimentalWarning', 'src/cli/main.ts', 'simulate', '--past', ...options]
  const env = { ...process.env, DATABASE_URL: world.databaseUrl }
  return promisify(execFile)(process.execPath, args, { cwd: root, env }).then(
    ({ stdout, stderr }) => ({ status: 0, out: stdout, said: stderr }),
    (error: { code: number; stdout: string; stderr: string }) => ({
      status: error.code,
      out: error.stdout,
      said: error.stderr,
    }),
  )
}

async function peopleOf(query: PastQuery): Promise<PastCustomer[]> {
  const people: PastCustomer[] = []
  for await (const page of customerPasts(world.database.pool, query)) people.push(...page)
  return people
}

test('customers come with what they did, in pages', async () => {
  const query = { fromMs: mondayNoonMs, toMs: mondayNoonMs + 60 * dayMs, events: ['Product Added'], limit: 100 }
  const people = await peopleOf(query)
  expect(people).toHaveLength(12)
  expect(people.filter(({ orders }) => orders.length === 4)).toHaveLength(8)
  for (const { events, words, reachable } of people) {
    expect(events.map(({ name }) => name)).toEqual(Array(4).fill('Product Added'))
    expect(words).toHaveLength(2)
    expect(reachable).toEqual({ email: true, sms: true })
  }
  const few = await peopleOf({ ...query, limit: 5 })
  expect(few.map(({ id }) => id)).toEqual(people.slice(0, 5).map(({ id }) => id))
})

test('the report tells messages a week, caps, cost and revenue of each journey', { timeout: 240_000 }, async () => {
  const { status, out } = await simulate('--from', from, '--days', '60', '--json')
  const report = JSON.parse(out)
  expect(status).toBe(0)
  expect(report).toMatchObject({ customers: 12, past: true, from, violations: 0, orders: 32, revenueCents: 128_000 })
  const { 'cart-abandonment': basket, 'first-order': first, welcome } = report.journeys
  expect(basket.sent).toBeGreaterThan(4) // Those who left their basket; whoever bought was not reminded.
  expect(basket.perWeek.reduce((sum: number, week: number) => sum + week, 0)).toBe(basket.sent)
  expect(first.sent + welcome.sent).toBeGreaterThan(8)
  expect(report.messages.sent).toBe(
    Object.values<{ sent: number }>(report.journeys).reduce((sum, { sent }) => sum + sent, 0),
  )
  const table = await simulate('--from', from, '--days', '60')
  expect(table.out).toMatch(/journey .* a week .* caps hit .* revenue .* offers cost/)
})

test('a past without customers, and a seed for it, are mistakes of whoever asks', { timeout: 240_000 }, async () => {
  const nobody = await simulate('--from', '2020-01-01', '--days', '10')
  expect(nobody).toMatchObject({ status: 2, said: expect.stringContaining('no customers who were known by then') })
  expect(await simulate('--seed', '3')).toMatchObject({ status: 2, said: expect.stringContaining('--seed') })
})
