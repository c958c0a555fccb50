/**
 * Waiting events that one intake process handles in a second, and that several do side by side. The events are those of a
 * crowd whose lives are told late, twice and in no order, so that any two pages have customers in common.
 *
 *   npm run -s bench -- intake [--events 20000] [--customers 2000] [--processes 4] [--json]
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { readCall } from '../src/api/tracking/read-call.ts'
import { startEmbeddedPostgres } from '../src/embedded/postgres.ts'
import { type Database, openDatabase } from '../src/store/database.ts'
import { insertEvents } from '../src/store/insert-events.ts'
import { migrateDeploy } from '../src/store/migrate.ts'
import { publishCampaigns } from '../src/store/publishing/publish-campaigns.ts'
import { Vault } from '../src/store/vault.ts'
import { makeCrowd } from '../test/intake/support/crowd.ts'
import { startIntakeProcess } from '../test/intake/support/processes.ts'
import { type Call, masterKey, startMs } from '../test/intake/support/shop.ts'
import { runBench, say, wholeNumber } from './support/bench.ts'

/** Nobody listens here: nudging waits, which does not hold up intake. */
const nowhere = '127.0.0.1:9'
const vault = new Vault(masterKey)

async function store({ pool }: Database, calls: readonly Call[]): Promise<void> {
  for (let from = 0; from < calls.length; from += 500) {
    const events = calls.slice(from, from + 500).map((call) => {
      const read = readCall(call, { receivedAtMs: startMs }, vault)
      if (!('event' in read)) throw new Error(`a bad call: ${JSON.stringify(read.faults)}`)
      return read.event
    })
    await insertEvents(pool, events)
  }
  await pool.query('ANALYZE events')
}

async function isDone({ pool }: Database): Promise<boolean> {
  const { rows } = await pool.query<{ done: boolean }>(
    'SELECT NOT EXISTS (SELECT FROM events WHERE handled_at IS NULL) AS done',
  )
  return rows[0]?.done === true
}

/** In a database of its own. @returns events a second, from the moment when all processes are ready. */
async function measure(server: string, name: string, calls: readonly Call[], processes: number): Promise<number> {
  const root = openDatabase(server)
  await root.pool.query(`CREATE DATABASE ${name}`)
  await root.close()
  const url = new URL(server)
  url.pathname = `/${name}`
  await migrateDeploy(url.href)
  const database = openDatabase(url.href)
  try {
    await publishCampaigns(database, fileURLToPath(new URL('../campaigns', import.meta.url)), startMs)
    // They begin with nothing to do, so that none is ahead of the others when the events are there.
    const started = await Promise.all(Array.from({ length: processes }, () => startIntakeProcess(url.href, nowhere)))
    const gate = await database.pool.connect()
    try {
      await gate.query('BEGIN')
      await gate.query('LOCK TABLE identities IN ACCESS EXCLUSIVE MODE')
      await store(database, calls)
      const startedAt = performance.now()
      await gate.query('COMMIT')
      while (!(await isDone(database))) await sleep(50)
      return (calls.length * 1_000) / (performance.now() - startedAt)
    } finally {
      gate.release()
      await Promise.all(started.map((one) => one.end('SIGTERM')))
    }
  } finally {
    await database.close()
  }
}

await runBench('intake', { events: '20000', customers: '2000', processes: '4' }, async (options) => {
  const customers = wholeNumber('customers', options.customers, 1)
  const events = wholeNumber('events', options.events, customers)
  const processes = wholeNumber('processes', options.processes, 2)
  const { calls, arriving } = makeCrowd(customers, Math.ceil(events / customers), 7)
  say(`${calls.length} events of ${customers} customers, ${arriving.length - calls.length} of them told twice`)
  const order = new Map(arriving.map((call) => [call['messageId'], call])) // Each at the place where it came first.
  const home = mkdtempSync(join(tmpdir(), 'perennial-bench-'))
  const postgres = await startEmbeddedPostgres({ home })
  try {
    const waiting = [...order.values()]
    const one = await measure(postgres.url, 'one', waiting, 1)
    say(`one process: ${Math.round(one)} events/s`)
    const several = await measure(postgres.url, 'several', waiting, processes)
    say(`${processes} processes: ${Math.round(several)} events/s`)
    const result = { ours: Math.round(several), reference: Math.round(one), unit: 'events/s', processes, customers }
    const text = `${result.ours} events/s by ${processes} processes, ${result.reference} events/s by one: ${(several / one).toFixed(2)}`
    return { result, text }
  } finally {
    await postgres.stop()
    rmSync(home, { recursive: true, force: true })
  }
})
