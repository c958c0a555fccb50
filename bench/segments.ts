/**
 * Segments of a large shop: built from nothing beside hand-written SQL, single events from accepted to membership, and
 * 10,000 changed customers in this shop beside one of a tenth of its size.
 *
 *   npm run -s bench -- segments [--customers 100000] [--segments 50] [--dirty 10000] [--events 300] [--json]
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { startInstallation } from '../src/embedded/supervisor.ts'
import { type Database, openDatabase } from '../src/store/database.ts'
import { migrateDeploy } from '../src/store/migrate.ts'
import { buildSegments } from '../src/store/segments/build-segments.ts'
import { evaluateNextPage } from '../src/store/segments/evaluate-page.ts'
import { putInForce, references, segmentDocuments } from './segments/documents.ts'
import { measureLatency } from './segments/latency.ts'
import { buildShop } from './segments/shop.ts'
import { runBench, say, wholeNumber } from './support/bench.ts'
import { median } from './support/measure.ts'

/** Of a large shop each round takes long, and noise matters less. */
const roundsFor = (customers: number): number => (customers > 300_000 ? 1 : 3)
const nobody = { segments: new Set<string>(), traits: new Set<string>() }

interface BuiltBeside {
  readonly ours: number
  readonly reference: number
  readonly members: number
}

function needsOf(database: Database, nowMs: number) {
  return { database, nowMs: () => nowMs, interests: async () => nobody }
}

async function forgetSegments(db: Database): Promise<void> {
  await db.pool.query(
    'TRUNCATE segments, segment_members, segment_states, segment_moments, segment_catch_ups, dirty_customers',
  )
}

/** Seconds until one segment is there, ours and by hand, turn about, each into an empty table with the same indexes. */
async function besideByHand(
  db: Database,
  key: string,
  sql: string,
  nowMs: number,
  rounds: number,
): Promise<BuiltBeside> {
  const document = segmentDocuments(50)[key]
  if (document === undefined) throw new Error(`no segment ${key}`)
  await putInForce(db.pool, { [key]: document })
  const times = { ours: [] as number[], reference: [] as number[] }
  let members = 0
  for (let round = 0; round <= rounds; round++) {
    await forgetSegments(db)
    const ours = await buildSegments(needsOf(db, nowMs))
    if (ours?.failed[0] !== undefined) throw new Error(`${key}: ${ours.failed[0].problem}`)
    await db.pool.query('TRUNCATE by_hand')
    const startedAt = performance.now()
    const { rowCount } = await db.pool.query(
      `INSERT INTO by_hand (segment_id, customer_id, since) SELECT 1, member.*, $1::timestamptz FROM (${sql}) AS member`,
      [new Date(nowMs)],
    )
    const seconds = (performance.now() - startedAt) / 1_000
    members = ours?.built[0]?.size ?? -1
    if (members !== rowCount) throw new Error(`${key}: ${members} members, by hand ${rowCount}`)
    if (round === 0) continue // Warms both up.
    times.ours.push(ours?.built[0]?.seconds ?? 0)
    times.reference.push(seconds)
  }
  return { ours: median(times.ours), reference: median(times.reference), members }
}

/** Seconds for everything from nothing. */
async function buildAll(db: Database, count: number, nowMs: number): Promise<number> {
  await putInForce(db.pool, segmentDocuments(count))
  await forgetSegments(db)
  const startedAt = performance.now()
  const outcome = await buildSegments(needsOf(db, nowMs))
  const seconds = (performance.now() - startedAt) / 1_000
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
    [count, new Date(nowMs - 1_000), String(round)],
  )
  const needs = needsOf(db, nowMs)
  const startedAt = performance.now()
  let done = 0
  for (let page = await evaluateNextPage(needs); page.customers > 0; page = await evaluateNextPage(needs))
    done += page.customers
  if (done !== count) throw new Error(`${done} of ${count} customers were evaluated`)
  return (performance.now() - startedAt) / 1_000
}

await runBench('segments', { customers: '100000', segments: '50', dirty: '10000', events: '300' }, async (options) => {
  const customers = wholeNumber('customers', options.customers, 1_000)
  const segments = wholeNumber('segments', options.segments, 12)
  const dirty = wholeNumber('dirty', options.dirty, 1)
  const events = wholeNumber('events', options.events, 10)
  const home = mkdtempSync(join(tmpdir(), 'perennial-bench-'))
  say('starting PostgreSQL and the API …')
  const installation = await startInstallation({ home, port: 0, processes: ['api'] })
  const smallUrl = await createDatabase(installation.databaseUrl, 'bench_small')
  const large = openDatabase(installation.databaseUrl)
  const small = openDatabase(smallUrl)
  const end = async (): Promise<void> => {
    await Promise.allSettled([large.close(), small.close()])
    await installation.stop()
    rmSync(home, { recursive: true, force: true })
  }
  // Stopped from outside, PostgreSQL and Temporal end too. The pools may wait for a statement that takes long.
  const stop = (): void => void installation.stop().finally(() => process.exit(143))
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, stop)
  try {
    await migrateDeploy(smallUrl)
    const nowMs = Date.now()
    await loadFast(large, true)
    for (const [db, size] of [
      [small, Math.ceil(customers / 10)],
      [large, customers],
    ] as const) {
      const startedAt = performance.now()
      const shop = await buildShop(db.pool, size, nowMs)
      say(`a shop of ${shop.customers} customers and ${shop.events} events in ${seconds(startedAt)} s`)
    }
    await loadFast(large, false)
    await large.pool.query('CREATE TABLE by_hand (LIKE segment_members INCLUDING ALL)')
    const beside: Record<string, BuiltBeside & { ratio: number }> = {}
    for (const [key, sql] of Object.entries(references)) {
      const one = await besideByHand(large, key, sql, nowMs, roundsFor(customers))
      beside[key] = { ...one, ratio: one.ours / one.reference }
      say(`${key}: ${one.members} members, ours ${one.ours.toFixed(3)} s, by hand ${one.reference.toFixed(3)} s`)
    }
    const buildSmall = await buildAll(small, segments, nowMs)
    const build = await buildAll(large, segments, nowMs)
    say(
      `all ${segments} segments from nothing: ${build.toFixed(1)} s (a tenth of the shop: ${buildSmall.toFixed(1)} s)`,
    )

    const times = { small: [] as number[], large: [] as number[] }
    const dirtyHere = Math.min(dirty, Math.ceil(customers / 10))
    for (let round = 0; round <= 3; round++) {
      const [one, other] = [
        await dirtyRound(small, dirtyHere, round, nowMs),
        await dirtyRound(large, dirtyHere, round, nowMs),
      ]
      say(`${dirtyHere} changed customers: ${other.toFixed(2)} s, in the small shop ${one.toFixed(2)} s`)
      if (round === 0) continue
      times.small.push(one)
      times.large.push(other)
    }
    const latency = await measureLatency({
      database: large,
      url: installation.url,
      writeKey: installation.firstKeys?.writeKey ?? '',
      home,
      events,
      customers,
    })
    say(`single events: p50 ${latency.p50Ms.toFixed(0)} ms, p99 ${latency.p99Ms.toFixed(0)} ms`)

    const worst = Object.values(beside).reduce((a, b) => (b.ratio > a.ratio ? b : a))
    const dirtySeconds = { large: median(times.large), small: median(times.small) }
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

/** While the shops are made nothing need be durable; what is measured runs with the settings of the product. */
async function loadFast(db: Database, isFast: boolean): Promise<void> {
  const settings = isFast
    ? ["SET synchronous_commit = 'off'", "SET max_wal_size = '8GB'", "SET maintenance_work_mem = '256MB'"]
    : ['RESET ALL']
  for (const setting of settings) await db.pool.query(`ALTER SYSTEM ${setting}`)
  await db.pool.query('SELECT pg_reload_conf()')
}

function seconds(startedAt: number): string {
  return ((performance.now() - startedAt) / 1_000).toFixed(1)
}

async function createDatabase(url: string, name: string): Promise<string> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(`CREATE DATABASE ${name}`)
  await client.end()
  const own = new URL(url)
  own.pathname = `/${name}`
  return own.href
}
