/** Customers as intake leaves them: rows, sealed addresses, consent, news. */

import { randomUUID } from 'node:crypto'
import { ensureEventParts } from '../../../src/store/event-parts.ts'
import { insertNews } from '../../../src/store/news.ts'
import { sealAddress, sealPersonalTraits } from '../../../src/store/personal-data.ts'
import type { World } from './world.ts'

export interface TestCustomer {
  readonly id: string
  readonly email: string
  readonly phone: string
  readonly firstName: string
}

type Needs = Pick<World, 'database' | 'vault' | 'clock'>

/** Somebody with an address, a phone and a yes to everything. */
export async function addCustomer(
  { database, vault, clock }: Needs,
  options: { readonly consent?: 'granted' | 'withdrawn' | 'none'; readonly firstName?: string } = {},
): Promise<TestCustomer> {
  const { consent = 'granted', firstName = 'Rosalind' } = options
  const id = randomUUID()
  const customer = {
    id,
    email: `${firstName.toLowerCase()}.${id.slice(0, 8)}@listener.example`,
    phone: `+1202555${String(Math.floor(Math.random() * 10_000)).padStart(4, '0')}`,
    firstName,
  }
  const now = new Date(clock.nowMs())
  const { key, wrapped } = vault.createCustomerKey(id)
  const personal = sealPersonalTraits(vault, key, id, { firstName, email: customer.email })
  await database.transaction(async (client) => {
    await client.query(
      `INSERT INTO customers (id, stage, stage_since, personal, first_seen_at, last_seen_at, created_at, updated_at)
       VALUES ($1, 'acquire', $2, $3, $2, $2, $2, $2)`,
      [id, now, personal],
    )
    await client.query('INSERT INTO customer_keys VALUES ($1, $2, $3)', [id, wrapped, now])
    for (const [channel, kind, address] of [
      ['email', 'email', customer.email],
      ['sms', 'phone', customer.phone],
    ] as const) {
      const pointId = randomUUID()
      await client.query(
        `INSERT INTO contact_points (id, customer_id, channel, address, address_hash, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)`,
        [pointId, id, channel, sealAddress(vault, key, pointId, address), vault.lookupHash(kind, address), now],
      )
      if (consent !== 'none') {
        await client.query(
          `INSERT INTO consents (customer_id, channel, topic, status, given_at, source, method)
           VALUES ($1, $2, '*', $3, $4, 'test', 'form')`,
          [id, channel, consent, now],
        )
      }
    }
  })
  return customer
}

/** News that the customer has arrived. */
export async function arrive({ database, clock }: Needs, customerId: string): Promise<void> {
  await insertNews(database.pool, [{ customerId, kind: 'arrived', atMs: clock.nowMs() }])
}

/** News that the customer has done something. */
export async function happen(
  { database, clock }: Needs,
  customerId: string,
  name: string,
  properties: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const atMs = clock.nowMs()
  await ensureEventParts(database.pool, atMs)
  const { rows } = await database.pool.query<{ id: number }>(
    `INSERT INTO events (message_id, type, name, occurred_at, received_at, properties, customer_id, handled_at)
     VALUES ($1, 'track', $2, $3, $3, $4, $5, $3) RETURNING id`,
    [randomUUID(), name, new Date(atMs), JSON.stringify(properties), customerId],
  )
  const eventId = rows[0]!.id
  await insertNews(database.pool, [
    { customerId, kind: 'event', eventId, eventReceivedMs: atMs, detail: { name }, atMs },
  ])
}

/** An order, with the aggregates as intake keeps them, and the news of it. */
export async function order(needs: Needs, customerId: string, revenueCents: number): Promise<void> {
  const at = new Date(needs.clock.nowMs())
  await needs.database.pool.query(
    `WITH placed AS (
       INSERT INTO orders (id, customer_id, order_key, ordered_at, revenue_cents, currency)
       VALUES ($1::uuid, $2, $1::text, $3, $4, 'USD')
     )
     UPDATE customers SET order_count = order_count + 1, revenue_cents = revenue_cents + $4,
            first_order_at = coalesce(first_order_at, $3), last_order_at = $3 WHERE id = $2`,
    [randomUUID(), customerId, at, revenueCents],
  )
  await happen(needs, customerId, 'Order Completed', { revenue: revenueCents / 100 })
}

export interface LedgerRow {
  readonly id: string
  readonly journey: string
  readonly step: string
  readonly channel: string
  readonly status: string
  readonly reason: string | null
  readonly attempts: number
}

export async function ledgerOf({ database }: Needs, customerId: string): Promise<LedgerRow[]> {
  const { rows } = await database.pool.query<LedgerRow>(
    'SELECT id, journey, step, channel, status, reason, attempts FROM messages WHERE customer_id = $1 ORDER BY planned_at, id',
    [customerId],
  )
  return rows
}

/** Waits until something holds, for as long as a test may take. */
export async function until<T>(
  what: string,
  look: () => Promise<T | false | undefined> | T | false | undefined,
  withinMs = 30_000,
): Promise<T> {
  const deadline = performance.now() + withinMs
  for (;;) {
    const found = await look()
    if (found !== false && found !== undefined) return found
    if (performance.now() > deadline) throw new Error(`It never came to pass that ${what}.`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
