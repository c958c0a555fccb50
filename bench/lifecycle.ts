/**
 * Customers per second from accepted event to recorded decision, against a bare workflow with one empty activity on the
 * same server. Ours starts at the HTTP request and includes intake, news, the nudge, the workflow's start, the review and
 * its record; the bare one is started by the client and includes nothing but the workflow.
 *
 *   npm run -s bench -- lifecycle [--customers 300] [--rounds 3] [--json]
 */

import { type ChildProcess, fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Client } from '@temporalio/client'
import type { Config } from '../src/config.ts'
import { type Installation, startInstallation } from '../src/embedded/supervisor.ts'
import { type Database, openDatabase } from '../src/store/database.ts'
import { publishCampaigns } from '../src/store/publishing/publish-campaigns.ts'
import { openTemporalClient } from '../src/temporal.ts'
import { runBench, say, wholeNumber } from './support/bench.ts'
import { median } from './support/measure.ts'

const bareQueue = 'bench-bare'
const startsAtOnce = 20
const pollMs = 20
const batchSize = 100
const patienceMs = 180_000

/** One journey that every new customer enters, and that waits first: what is measured is deciding, not sending. */
const journey = `name: Bench
topic: news
entry:
  - type: arrived
steps:
  - id: wait
    type: delay
    for: 30 days
  - id: hello
    type: email
    template: welcome-hello
`

async function measure(customers: number, rounds: number): Promise<{ ours: number[]; bare: number[] }> {
  const home = mkdtempSync(join(tmpdir(), 'perennial-bench-'))
  say('starting an installation …')
  const installation = await startInstallation({
    home,
    port: 0,
    prepare: ({ config }) => publishBench(config, home),
    // One workflow a customer: the crowd lane has a bench of its own.
    env: { PERENNIAL_CROWD_FROM: '1000000' },
  })
  const database = openDatabase(installation.databaseUrl)
  const temporal = openTemporalClient({ address: installation.temporalAddress, namespace: 'default' })
  const bareWorker = await startBareWorker(installation.temporalAddress)
  const rates = { ours: [] as number[], bare: [] as number[] }
  try {
    for (let round = 0; round <= rounds; round++) {
      const ours = await decisionsPerSecond(installation, database, customers)
      const bare = await bareWorkflowsPerSecond(temporal.client, customers)
      if (round === 0) continue // The first round warms both up.
      say(`round ${round}: ${ours.toFixed(1)} customers/s decided, ${bare.toFixed(1)} bare workflows/s`)
      rates.ours.push(ours)
      rates.bare.push(bare)
    }
    return rates
  } finally {
    bareWorker.kill('SIGTERM')
    await temporal.close()
    await database.close()
    await installation.stop()
    rmSync(home, { recursive: true, force: true })
  }
}

async function publishBench(config: Config, home: string): Promise<void> {
  const directory = join(home, 'campaigns')
  cpSync(fileURLToPath(new URL('../campaigns', import.meta.url)), directory, { recursive: true })
  rmSync(join(directory, 'journeys'), { recursive: true })
  mkdirSync(join(directory, 'journeys'))
  writeFileSync(join(directory, 'journeys', 'bench.yaml'), journey)
  const database = openDatabase(config.databaseUrl ?? '')
  await publishCampaigns(database, directory, Date.now())
  await database.close()
}

/** From the first request to the last decision in the database. */
async function decisionsPerSecond(installation: Installation, database: Database, count: number): Promise<number> {
  const userIds = Array.from({ length: count }, () => `bench-${randomUUID()}`)
  const startedAt = performance.now()
  for (let i = 0; i < count; i += batchSize) await identify(installation, userIds.slice(i, i + batchSize))
  for (;;) {
    const { rows } = await database.pool.query<{ decided: number }>({
      name: 'decided',
      text: `SELECT count(*) AS decided FROM customers c
              WHERE external_id = ANY ($1) AND EXISTS (SELECT FROM journey_runs r WHERE r.customer_id = c.id)`,
      values: [userIds],
    })
    const decided = rows[0]?.decided ?? 0
    if (decided === count) return (count * 1000) / (performance.now() - startedAt)
    if (performance.now() - startedAt > patienceMs)
      throw new Error(`only ${decided} of ${count} customers were decided`)
    await sleep(pollMs)
  }
}

async function identify({ url, firstKeys }: Installation, userIds: readonly string[]): Promise<void> {
  const batch = userIds.map((userId) => ({
    type: 'identify',
    messageId: randomUUID(),
    userId,
    traits: { email: `${userId}@inbox.example`, plan: 'free' },
  }))
  const authorization = `Basic ${Buffer.from(`${firstKeys?.writeKey}:`).toString('base64')}`
  const response = await fetch(`${url}/v1/batch`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization },
    body: JSON.stringify({ batch }),
  })
  if (!response.ok) throw new Error(`the API answered ${response.status}`)
  await response.arrayBuffer()
}

/** From the first start to the last completion, with as many starts at once as the product's own. */
async function bareWorkflowsPerSecond(client: Client, count: number): Promise<number> {
  let left = count
  const startedAt = performance.now()
  const results: Promise<unknown>[] = []
  const starter = async (): Promise<void> => {
    while (left-- > 0) {
      const handle = await client.workflow.start('bare', { taskQueue: bareQueue, workflowId: `bare:${randomUUID()}` })
      results.push(handle.result())
    }
  }
  await Promise.all(Array.from({ length: startsAtOnce }, starter))
  await Promise.all(results)
  return (count * 1000) / (performance.now() - startedAt)
}

async function startBareWorker(address: string): Promise<ChildProcess> {
  const script = fileURLToPath(new URL('./lifecycle/bare-worker.ts', import.meta.url))
  const child = fork(script, [address, bareQueue], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  await once(child, 'message')
  return child
}

await runBench('lifecycle', { customers: '300', rounds: '3' }, async (options) => {
  const customers = wholeNumber('customers', options.customers, 1)
  const rates = await measure(customers, wholeNumber('rounds', options.rounds, 1))
  const [ours, reference] = [median(rates.ours), median(rates.bare)]
  const text = `${ours.toFixed(1)} customers/s from accepted event to recorded decision, ${reference.toFixed(1)} bare workflows/s: ${(ours / reference).toFixed(2)} (at least 0.7 wanted).`
  return { result: { ours, reference, unit: 'customers/s', target: 0.7, customers }, text }
})
