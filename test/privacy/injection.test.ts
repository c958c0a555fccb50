/**
 * What somebody sends never becomes SQL, through every door but the language of segments, which has a table of its own:
 * events, questions to the admin API and to the console, columns and headers of files.
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runExport } from '../../src/cli/export/export-run.ts'
import { csvLine } from '../../src/domain/csv-cell.ts'
import { importFile } from '../../src/intake/import/import-file.ts'
import { InputError } from '../../src/intake/import/input-error.ts'
import { importKinds } from '../../src/intake/import/kinds.ts'
import { loadDefinitions } from '../../src/store/campaigns.ts'
import { publishCampaigns } from '../../src/store/publishing/publish-campaigns.ts'
import { live } from '../api/support/people.ts'
import { startTestServer, type TestServer } from '../api/support/test-server.ts'

let server: TestServer
const folder = mkdtempSync(join(tmpdir(), 'perennial-test-'))
beforeAll(async () => {
  server = await startTestServer()
  const campaigns = fileURLToPath(new URL('../../campaigns', import.meta.url))
  await publishCampaigns(server.database, campaigns, server.time.nowMs)
})
afterAll(async () => {
  await server.close()
  rmSync(folder, { recursive: true })
})

const attempts = [
  `x'; DROP TABLE customers; --`,
  `x"; DROP TABLE customers; --`,
  `x' OR '1'='1`,
  `x')) UNION SELECT id FROM api_keys --`,
  `id; SELECT pg_sleep(30)`,
  `external_id DESC, (SELECT wrapped_key FROM customer_keys LIMIT 1)`,
  `traits->>'x' = 'y' OR true`,
  `$1`,
  `$$; DROP TABLE events; $$`,
  `\\'; DELETE FROM customers; --`,
  `'||(SELECT key_hash::text FROM api_keys LIMIT 1)||'`,
  `constructor`,
  `__proto__`,
]

/** How many rows of everything there are that an attempt could be after. */
async function counts(): Promise<object | undefined> {
  const { rows } = await server.database.pool.query(
    `SELECT (SELECT count(*) FROM customers) AS customers, (SELECT count(*) FROM events) AS events,
            (SELECT count(*) FROM api_keys) AS keys, (SELECT count(*) FROM customer_keys) AS sealed,
            (SELECT count(*) FROM campaigns) AS campaigns, (SELECT count(*) FROM consents) AS consents`,
  )
  return rows[0]
}

test('names and values of events are kept letter by letter', async () => {
  const sound = attempts.filter((x) => x !== '__proto__') // A body with such a name is refused as a whole.
  const calls = sound.flatMap((x, i) => [
    { type: 'identify', userId: `user ${x}`, anonymousId: `device ${x}`, traits: { plan: x, [x]: 'value' } },
    {
      type: 'track',
      userId: `user ${x}`,
      messageId: `${i} ${x}`,
      event: `did ${x}`,
      properties: { [x]: x, list: [x] },
    },
    { type: 'page', userId: `user ${x}`, name: `saw ${x}` },
    {
      type: 'track',
      userId: `user ${x}`,
      event: 'Order Completed',
      properties: {
        order_id: x,
        revenue: 5,
        currency: 'EUR',
        coupon: x,
        products: [{ product_id: x, name: x, category: x, brand: x, price: 5 }],
      },
    },
    { type: 'track', userId: `user ${x}`, event: 'Email Subscribed', properties: { topic: x, words: x, method: x } },
  ])
  await live(server, calls)
  const { pool } = server.database
  for (const x of sound) {
    const { rows } = await pool.query(
      `SELECT c.traits ->> 'plan' AS plan, c.traits ->> $2 AS named, o.order_key AS "order", n.topic, n.words,
              (SELECT count(*)::int FROM events e WHERE e.customer_id = c.id AND e.name IN ('did ' || $2, 'saw ' || $2)) AS events
       FROM customers c JOIN orders o ON o.customer_id = c.id JOIN consents n ON n.customer_id = c.id
       WHERE c.external_id = $1`,
      [`user ${x}`, x],
    )
    expect(rows).toEqual([{ plan: x, named: 'value', order: x, topic: x, words: x, events: 2 }])
  }
})

test('no question to the admin API or the console gets more than its answer', async () => {
  const before = await counts()
  const login = await fetch(`${server.url}/login`, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({ token: server.adminToken }),
  })
  const cookie = login.headers.get('set-cookie')?.split(';')[0] ?? ''
  const headers = { authorization: `Bearer ${server.adminToken}`, cookie }
  // Registered or not: a field that nobody reads must not be read by the database either.
  const fields = ['search', 'stage', 'cursor', 'after', 'limit', 'sort', 'order', 'order_by', 'status', 'channel']
  const more = ['journey', 'reason', 'address', 'offer', 'personal', 'fields', 'from', 'kind']
  const routes = server.routes.filter(
    ({ method, url }) => method === 'GET' && /^\/(api|customers|segments)\b|^\/$/.test(url),
  )
  expect(routes.length).toBeGreaterThan(12)
  const alone = new Set([attempts[2], attempts[4], attempts[5]])
  for (const x of attempts) {
    const text = encodeURIComponent(x)
    const query = [...fields, ...more].map((field) => `${field}=${text}`)
    for (const { url } of routes) {
      const path = url.replaceAll(/:\w+/g, text)
      // All at once the first that is refused would hide the others.
      for (const part of url.includes(':') || !alone.has(x) ? [query.join('&')] : query) {
        const response = await fetch(`${server.url}${path}?${part}`, { headers, redirect: 'manual' })
        expect(response.status, `${url} ${part}`).toBeLessThan(500)
        expect(await response.text()).not.toMatch(/syntax error|unterminated|relation "/)
      }
    }
    for (const [id, name] of [
      [x, 'One'],
      ['one', x],
    ] as const) {
      const body = new URLSearchParams({ id, document: JSON.stringify({ name, if: { segment: x } }), step: 'publish' })
      const response = await fetch(`${server.url}/segments/save`, { method: 'POST', headers: { cookie }, body })
      expect(response.status, `saved as ${id}`).toBe(400)
      expect(await response.text()).toContain('That is no segment yet')
    }
  }
  expect(await counts()).toEqual(before)
}, 240_000)

test('headers of imported files are names of traits, or refused', async () => {
  const definitions = await loadDefinitions(server.database)
  const needs = { database: server.database, vault: server.vault, definitions, nowMs: server.time.nowMs }
  const run = (kind: string, name: string, text: string, mapping: ReadonlyMap<string, string> = new Map()) => {
    const path = join(folder, name)
    writeFileSync(path, text)
    const found = importKinds.find((one) => one.name === kind)
    if (found === undefined) throw new RangeError(kind)
    const values = { dates: 'iso', timeZone: 'UTC', currency: 'EUR', source: 'test' } as const
    return importFile(
      { path, stdin: Readable.from([]), kind: found, mapping, values, rejects: undefined, again: false },
      needs,
    )
  }
  const quoted = (...cells: string[]): string => `${cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',')}\n`
  for (const [i, x] of attempts.entries()) {
    const file = quoted('customer_id', x) + quoted(`imported ${i}`, x)
    await run('customers', `c${i}.csv`, file)
    const { rows } = await server.database.pool.query(
      'SELECT traits ->> $2 AS value FROM customers WHERE external_id = $1',
      [`imported ${i}`, x],
    )
    expect(rows).toEqual([{ value: x === '__proto__' ? null : x }])
    const events = quoted('customer_id', 'event', 'at', x) + quoted(`imported ${i}`, x, '2025-01-01', x)
    expect((await run('events', `e${i}.csv`, events)).counts['event lines']).toBe(1)
    const consent = quoted('customer_id', 'channel', 'status', 'at', 'topic') + quoted(`imported ${i}`, x, x, x, x)
    expect((await run('consent', `n${i}.csv`, consent)).counts['rejected']).toBe(1)
    const as = new Map([['plan', x]])
    await expect(run('customers', `m${i}.csv`, 'customer_id,plan\nm1,x\n', as)).rejects.toThrow(InputError)
    const order = quoted('order_id', 'customer_id', 'date', 'price', x) + quoted(x, x, x, x, x)
    expect((await run('orders', `o${i}.csv`, order)).counts['rejected']).toBe(1)
  }
  const { rows } = await server.database.pool.query(
    `SELECT count(*)::int AS n FROM customers WHERE external_id LIKE 'imported %'`,
  )
  expect(rows).toEqual([{ n: attempts.length }])
})

test('columns of an export are known ones or names of traits', async () => {
  const out = join(folder, 'out.csv')
  process.env['DATABASE_URL'] = server.databaseUrl
  process.env['PERENNIAL_MASTER_KEY'] = Buffer.alloc(32, 7).toString('hex')
  try {
    for (const x of attempts) {
      await expect(
        runExport(undefined, { format: 'csv', columns: [x], out, force: true, home: folder }),
      ).rejects.toThrow(/--columns/)
      await expect(runExport(x, { format: 'csv', out, force: true, home: folder })).rejects.toThrow(/no segment/)
      const columns = ['customer_id', `traits.${x}`, `personal.${x}`]
      await runExport(undefined, { format: 'csv', columns, out, force: true, home: folder })
      expect(readFileSync(out, 'utf8').startsWith(csvLine(columns))).toBe(true)
    }
  } finally {
    delete process.env['DATABASE_URL']
    delete process.env['PERENNIAL_MASTER_KEY']
  }
})
