/** A shop whose events go straight into the table, and are handled page by page when a test says so. */

import { pino } from 'pino'
import { type Envelope, readCall } from '../../../src/api/tracking/read-call.ts'
import { handleNextPage } from '../../../src/intake/intake.ts'
import { type Database, openDatabase } from '../../../src/store/database.ts'
import { insertEvents } from '../../../src/store/insert-events.ts'
import { countRecategorised } from '../../../src/store/recategorised-products.ts'
import { Vault } from '../../../src/store/vault.ts'
import { createTestDatabase } from '../../support/database.ts'

export interface Shop {
  readonly url: string
  readonly database: Database
  readonly vault: Vault
  /** What intake takes for now. */
  readonly time: { nowMs: number }
  /** Names of events and traits that are of interest. */
  readonly interests: { readonly events: Set<string>; readonly traits: Set<string> }
  /** Stores calls as the tracking API does, in the order given. */
  take(calls: readonly Call[]): Promise<void>
  /** Handles all that waits. @returns how many events. */
  handle(): Promise<number>
  /** Both. */
  live(calls: readonly Call[]): Promise<void>
  rows<Row extends object = Record<string, unknown>>(sql: string, values?: readonly unknown[]): Promise<Row[]>
  /** The customer whom the shop knows by this id. */
  customer(userId: string): Promise<CustomerRow>
  /** Forgets everybody and everything. */
  clear(): Promise<void>
  close(): Promise<void>
}

export type Call = Readonly<Record<string, unknown>> & { readonly type: string }

export interface CustomerRow {
  readonly id: string
  readonly external_id: string | null
  readonly traits: Record<string, unknown>
  readonly order_count: number
  readonly revenue_cents: number
  readonly refunded_cents: number
  readonly discount_cents: number
  readonly discounted_revenue_cents: number
  readonly currency: string | null
  readonly first_order_at: Date | null
  readonly last_order_at: Date | null
  readonly first_seen_at: Date
  readonly last_seen_at: Date
  readonly time_zone: string | null
  readonly country: string | null
  readonly email_domain: string | null
  readonly merged_into: string | null
}

export const masterKey = Buffer.alloc(32, 9)
export const startMs = Date.UTC(2026, 2, 1, 12)

export async function openShop(): Promise<Shop> {
  const testDatabase = await createTestDatabase()
  const database = openDatabase(testDatabase.url)
  const vault = new Vault(masterKey)
  const time = { nowMs: startMs }
  const interests = { events: new Set<string>(), traits: new Set<string>() }
  const needs = {
    database,
    vault,
    log: pino({ level: 'silent' }),
    nowMs: () => time.nowMs,
    interests: async () => interests,
  }

  const shop: Shop = {
    url: testDatabase.url,
    database,
    vault,
    time,
    interests,
    async take(calls) {
      const envelope: Envelope = { receivedAtMs: time.nowMs }
      const events = calls.map((call) => {
        const read = readCall(call, envelope, vault)
        if (!('event' in read)) throw new Error(`a test sends a bad call: ${JSON.stringify(read.faults)}`)
        return read.event
      })
      await insertEvents(database.pool, events)
    },
    async handle() {
      let handled = 0
      for (let page = await handleNextPage(needs); page.handled > 0; page = await handleNextPage(needs)) {
        handled += page.handled
      }
      while (await countRecategorised(database));
      return handled
    },
    async live(calls) {
      await shop.take(calls)
      await shop.handle()
    },
    async rows<Row extends object>(sql: string, values: readonly unknown[] = []) {
      return (await database.pool.query(sql, [...values])).rows as Row[]
    },
    async customer(userId) {
      const [row] = await shop.rows<CustomerRow>(
        `SELECT c.* FROM customers c JOIN identities i ON i.customer_id = c.id WHERE i.kind = 'user' AND i.value = $1`,
        [userId],
      )
      if (row === undefined) throw new Error(`no customer ${userId}`)
      return row
    },
    async clear() {
      for (const names of [interests.events, interests.traits]) names.clear()
      time.nowMs = startMs
      const tables =
        'customers customer_keys identities contact_points events orders order_changes products consents suppressions ' +
        'customer_merges merged_profiles news journey_runs messages coupons dirty_customers event_days customer_categories lifecycle_moves decision_records'
      await database.pool.query(tables.replaceAll(/\w+/g, 'DELETE FROM $&;'))
    },
    async close() {
      await database.close()
      await testDatabase.drop()
    },
  }
  return shop
}

/** A moment some minutes after the start of the tests' time, as calls carry it. */
export function at(minutes: number): { readonly timestamp: string } {
  return { timestamp: new Date(startMs - 600 * 60_000 + minutes * 60_000).toISOString() }
}
