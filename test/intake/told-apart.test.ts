/** Two pages side by side: one learns what tells two people apart while the other is about to join them. */

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { eventually } from './support/processes.ts'
import { type Call, openShop, type Shop } from './support/shop.ts'

let shop: Shop
beforeAll(async () => {
  shop = await openShop()
})
beforeEach(() => shop.clear())
afterAll(() => shop.close())

const identify = (more: object): Call => ({ type: 'identify', ...more })
const browser = { anonymousId: 'shared' }

/**
 * Handles both calls at once: the page with `first` is the first to get hold of the customer whom both concern. The other
 * one waits for it, or finds that these customers' events are taken, and leaves its own for later.
 */
async function sideBySide(first: Call, second: Call): Promise<void> {
  const holder = await shop.database.pool.connect()
  try {
    await holder.query('BEGIN')
    await holder.query(
      `SELECT 1 FROM customers WHERE id IN (SELECT customer_id FROM identities WHERE kind = 'anonymous') FOR UPDATE`,
    )
    await shop.take([first])
    const learning = shop.handle()
    await eventually('the first page waits', async () => (await waiting()) === 1)
    await shop.take([second])
    let hasLeftIt = false
    const joining = shop.handle().then((handled) => (hasLeftIt = handled === 0))
    await eventually('the second page waits behind it', async () => hasLeftIt || (await waiting()) === 2)
    await holder.query('COMMIT')
    await Promise.all([learning, joining])
    await shop.handle()
  } finally {
    holder.release()
  }
}

async function waiting(): Promise<number> {
  const rows = await shop.rows(
    `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  )
  return rows.length
}

const owners = async (): Promise<Record<string, unknown>[]> =>
  shop.rows(
    `SELECT kind, count(*)::int AS n, count(DISTINCT customer_id)::int AS people FROM identities
     WHERE kind IN ('user', 'email') GROUP BY kind ORDER BY kind`,
  )

test('a name does not join whom the other page has just given an address of their own', async () => {
  await shop.live([
    identify({ userId: 'u1', traits: { email: 'ann@example.org' } }),
    { type: 'page', name: 'Home', ...browser },
  ])
  await sideBySide(
    identify({ ...browser, traits: { email: 'ben@example.org' } }),
    identify({ userId: 'u1', ...browser }),
  )
  expect(await shop.rows('SELECT 1 FROM customers WHERE merged_into IS NOT NULL')).toEqual([])
  expect(await owners()).toEqual([
    { kind: 'email', n: 2, people: 2 },
    { kind: 'user', n: 1, people: 1 },
  ])
})

test('two addresses given in one browser at once are two people', async () => {
  await shop.live([{ type: 'page', name: 'Home', ...browser }])
  await sideBySide(
    identify({ ...browser, traits: { email: 'ann@example.org' } }),
    identify({ ...browser, traits: { email: 'ben@example.org' } }),
  )
  expect(await owners()).toEqual([{ kind: 'email', n: 2, people: 2 }])
})
