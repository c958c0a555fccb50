/**
 * Events per second over HTTP in batches of 100, against the bare multi-row insert of the same rows. Both are durable:
 * an event counts once it is committed. The bare insert goes into a plain table of the same columns and indexes.
 *
 *   npm run -s bench -- ingest [--events 20000] [--rounds 5] [--connections 20] [--json]
 */

import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startInstallation } from '../src/embedded/supervisor.ts'
import { type Database, openDatabase, type Queryable } from '../src/store/database.ts'
import { runBench, say, wholeNumber } from './support/bench.ts'
import { median } from './support/measure.ts'

const batchSize = 100

interface ShopEvent {
  readonly type: 'track'
  readonly messageId: string
  readonly userId: string
  readonly event: string
  readonly timestamp: string
  readonly properties: Readonly<Record<string, unknown>>
}

/** New events of some 170 bytes, in batches: what a shop's pages send all day. */
function batches(count: number): ShopEvent[][] {
  const timestamp = new Date().toISOString()
  return Array.from({ length: Math.ceil(count / batchSize) }, (_, batch) =>
    Array.from({ length: batchSize }, (_, i) => ({
      type: 'track' as const,
      messageId: randomUUID(),
      userId: `customer-${(batch * batchSize + i) % 5_000}`,
      event: 'Product Viewed',
      timestamp,
      properties: { product_id: `sku-${i}`, category: 'Jazz', price: 12.5, currency: 'EUR' },
    })),
  )
}

async function eventsPerSecond(
  work: readonly ShopEvent[][],
  connections: number,
  send: (batch: ShopEvent[]) => Promise<void>,
): Promise<number> {
  let next = 0
  const startedAt = performance.now()
  const sender = async (): Promise<void> => {
    for (let batch = work[next++]; batch; batch = work[next++]) await send(batch)
  }
  await Promise.all(Array.from({ length: connections }, sender))
  return (work.length * batchSize * 1000) / (performance.now() - startedAt)
}

function poster(url: string, writeKey: string, agent: Agent): (batch: ShopEvent[]) => Promise<void> {
  const target = new URL('/v1/batch', url)
  const authorization = `Basic ${Buffer.from(`${writeKey}:`).toString('base64')}`
  return (batch) =>
    new Promise((resolve, reject) => {
      const body = Buffer.from(JSON.stringify({ batch }))
      const headers = { 'content-type': 'application/json', 'content-length': body.length, authorization }
      const sent = request(target, { method: 'POST', agent, headers }, (response) => {
        response.resume()
        response.on('end', () => {
          if (response.statusCode === 200) resolve()
          else reject(new Error(`the API answered ${response.statusCode}`))
        })
      })
      sent.on('error', reject)
      sent.end(body)
    })
}

/** Not partitioned: what somebody would make who wanted nothing but to insert and to have each message id once. */
const bareTable = `
  CREATE TABLE bare_events (LIKE events INCLUDING ALL);
  ALTER TABLE bare_events DROP CONSTRAINT bare_events_pkey, ADD PRIMARY KEY (id), ADD UNIQUE (message_id)`

const bareInsert = {
  name: 'bare-insert',
  text: `INSERT INTO bare_events (message_id, type, name, user_id, occurred_at, received_at, properties)
         SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[],
                              $7::jsonb[])`,
}

async function insertBare(db: Queryable, batch: readonly ShopEvent[]): Promise<void> {
  const receivedAt = new Date().toISOString()
  await db.query({
    ...bareInsert,
    values: [
      batch.map((event) => event.messageId),
      batch.map((event) => event.type),
      batch.map((event) => event.event),
      batch.map((event) => event.userId),
      batch.map((event) => event.timestamp),
      batch.map(() => receivedAt),
      batch.map((event) => JSON.stringify(event.properties)),
    ],
  })
}

/** A rate of events that are not there would be worth nothing. */
async function checkAllThere(database: Database, wanted: number): Promise<void> {
  for (const table of ['events', 'bare_events'] as const) {
    const { rows } = await database.pool.query<{ count: number }>(`SELECT count(*) FROM ${table}`)
    if (rows[0]?.count !== wanted) throw new Error(`${table} holds ${rows[0]?.count} of ${wanted} events`)
  }
}

await runBench('ingest', { events: '20000', rounds: '5', connections: '20' }, async (options) => {
  const count = wholeNumber('events', options.events, batchSize)
  const rounds = wholeNumber('rounds', options.rounds, 1)
  const connections = wholeNumber('connections', options.connections, 1)
  const home = mkdtempSync(join(tmpdir(), 'perennial-bench-'))
  say('starting PostgreSQL and the API …')
  const installation = await startInstallation({ home, port: 0, processes: ['api'] })
  const database = openDatabase(installation.databaseUrl, { maxConnections: connections })
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  try {
    await database.pool.query(bareTable)
    const post = poster(installation.url, installation.firstKeys?.writeKey ?? '', agent)
    const rates = { ours: [] as number[], bare: [] as number[] }
    for (let round = 0; round <= rounds; round++) {
      const ours = await eventsPerSecond(batches(count), connections, post)
      const bare = await eventsPerSecond(batches(count), connections, (batch) => insertBare(database.pool, batch))
      if (round === 0) continue // The first round warms both up.
      say(`round ${round}: ${Math.round(ours)} events/s over HTTP, ${Math.round(bare)} bare`)
      rates.ours.push(ours)
      rates.bare.push(bare)
    }
    await checkAllThere(database, count * (rounds + 1))
    const result = { ours: Math.round(median(rates.ours)), reference: Math.round(median(rates.bare)), unit: 'events/s' }
    const text = `${result.ours} events/s over HTTP, ${result.reference} events/s by the bare insert, both in batches of ${batchSize} over ${connections} connections: ${(result.ours / result.reference).toFixed(2)} (at least 0.5 wanted).`
    return { result: { ...result, target: 0.5 }, text }
  } finally {
    agent.destroy()
    await database.close()
    await installation.stop()
    rmSync(home, { recursive: true, force: true })
  }
})
