/**
 * Segments of a large shop: built from nothing beside hand-written SQL, single events from accepted to membership, and
 * 10,000 changed customers in this shop beside one of a tenth of its size.
 *
 *   npm run -s bench -- segments [--customers 100000] [--segments 50] [--dirty 10000] [--events 300] [--keep FOLDER]
 *                                 [--parts shop,beside,all,dirty,single] [--json]
 *
 * A million customers take a while to make: with `--keep` the shops stay in a folder, and the next run takes them up. Then
 * the parts can be measured one by one: `beside` single segments beside SQL by hand, `all` of them from nothing, `dirty`
 * customers, `single` events. `shop` alone makes the shops.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import pg from 'pg'
import { startInstallation } from '../src/embedded/supervisor.ts'
import { createApiKey } from '../src/store/api-keys.ts'
import { type Database, openDatabase } from '../src/store/database.ts'
import { migrateDeploy } from '../src/store/migrate.ts'
import { buildSegments } from '../src/store/segments/build-segments.ts'
import { evaluateNextPage } from '../src/store/segments/evaluate-page.ts'
import { buildBeside, forgetSegments, needsOf, since } from './segments/beside.ts'
import { putInForce, segmentDocuments } from './segments/documents.ts'
import { measureLatency } from './segments/latency.ts'
import { openShop, warmUp } from './segments/shop.ts'
import { BenchUsageError, runBench, say, wholeNumber } from './support/bench.ts'
import { median } from './support/measure.ts'

/** Whether they are all there from a run before. */
async function areBuilt(db: Database, count: number): Promise<boolean> {
  const { rows } = await db.pool.query<{ live: number }>(
    `SELECT count(*)::int AS live FROM segments WHERE status = 'live'`,
  )
  return rows[0]?.live === count
}

/** Seconds for everything from nothing. */
async function buildAll(db: Database, count: number, nowMs: number): Promise<number> {
  await putInForce(db.pool, segmentDocuments(count))
  await forgetSegments(db)
  const startedAt = performance.now()
  const outcome = await buildSegments({
    ...needsOf(db, nowMs),
    onBuilt: ({ key, size, seconds }) => say(`${key}: ${size} members after ${seconds.toFixed(1)} s`),
    onMoments: ({ moments, of }) => {
      if (moments === of) say(`next moments of ${of} customers, ${since(startedAt).toFixed(1)} s after the beginning`)
    },
  })
  const seconds = since(startedAt)
  if (outcome?.failed[0] !== undefined) throw new Error(`${outcome.failed[0].key}: ${outcome.failed[0].problem}`)
  if (outcome?.built.length !== count) throw new Error(`${outcome?.built.length} of ${count} segments were built`)
  await db.pool.query('VACUUM ANALYZE segments, segment_members, segment_states')
  return seconds
}

/**
 * Customers all over the shop order once more; seconds until their segments are right. Then all is as it was before: else
 * the small shop, where soon everybody has been chosen, would have less and less to change.
 */
async function dirtyRound(db: Database, count: number, round: number, nowMs: number): Promise<DirtyRound> {
  await db.pool.query('CREATE TABLE IF NOT EXISTS bench_dirty (LIKE customers)')
  await db.pool.query('TRUNCATE bench_dirty')
  await db.pool.query(
    `WITH chosen AS (
       INSERT INTO bench_dirty SELECT * FROM customers ORDER BY hashtext(id::text || $3) LIMIT $1 RETURNING id
     ), ordered AS (
       UPDATE customers c SET order_count = order_count + 1, last_order_at = $2 FROM chosen WHERE c.id = chosen.id
     )
     INSERT INTO dirty_customers (customer_id, cause) SELECT id, 'intake' FROM chosen`,
    [count, new Date(nowMs - 1_000), `${round} ${nowMs}`],
  )
  const startedAt = performance.now()
  const { customers, changes } = await evaluateAll(db, nowMs)
  const seconds = since(startedAt)
  if (customers !== count) throw new Error(`${customers} of ${count} customers were evaluated`)
  await db.pool.query(
    `WITH restored AS (
       UPDATE customers c SET order_count = d.order_count, last_order_at = d.last_order_at FROM bench_dirty d
        WHERE c.id = d.id RETURNING c.id
     )
     INSERT INTO dirty_customers (customer_id, cause) SELECT id, 'intake' FROM restored`,
  )
  await evaluateAll(db, nowMs)
  return { seconds, changes }
}

interface DirtyRound {
  readonly seconds: number
  /** How many memberships began or ended. */
  readonly changes: number
}

async function evaluateAll(db: Database, nowMs: number): Promise<{ customers: number; changes: number }> {
  const needs = needsOf(db, nowMs)
  const done = { customers: 0, changes: 0 }
  for (let page = await evaluateNextPage(needs); page.customers > 0; page = await evaluateNextPage(needs)) {
    done.customers += page.customers
    done.changes += page.entered + page.exited
  }
  return done
}

/** Turn about in both shops, as many customers in each. */
async function measureDirty(
  small: Database,
  large: Database,
  count: number,
  nowMs: number,
): Promise<{ small: number; large: number }> {
  const times = { small: [] as number[], large: [] as number[] }
  for (let round = 0; round <= 5; round++) {
    const one = await dirtyRound(small, count, round, nowMs)
    const other = await dirtyRound(large, count, round, nowMs)
    const [here, there] = [other, one].map(({ seconds, changes }) => `${seconds.toFixed(2)} s for ${changes} changes`)
    say(`${count} changed customers: ${here}, in the small shop ${there}`)
    if (round === 0) continue // Warms both up.
    times.small.push(one.seconds)
    times.large.push(other.seconds)
  }
  return { small: median(times.small), large: median(times.large) }
}

const allParts = ['shop', 'beside', 'all', 'dirty', 'single'] as const
type Part = (typeof allParts)[number]

function readParts(text: string): ReadonlySet<Part> {
  const parts = text.split(',').map((word) => allParts.find((part) => part === word))
  if (parts.every((part) => part !== undefined)) return new Set(parts)
  throw new BenchUsageError(`--parts: ${JSON.stringify(text)} must be some of ${allParts.join(',')}`)
}

const defaults = {
  customers: '100000',
  segments: '50',
  dirty: '10000',
  events: '300',
  keep: '',
  parts: allParts.join(','),
}

await runBench('segments', defaults, async (options) => {
  const customers = wholeNumber('customers', options.customers, 1_000)
  const segments = wholeNumber('segments', options.segments, 12)
  const dirty = wholeNumber('dirty', options.dirty, 1)
  const events = wholeNumber('events', options.events, 10)
  const parts = readParts(options.parts)
  const isKept = options.keep !== ''
  const home = isKept ? resolve(options.keep) : mkdtempSync(join(tmpdir(), 'perennial-bench-'))
  say('starting PostgreSQL and the API …')
  const installation = await startInstallation({ home, port: 0, processes: ['api'] })
  const smallUrl = await createDatabase(installation.databaseUrl, 'bench_small')
  const large = openDatabase(installation.databaseUrl)
  const small = openDatabase(smallUrl)
  const end = async (): Promise<void> => {
    await Promise.allSettled([large.close(), small.close()])
    await installation.stop()
    if (!isKept) rmSync(home, { recursive: true, force: true })
  }
  // Stopped from outside, PostgreSQL and Temporal end too. The pools may wait for a statement that takes long.
  const stop = (): void => void installation.stop().finally(() => process.exit(143))
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, stop)
  try {
    await migrateDeploy(smallUrl)
    const smallShop = await openShop(small, Math.ceil(customers / 10), say)
    const { nowMs } = await openShop(large, customers, say)

    for (const shop of [small, large]) await warmUp(shop)

    const beside = parts.has('beside') ? await buildBeside(large, nowMs) : {}
    const isBuilt = !parts.has('all') && (await areBuilt(small, segments)) && (await areBuilt(large, segments))
    const mustBuild = parts.has('all') || (!isBuilt && (parts.has('dirty') || parts.has('single')))
    const buildSmall = mustBuild ? await buildAll(small, segments, smallShop.nowMs) : undefined
    const build = mustBuild ? await buildAll(large, segments, nowMs) : undefined
    if (build !== undefined) {
      say(`all ${segments} segments from nothing: ${build.toFixed(1)} s, in the small shop ${buildSmall?.toFixed(1)} s`)
    }

    const dirtyHere = Math.min(dirty, Math.ceil(customers / 10))
    const dirtySeconds = parts.has('dirty') ? await measureDirty(small, large, dirtyHere, nowMs) : undefined
    const latency = parts.has('single')
      ? await measureLatency({
          database: large,
          url: installation.url,
          writeKey: (await createApiKey(large, { kind: 'write', name: 'bench' })).key,
          home,
          events,
          customers,
        })
      : undefined
    if (latency !== undefined) {
      say(`single events: p50 ${latency.p50Ms.toFixed(0)} ms, p99 ${latency.p99Ms.toFixed(0)} ms`)
    }

    const [first, ...others] = Object.values(beside)
    const worst = first && others.reduce((a, b) => (b.ratio > a.ratio ? b : a), first)
    const result = {
      ours: worst?.ours ?? dirtySeconds?.large ?? build ?? Number.NaN,
      reference: worst?.reference ?? dirtySeconds?.small ?? buildSmall ?? Number.NaN,
      unit: 's',
      target: 1.3,
      customers,
      segments,
      buildAllSeconds: build,
      buildAllSecondsAtATenth: buildSmall,
      singleSegments: beside,
      dirtyCustomers: dirtyHere,
      dirtySeconds: dirtySeconds?.large,
      dirtySecondsAtATenth: dirtySeconds?.small,
      dirtyRatio: dirtySeconds && dirtySeconds.large / dirtySeconds.small,
      eventToMembershipP50Ms: latency?.p50Ms,
      eventToMembershipP99Ms: latency?.p99Ms,
    }
    return { result, text: JSON.stringify(result, null, 2) }
  } finally {
    await end()
  }
})

/** Unless it is there already. */
async function createDatabase(url: string, name: string): Promise<string> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [name])
  if (rowCount === 0) await client.query(`CREATE DATABASE ${name}`)
  await client.end()
  const own = new URL(url)
  own.pathname = `/${name}`
  return own.href
}
