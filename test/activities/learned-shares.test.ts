/** An experiment learns from what came of its messages: real reviews assign, real orders count, the better one gets more. */

import { randomUUID } from 'node:crypto'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { dayMs, hourMs } from '../../src/domain/time.ts'
import { learnShares } from '../../src/intake/learned-shares.ts'
import { loadDefinitions } from '../../src/store/campaigns.ts'
import { addCustomer, arrive, type TestCustomer } from '../workflows/support/customers.ts'
import { createSettableClock, createStoreWorld, type StoreWorld } from '../workflows/support/store-world.ts'

const clock = createSettableClock()
let campaigns: string
let world: StoreWorld
let activities: ReturnType<StoreWorld['activities']>

const journey = `
name: Two ways to say hello
topic: offers
entry: [ { type: arrived } ]
steps:
  - id: way
    type: experiment
    allocation: thompson
    variants:
      - { name: long, share: 0.4, next: hello }
      - { name: short, share: 0.4, next: hello }
      - { name: nothing, share: 0.2, hold_out: true }
  - { id: hello, type: email, template: nudge, next: end }
`

beforeAll(async () => {
  campaigns = mkdtempSync(join(tmpdir(), 'perennial-test-shares-'))
  cpSync(fileURLToPath(new URL('../workflows/campaigns', import.meta.url)), campaigns, { recursive: true })
  writeFileSync(join(campaigns, 'journeys', 'ways.yaml'), journey)
  world = await createStoreWorld(clock, campaigns)
  activities = world.activities()
})
afterAll(async () => {
  activities.close()
  await world.close()
  rmSync(campaigns, { recursive: true, force: true })
})

test('the variant after which more customers buy gets more of the next ones; the hold-out keeps its share', async () => {
  const first = await give(100)
  await learnShares(world.database, clock.nowMs())
  expect(await learned()).toEqual({}) // Nobody's days to react are over: the document's shares hold.

  for (const [i, { id, variant }] of first.entries()) {
    if (variant === 'short' ? i % 4 < 3 : i % 10 === 0) await buy(id)
  }
  clock.advance(8 * dayMs)
  await learnShares(world.database, clock.nowMs())
  const shares = await learned()
  expect(shares.short).toBeGreaterThan(0.9)
  expect(shares.long).toBeGreaterThanOrEqual(0.05)
  expect((shares.short ?? 0) + (shares.long ?? 0)).toBeCloseTo(1)

  const next = await give(100)
  const count = (name: string): number => next.filter(({ variant }) => variant === name).length
  // Of 80 % more than nine tenths, where both had the same; of one hundred, by the hash of their ids.
  expect(count('short')).toBeGreaterThan(3 * count('long'))
  expect(count('nothing')).toBeGreaterThan(4)
  expect(count('nothing')).toBeLessThan(45)
})

test('it is learned once an hour, and nobody who has a variant is given another one', async () => {
  const [someone] = await give(1)
  await world.database.pool.query(`UPDATE experiment_allocations SET shares = '{"long": 1, "short": 0}'`)
  await learnShares(world.database, clock.nowMs() + hourMs / 2)
  expect(await learned()).toEqual({ long: 1, short: 0 })
  await learnShares(world.database, clock.nowMs() + 2 * hourMs)
  expect((await learned()).short).toBeGreaterThan(0.9)
  await arrive(world, someone!.id)
  await activities.lifecycle.reviewCustomer(someone!.id)
  expect(await variantOf(someone!.id)).toBe(someone!.variant)
})

async function learned(): Promise<Readonly<Record<string, number>>> {
  return (await loadDefinitions(world.database)).allocations?.get('ways/way') ?? {}
}

/** Customers arrive, and reviews give each a variant. */
async function give(count: number): Promise<{ id: string; variant: string }[]> {
  // The reviews' definitions are at most a second old.
  await new Promise((resolve) => setTimeout(resolve, 1_100))
  const customers: TestCustomer[] = []
  for (let i = 0; i < count; i++) {
    const customer = await addCustomer(world)
    await arrive(world, customer.id)
    await activities.lifecycle.reviewCustomer(customer.id)
    customers.push(customer)
  }
  return Promise.all(customers.map(async ({ id }) => ({ id, variant: await variantOf(id) })))
}

async function variantOf(id: string): Promise<string> {
  const { rows } = await world.database.pool.query<{ variant: string }>(
    `SELECT variant FROM experiment_assignments WHERE customer_id = $1 AND experiment = 'ways/way'`,
    [id],
  )
  return rows[0]?.variant ?? 'none'
}

async function buy(customerId: string): Promise<void> {
  await world.database.pool.query(
    `INSERT INTO orders (id, customer_id, order_key, ordered_at, revenue_cents, currency) VALUES ($1, $2, $3, $4, 1000, 'EUR')`,
    [randomUUID(), customerId, randomUUID(), new Date(clock.nowMs() + dayMs)],
  )
}
