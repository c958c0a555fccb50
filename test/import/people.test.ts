/** Customers, orders, events and consent from files: what becomes of them, and that none of it is news. */

import { v7 } from 'uuid'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Definitions } from '../../src/domain/definitions.ts'
import { dryRun } from '../../src/intake/import/dry-run.ts'
import { InputError } from '../../src/intake/import/input-error.ts'
import { loadDefinitions } from '../../src/store/campaigns.ts'
import { createErasureStore } from '../../src/store/erasures.ts'
import { recountOrders } from '../../src/store/orders.ts'
import { type ImportShop, nowMs, openImportShop, requestFor } from './support/importing.ts'

let shop: ImportShop

beforeAll(async () => {
  shop = await openImportShop()
})
afterAll(() => shop.close())

test('customers: what is personal is sealed, the rest are traits with their types, and they were there since they say', async () => {
  const path = shop.file(
    'customers.csv',
    'customer_id;email;firstName;plan;visits;zip;created_at\nu1;Ada@Inbox.example;Ada;pro;12;01234;2025-01-05\nu2;nobody;Bob;free;3;9;\n',
  )
  const report = await shop.run('customers', path)
  expect(report.counts).toMatchObject({ lines: 2, 'customer lines': 1, rejected: 1 })
  expect(report.firstRejected).toEqual([{ line: 3, column: 'email', rule: 'must be an e-mail address' }])
  const [ada] = await shop.rows(
    `SELECT traits, email_domain, first_seen_at, stage FROM customers WHERE external_id = 'u1'`,
  )
  expect(ada).toEqual({
    traits: { plan: 'pro', visits: 12 },
    email_domain: 'inbox.example',
    first_seen_at: new Date('2025-01-05T00:00:00Z'),
    stage: 'acquire',
  })
  expect(JSON.stringify(await shop.rows('SELECT * FROM customers, events'))).not.toMatch(/Ada@|ada@inbox|01234/)
  expect(await shop.rows('SELECT FROM news')).toEqual([])
})

test('customers: a column of consent stops the file, because it does not say when it was given', async () => {
  const path = shop.file('consenting.csv', 'customer_id,email_consent\nu5,true\n')
  await expect(shop.run('customers', path)).rejects.toThrow(/"email_consent" tells of consent/)
})

test('events: orders among them are orders, an address among the properties is none of theirs', async () => {
  const path = shop.file(
    'events.jsonl',
    [
      {
        event: 'Order Completed',
        userId: 'e1',
        timestamp: '2025-03-02T10:00:00+02:00',
        properties: { order_id: 'o1', revenue: 12.5 },
      },
      { event: 'Shared', userId: 'e1', timestamp: '2025-03-03', properties: { to: 'friend@inbox.example' } },
      { event: 'Later', userId: 'e1', timestamp: '2027-01-01' },
    ]
      .map((line) => JSON.stringify(line))
      .join('\n'),
  )
  const report = await shop.run('events', path)
  expect(report.firstRejected).toEqual([{ line: 3, column: 'at', rule: 'must not be in the future' }])
  const [customer] = await shop.rows(
    `SELECT order_count, revenue_cents, first_order_at, stage FROM customers WHERE external_id = 'e1'`,
  )
  expect(customer).toEqual({
    order_count: 1,
    revenue_cents: 1250,
    first_order_at: new Date('2025-03-02T08:00:00Z'),
    stage: 'activate',
  })
  expect(JSON.stringify(await shop.rows('SELECT * FROM events'))).not.toContain('friend@')
  expect(await shop.rows('SELECT FROM news')).toEqual([])
})

test('orders: lines of one order add up; an order that an event told of is left alone', async () => {
  const path = shop.file(
    'orders.csv',
    [
      'order_id,customer_id,date,sku,quantity,price,currency,category,discount,refunded',
      '10,p1,2025-05-01,tea,2,1.50,EUR,Drinks,0.50,1.00',
      '10,p1,2025-05-01,pot,1,20,EUR,Pots,0.50,1.00',
      'o1,p1,2025-05-01,pot,1,20,EUR,Pots,,',
      '11,p1,2025-05-02,tea,1,1e3,EUR,,,',
    ].join('\r\n'),
  )
  const report = await shop.run('orders', path)
  expect(report.counts).toMatchObject({ 'order lines': 2, 'orders made': 1, rejected: 2 })
  const [customer] = await shop.rows(
    `SELECT order_count, revenue_cents, discount_cents, refunded_cents, stage FROM customers WHERE external_id = 'p1'`,
  )
  expect(customer).toEqual({
    order_count: 1,
    revenue_cents: 2250,
    discount_cents: 50,
    refunded_cents: 100,
    stage: 'activate',
  })
  const categories = await shop.rows(
    'SELECT category, quantity, revenue_cents FROM customer_categories ORDER BY category',
  )
  expect(categories).toEqual([
    { category: 'Drinks', quantity: 2, revenue_cents: 300 },
    { category: 'Pots', quantity: 1, revenue_cents: 2000 },
  ])
})

test('a corrected file replaces the orders of the one before, and leaves no lines behind', async () => {
  const first = 'order_id,customer_id,date,sku,price\n20,p2,2025-05-01,tea,5\n20,p2,2025-05-01,pot,5\n'
  await shop.run('orders', shop.file('first.csv', first))
  const report = await shop.run(
    'orders',
    shop.file('second.csv', first.replace(',pot,5', ',pot,7').replace(',tea,5\n', ',tea,4\n')),
  )
  expect(report.counts).toMatchObject({ 'orders replaced': 1 })
  expect(
    await shop.rows(
      `SELECT revenue_cents, (SELECT count(*)::int FROM order_lines WHERE order_id = o.id) AS lines FROM orders o WHERE order_key = '20'`,
    ),
  ).toEqual([{ revenue_cents: 1100, lines: 2 }])
})

test('consent: words, source, method and moment are kept, and a yes never undoes a no that came later', async () => {
  await shop.run('customers', shop.file('c.csv', 'customer_id,email\nc1,c1@inbox.example\n'))
  const [{ id } = { id: '' }] = await shop.rows<{ id: string }>(`SELECT id FROM customers WHERE external_id = 'c1'`)
  const said = new Date('2026-01-01T00:00:00Z')
  await shop.rows(
    `INSERT INTO consents (customer_id, channel, topic, status, given_at, source, method)
     VALUES ($1, 'email', '*', 'withdrawn', $2, 'unsubscribe-link', 'one-click') RETURNING id`,
    [id, said],
  )
  const path = shop.file(
    'consent.csv',
    [
      'email,channel,topic,status,at,source,method,words',
      'C1@inbox.example,email,,granted,2025-06-01,checkout,box,Yes please',
      'C1@inbox.example,email,news,granted,2026-01-01,checkout,box,Yes please',
      'C1@inbox.example,sms,,granted,2026-02-01,till,spoken,SMS are fine',
      'C1@inbox.example,sms,,granted,,till,spoken,SMS are fine',
      'C1@inbox.example,pigeon,,granted,2026-02-01,till,,',
    ].join('\n'),
  )
  for (const again of [false, true]) {
    const report = await shop.run('consent', path, { again })
    expect(report.counts).toMatchObject({ 'consent lines': 3, rejected: 2, 'grants outdone by a later withdrawal': 2 })
  }
  const words = await shop.rows(
    'SELECT channel, topic, status, given_at, source, method, words FROM consents WHERE customer_id = $1 ORDER BY id',
    [id],
  )
  expect(words.slice(1)).toEqual([
    {
      channel: 'sms',
      topic: '*',
      status: 'granted',
      given_at: new Date('2026-02-01T00:00:00Z'),
      source: 'import: till',
      method: 'spoken',
      words: 'SMS are fine',
    },
  ])
})

test('consent: where a yes has to be confirmed, one that the file does not call confirmed waits', async () => {
  const definitions = await loadDefinitions(shop.database)
  const { policy } = definitions
  const strict = { ...policy, channels: { ...policy.channels, sms: { ...policy.channels.sms, consent: 'double' } } }
  const needs = { definitions: { ...definitions, policy: strict } as Definitions }
  const consent = [
    'phone,channel,topic,status,at,source',
    '+442079460958,sms,news,granted,2026-05-30,till',
    '+442079460959,sms,news,confirmed,2026-05-30,till',
    '+442079460958,email,news,granted,2026-05-30,till',
  ]
  for (const again of [false, true]) {
    const { counts } = await shop.run('consent', shop.file('doi.csv', consent.join('\n')), { again }, needs)
    expect(counts).toMatchObject(again ? { 'consent words known': 3 } : { 'grants that wait to be confirmed': 1 })
  }
  const events = [
    { event: 'SMS Subscribed', userId: 'd1', timestamp: '2026-05-30' },
    { event: 'Email Subscribed', userId: 'd1', timestamp: '2026-05-30' },
  ]
  await shop.run('events', shop.file('doi.jsonl', events.map((one) => JSON.stringify(one)).join('\n')), {}, needs)
  expect(
    await shop.rows(
      `SELECT channel, topic, status, method FROM consents WHERE given_at = '2026-05-30Z' ORDER BY topic, channel, status`,
    ),
  ).toEqual([
    { channel: 'email', topic: '*', status: 'granted', method: 'event' },
    { channel: 'sms', topic: '*', status: 'pending', method: 'event' },
    { channel: 'email', topic: 'news', status: 'granted', method: 'import' },
    { channel: 'sms', topic: 'news', status: 'granted', method: 'double-opt-in' },
    { channel: 'sms', topic: 'news', status: 'pending', method: 'import' },
  ])
  expect(await shop.rows('SELECT FROM news')).toEqual([])
})

test('a run that ends in the middle goes on there, and ends as if nothing had been', async () => {
  const lines = Array.from(
    { length: 400 },
    (_, i) => `k${i},m${i % 37},2025-05-01,s${i % 7},${i % 11 === 0 ? 'x' : '1.10'}`,
  )
  const path = shop.file('long.csv', `order_id,customer_id,date,sku,price\n${lines.join('\n')}\n`)
  let chunks = 0
  const broken = new Proxy(shop.database, {
    get: (database, name) =>
      name === 'transaction'
        ? (work: Parameters<typeof database.transaction>[0]) => {
            if (++chunks > 4) throw new Error('the machine went away')
            return database.transaction(work)
          }
        : (Reflect.get(database, name) as unknown),
  })
  await expect(shop.run('orders', path, {}, { database: broken, chunkLines: 50 })).rejects.toThrow('went away')
  const report = await shop.run('orders', path, {}, { chunkLines: 50 })
  expect(report.resumedAtLine).toBeGreaterThan(100)
  expect(report.counts).toMatchObject({ lines: 400, 'order lines': 363, rejected: 37, 'orders made': 363 })
  expect(await shop.rows(`SELECT count(*)::int AS orders FROM orders WHERE order_key LIKE 'k%'`)).toEqual([
    { orders: 363 },
  ])
  const { readFileSync } = await import('node:fs')
  expect(readFileSync(`${path}.rejects.csv`, 'utf8').trim().split('\r\n')).toHaveLength(38)
  expect((await shop.run('orders', path)).outcome).toBe('was imported before')
})

test('a dry run changes nothing and says whom it would make, also of those whom only an address names', async () => {
  await shop.run('customers', shop.file('known.csv', 'customer_id,email\nd1,d1@example.org\n'))
  const lines = 'd1,\n,D1@example.org\nd2,\n,d3@example.org\n,d3@example.org\n'
  const request = requestFor('customers', shop.file('dry.csv', `customer_id,email\n${lines}`))
  const before = await shop.rows('SELECT count(*) FROM customers')
  const { counts } = await dryRun(request, shop.database, shop.vault)
  expect(counts).toMatchObject({ 'customer lines': 5, 'customers to make': 2, 'customers known': 2 })
  expect(await shop.rows('SELECT count(*) FROM customers')).toEqual(before)
})

test('names of columns and fields never become part of a statement', async () => {
  const evil = `x'); DROP TABLE customers; --`
  const tries: [string, string][] = [
    [`customer_id,"${evil}"\ni1,1\n`, 'kept as a trait'],
    [`customer_id,__proto__,constructor\ni2,1,2\n`, 'kept as traits'],
    [`"${evil}",customer_id\n"${evil}",i3\n`, 'kept as a trait'],
    [`customer_id,plan\n"${evil}",pro\n`, 'an id like any other'],
  ]
  for (const [i, [content, outcome]] of tries.entries()) {
    const report = await shop.run('customers', shop.file(`evil-${i}.csv`, content))
    expect({ outcome, taken: report.counts['customer lines'] }).toEqual({ outcome, taken: 1 })
  }
  expect(await shop.rows('SELECT count(*) > 3 AS there FROM customers')).toEqual([{ there: true }])
  const path = shop.file('evil.csv', 'a,b\n1,2\n')
  for (const mapping of [new Map([['a', evil]]), new Map([[evil, 'customer_id']])]) {
    await expect(shop.run('orders', path, { mapping })).rejects.toThrow(InputError)
  }
  expect(nowMs).toBeGreaterThan(0)
})

test.each([
  ['delete', 0],
  ['anonymise', 2],
] as const)('erased with orders: %s leaves no line that belongs to nobody’s order', async (orders, linesLeft) => {
  const key = `e-${orders}`
  const path = shop.file(
    `${key}.csv`,
    `order_id,customer_id,date,sku,price\n${key}-1,${key},2025-05-01,s1,1.10\n${key}-1,${key},2025-05-01,s2,2\n`,
  )
  await shop.run('orders', path)
  const linesBefore = await lineCounts()
  const [{ id: customerId } = { id: '' }] = await shop.rows<{ id: string }>(
    'SELECT id FROM customers WHERE external_id = $1',
    [key],
  )
  const erasures = createErasureStore(shop.database, shop.vault)
  const erasureId = v7()
  const ids = await erasures.begin({ erasureId, customerId, requestedBy: 'cli', nowMs })
  await erasures.erase(erasureId, ids, orders, nowMs)
  expect(await lineCounts()).toEqual({ lines: linesBefore.lines - 2 + linesLeft, orphans: 0 })
})

async function lineCounts(): Promise<{ lines: number; orphans: number }> {
  const [counts] = await shop.rows<{ lines: number; orphans: number }>(
    `SELECT count(*)::int AS lines, (count(*) FILTER (WHERE o.id IS NULL))::int AS orphans
     FROM order_lines l LEFT JOIN orders o ON o.id = l.order_id`,
  )
  return counts ?? { lines: 0, orphans: 0 }
}

test('orders of several currencies, in any order of files, count as if all had come at once', async () => {
  const files = [
    'x1,mixed,2025-05-02,s,10,EUR,',
    'x2,mixed,2025-05-01,s,20,GBP,\nx3,mixed,2025-05-03,s,30,GBP,1',
    'x4,mixed,2025-05-04,s,40,EUR,\nx5,mixed,2025-04-01,s,50,EUR,5',
    'x3,mixed,2025-05-03,s,31,EUR,1\nx6,mixed,2025-05-05,s,60,EUR,',
  ]
  const header = 'order_id,customer_id,date,sku,price,currency,discount'
  const told = `SELECT order_count, revenue_cents, discount_cents, discounted_revenue_cents, currency, first_order_at,
                       last_order_at, first_seen_at, last_seen_at FROM customers WHERE external_id = 'mixed'`
  for (const [i, lines] of files.entries()) {
    await shop.run('orders', shop.file(`mixed-${i}.csv`, `${header}\n${lines}\n`))
    const [row] = await shop.rows<{ order_count: number }>(told)
    const [{ id } = { id: '' }] = await shop.rows<{ id: string }>(
      `SELECT id FROM customers WHERE external_id = 'mixed'`,
    )
    await recountOrders(shop.database.pool, [id], nowMs)
    expect([row]).toEqual(await shop.rows(told))
    expect(row?.order_count).toBe([1, 3, 5, 6][i])
  }
})
