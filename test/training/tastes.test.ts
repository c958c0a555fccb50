/** What customers liked and were, as of a past moment; and offers that are learned from it. */

import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { trainOnce } from '../../bench/support/train-once.ts'
import { loadCustomerTastes } from '../../src/store/customer-tastes.ts'
import { type Database, openDatabase, type Queryable } from '../../src/store/database.ts'
import { ensureEventParts } from '../../src/store/event-parts.ts'
import { plannerGroups } from '../../src/store/planner-groups.ts'
import { publishCampaigns } from '../../src/store/publishing/publish-campaigns.ts'
import { Vault } from '../../src/store/vault.ts'
import { createTestDatabase } from '../support/database.ts'

const asOfMs = Date.parse('2026-03-01T00:00:00Z')
const idOf = (i: number): string => `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`
let database: Database
let drop: () => Promise<void>

beforeAll(async () => {
  const created = await createTestDatabase()
  drop = created.drop
  database = openDatabase(created.url)
})

afterAll(async () => {
  await database.close()
  await drop()
})

describe('as of a past moment', () => {
  const ids = [idOf(1), idOf(2)]
  const tastes = (db: Queryable = database.pool) => loadCustomerTastes(db, asOfMs, ids)

  beforeAll(async () => {
    await customers(ids, { channel: 'web', points: 3, tags: ['a', 'b'] }, '2026-01-05T00:00:00.000Z')
    await order('before', idOf(1), '2026-01-10T00:00:00Z', 'Vinyl')
    await identify(idOf(1), '2026-01-05T00:00:00Z', { channel: 'web', points: 3 })
  })

  it('categories and traits are what was known then, lists and the like left out', async () => {
    expect(await tastes()).toEqual([
      { categories: { Vinyl: 1 }, traits: { channel: 'web', points: 3 } },
      { categories: {}, traits: { channel: 'web', points: 3 } },
    ])
  })

  it('what is bought, cancelled or said later moves nothing, and a query that peeks is found out', async () => {
    const before = await tastes()
    await order('after', idOf(1), '2026-03-02T00:00:00Z', 'Books')
    await database.pool.query(`UPDATE orders SET cancelled_at = '2026-03-03Z' WHERE order_key = 'before'`)
    // Told anew: by somebody who came back, and with another value.
    await identify(idOf(1), '2026-03-05T00:00:00Z', { channel: 'shop', points: 3 })
    await database.pool.query(
      `UPDATE customers SET traits = traits || '{"channel": "shop", "late": true}', trait_times = trait_times
         || '{"channel": "2026-03-05T00:00:00.000Z", "points": "2026-03-05T00:00:00.000Z", "late": "2026-03-05T00:00:00.000Z"}'
        WHERE id = $1`,
      [idOf(1)],
    )
    expect(await tastes()).toEqual(before)

    const guards: readonly [RegExp, string][] = [
      [/AND o\.ordered_at < \$1/, ''],
      [/OR o\.cancelled_at >= \$1/, ''],
      [/AND e\.occurred_at < \$1/, ''],
      [/WHERE at < \$1/, ''],
    ]
    for (const [guard, instead] of guards) {
      const leaky: Queryable = {
        query: (text: string, values: unknown[]) => {
          if (!guard.test(text)) throw new Error(`the query has no ${guard.source} to take away`)
          return database.pool.query(text.replace(guard, instead), values)
        },
      }
      expect({ guard: guard.source, tastes: await tastes(leaky) }).not.toEqual({ guard: guard.source, tastes: before })
    }
  })
})

describe('two offers in one experiment', () => {
  const n = 1_800
  const ids = Array.from({ length: n }, (_, i) => idOf(1_000 + i))
  /** What each likes has nothing to do with what chance gave them. */
  const likes = (i: number): 'Vinyl' | 'Books' => (Math.floor(i / 3) % 2 === 0 ? 'Vinyl' : 'Books')
  const given = (i: number): string => ['vinyl', 'books', 'none'][i % 3] as string

  beforeAll(async () => {
    await publish()
    await customers(ids, { channel: 'web' }, '2026-01-05T00:00:00.000Z')
    await products('Vinyl', 'Books')
    await manyOrders(
      'liked',
      ids,
      '2026-01-20T00:00:00Z',
      ids.map((_, i) => likes(i)),
    )
    await database.pool.query(
      `INSERT INTO experiment_assignments (customer_id, experiment, variant, assigned_at)
       SELECT id, 'mailing/mail', variant, '2026-02-01Z' FROM unnest($1::uuid[], $2::text[]) AS a (id, variant)`,
      [ids, ids.map((_, i) => given(i))],
    )
    // Of ten, five buy if they get what they like, else one.
    const buyers = ids.filter((_, i) => {
      const hit = given(i) === likes(i).toLowerCase()
      return Math.floor(i / 6) % 10 < (hit ? 5 : 1)
    })
    await manyOrders('moved', buyers, '2026-02-04T00:00:00Z')
    await database.pool.query(
      `INSERT INTO contact_points (id, customer_id, channel, address, address_hash, created_at)
       SELECT gen_random_uuid(), id, 'email', '\\x00', sha256(id::text::bytea), now() FROM unnest($1::uuid[]) AS id`,
      [ids],
    )
  })

  it('each is learned by itself, choosing pays, and everybody is found by the offer that moves them', async () => {
    const model = await trainOnce(database, new Vault(Buffer.alloc(32, 7)), 'uplift', asOfMs)
    expect(model.status).toBe('champion')
    expect(model.featureVersion).toContain('tastes')
    const { choice } = model.parameters['measured'] as {
      choice: { atMargins: { value: { overBest: { low: number } } }[] }
    }
    expect(choice.atMargins[0]?.value.overBest.low).toBeGreaterThan(0)

    const { rows } = await database.pool.query<{ liked: string; offer: string; customers: number }>(
      `SELECT DISTINCT category AS liked, m.key AS offer, count(*)::int AS customers
         FROM customer_matches m JOIN orders o USING (customer_id) JOIN order_lines l ON l.order_id = o.id
         JOIN products USING (product_key)
        WHERE m.kind = 'offer' AND o.order_key LIKE 'liked/%' GROUP BY 1, 2 ORDER BY 1`,
    )
    expect(rows).toEqual([
      { liked: 'Books', offer: 'thanks-10', customers: n / 2 },
      { liked: 'Vinyl', offer: 'welcome-10', customers: n / 2 },
    ])
    const groups = await plannerGroups(database.pool, 'offer', [], 10)
    expect(groups.map(({ key }) => key)).toEqual(['thanks-10', 'welcome-10'])
  }, 60_000)
})

async function customers(ids: readonly string[], traits: object, at: string): Promise<void> {
  const times = Object.fromEntries(Object.keys(traits).map((name) => [name, at]))
  await database.pool.query(
    `INSERT INTO customers (id, traits, trait_times, stage_since, first_seen_at, last_seen_at, created_at, updated_at, order_count)
     SELECT id, $2, $3, $4, $4, $4, $4, $4, 1 FROM unnest($1::uuid[]) AS id`,
    [ids, JSON.stringify(traits), JSON.stringify(times), at],
  )
}

async function products(...categories: readonly string[]): Promise<void> {
  await database.pool.query(
    `INSERT INTO products (product_key, category, first_seen_at, updated_at) SELECT c, c, now(), now()
       FROM unnest($1::text[]) AS c ON CONFLICT DO NOTHING`,
    [categories],
  )
}

async function order(key: string, customerId: string, at: string, category: string): Promise<void> {
  await products(category)
  await manyOrders(key, [customerId], at, [category])
  await database.pool.query('UPDATE orders SET order_key = $1 WHERE order_key = $2', [key, `${key}/1`])
}

/** One for each, of 10.00; of this product if one is named. */
async function manyOrders(prefix: string, ids: readonly string[], at: string, product: readonly string[] = []) {
  await database.pool.query(
    `WITH new AS (
       INSERT INTO orders (id, customer_id, order_key, ordered_at, revenue_cents, currency)
       SELECT gen_random_uuid(), id, $2 || '/' || i, $3, 1000, 'EUR' FROM unnest($1::uuid[]) WITH ORDINALITY AS c (id, i)
       RETURNING id, customer_id
     )
     INSERT INTO order_lines (order_id, position, product_key, quantity, price_cents)
     SELECT new.id, 1, p.product, 1, 1000
       FROM new JOIN unnest($1::uuid[], $4::text[]) AS p (customer_id, product) USING (customer_id)
      WHERE p.product IS NOT NULL`,
    [ids, prefix, at, product],
  )
}

async function identify(customerId: string, at: string, traits: object): Promise<void> {
  await ensureEventParts(database.pool, Date.parse(at))
  await database.pool.query(
    `INSERT INTO events (message_id, type, occurred_at, received_at, properties, customer_id, handled_at)
     VALUES ($1, 'identify', $2, $2, $3, $4, $2)`,
    [`identify-${customerId}-${at}`, at, JSON.stringify(traits), customerId],
  )
}

/** Two variants that lead to an offer each, and one that gets nothing. */
async function publish(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'perennial-tastes-'))
  try {
    cpSync(fileURLToPath(new URL('../../campaigns', import.meta.url)), directory, { recursive: true })
    rmSync(join(directory, 'journeys'), { recursive: true })
    mkdirSync(join(directory, 'journeys'))
    writeFileSync(
      join(directory, 'journeys', 'mailing.yaml'),
      `name: The mailing
topic: news
entry: [ { type: api } ]
steps:
  - id: mail
    type: experiment
    variants:
      - { name: vinyl, share: 0.34, next: vinyl }
      - { name: books, share: 0.33, next: books }
      - { name: none, share: 0.33, hold_out: true }
  - { id: vinyl, type: offer, offer: welcome-10, next: end }
  - { id: books, type: offer, offer: thanks-10, next: end }
`,
    )
    await publishCampaigns(database, directory, Date.parse('2026-01-01'))
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
