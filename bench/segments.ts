/**
 * Segments of a large shop: built from nothing beside hand-written SQL, single events from accepted to membership, and
 * 10,000 changed customers in this shop beside one of a tenth of its size.
 *
 *   npm run -s bench -- segments [--customers 100000] [--segments 50] [--dirty 10000] [--events 300] [--keep FOLDER] [--json]
 *
 * A million customers take a while to make: with `--keep` the shops stay in a folder, and the next run takes them up.
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
import { openShop } from './segments/shop.ts'
import { runBench, say, wholeNumber } from './support/bench.ts'
import { median } from './support/measure.ts'

/** Seconds for everything from nothing. */
async function buildAll(db: Database, count: number, nowMs: number): Promise<number> {
  await putInForce(db.pool, segmentDocuments(count))
  await forgetSegments(db)
  const startedAt = performance.now()
  const outcome = await buildSegments(needsOf(db, nowMs))
  const seconds = since(startedAt)
  if (outcome?.failed[0] !== undefined) throw new Error(`${outcome.failed[0].key}: ${outcome.failed[0].problem}`)
  if (outcome?.built.length !== count) throw new Error(`${outcome?.built.length} of ${count} segments were built`)
  await db.pool.query('VACUUM ANALYZE segments, segment_members, segment_states')
  return seconds
}

/** Customers all over the shop order once more; seconds until their segments are right. */
async function dirtyRound(db: Database, count: number, round: number, nowMs: number): Promise<number> {
  await db.pool.query(
    `WITH chosen AS (
       UPDATE customers SET order_count = order_count + 1, last_order_at = $2
        WHERE id IN (SELECT id FROM customers ORDER BY hashtext(id::text || $3) LIMIT $1) RETURNING id
     )
     INSERT INTO dirty_customers (customer_id, cause) SELECT id, 'intake' FROM chosen`,
    [count, new Date(nowMs - 1_000), `${round} ${nowMs}`],
  )
  const needs = needsOf(db, nowMs)
  const startedAt = performance.now()
  let done = 0
  for (let page = await evaluateNextPage(needs); page.customers > 0; page = await evaluateNextPage(needs))
    done += page.customers
  if (done !== count) throw new Error(`${done} of ${count} customers were evaluated`)
  return since(startedAt)
}

/** Turn about in both shops, as many customers in each. */
async function measureDirty(
  small: Database,
  large: Database,
  count: number,
  nowMs: number,
): Promise<{ small: number; large: number }> {
  const times = { small: [] as number[], large: [] as number[] }
  for (let round = 0; round <= 3; round++) {
    const one = await dirtyRound(small, count, round, nowMs)
    const other = await dirtyRound(large, count, round, nowMs)
    say(`${count} changed customers: ${other.toFixed(2)} s, in the small shop ${one.toFixed(2)} s`)
    if (round === 0) continue // Warms both up.
    times.small.push(one)
    times.large.push(other)
  }
  return { small: median(times.small), large: median(times.large) }
}

const defaults = { customers: '100000', segments: '50', dirty: '10000', events: '300', keep: '' }

await runBench('segments', defaults, async (options) => {
  const customers = wholeNumber('customers', options.customers, 1_000)
  const segments = wholeNumber('segments', options.segments, 12)
  const dirty = wholeNumber('dirty', options.dirty, 1)
  const events = wholeNumber('events', options.events, 10)
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

    const beside = await buildBeside(large, customers, nowMs)
    for (const [key, { members, ours, oursWithMoments, reference }] of Object.entries(beside)) {
      const [live, whole, byHand] = [ours, oursWithMoments, reference].map((time) => time.toFixed(3))
      say(`${key}: ${members} members, counts after ${live} s, with moments ${whole} s, by hand ${byHand} s`)
    }
    const buildSmall = await buildAll(small, segments, smallShop.nowMs)
    const build = await buildAll(large, segments, nowMs)
    say(
      `all ${segments} segments from nothing: ${build.toFixed(1)} s (a tenth of the shop: ${buildSmall.toFixed(1)} s)`,
    )

    const dirtyHere = Math.min(dirty, Math.ceil(customers / 10))
    const dirtySeconds = await measureDirty(small, large, dirtyHere, nowMs)
    const { key: writeKey } = await createApiKey(large, { kind: 'write', name: 'bench' })
    const latency = await measureLatency({ database: large, url: installation.url, writeKey, home, events, customers })
    say(`single events: p50 ${latency.p50Ms.toFixed(0)} ms, p99 ${latency.p99Ms.toFixed(0)} ms`)

    const worst = Object.values(beside).reduce((a, b) => (b.ratio > a.ratio ? b : a))
    const result = {
      ours: worst.ours,
      reference: worst.reference,
      unit: 's',
      target: 1.3,
      customers,
      segments,
      buildAllSeconds: build,
      singleSegments: beside,
      dirtyCustomers: dirtyHere,
      dirtySeconds: dirtySeconds.large,
      dirtySecondsAtATenth: dirtySeconds.small,
      dirtyRatio: dirtySeconds.large / dirtySeconds.small,
      eventToMembershipP50Ms: latency.p50Ms,
      eventToMembershipP99Ms: latency.p99Ms,
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
