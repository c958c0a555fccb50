/**
 * Customers per second from accepted event to recorded decision, against a bare workflow with one empty activity on the
 * same server. Ours starts at the HTTP request and includes intake, news, the nudge, the workflow's start, the review and
 * its record; the bare one is started by the client and includes nothing but the workflow. With `--shape email` the
 * journey begins with an email, and ours lasts until it is sent; the bare workflow then has a second empty activity, on a
 * queue of its own.
 *
 *   npm run -s bench -- lifecycle [--shape decision|email] [--customers 300] [--rounds 3] [--json]
 */

import { type ChildProcess, fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Client } from '@temporalio/client'
import type { Installation } from '../src/embedded/supervisor.ts'
import { openTemporalClient } from '../src/temporal.ts'
import { BenchUsageError, runBench, say, wholeNumber } from './support/bench.ts'
import { median } from './support/measure.ts'
import { type BenchShop, perSecond, withShop } from './support/shop.ts'

const bareQueue = 'bench-bare'
const startsAtOnce = 20
const batchSize = 100
const patienceMs = 180_000

type ShapeName = 'decision' | 'email'

interface Shape {
  /** One that every new customer enters. */
  readonly journey: string
  readonly bareWorkflow: string
  /** SQL: whether the customer in row `c` is done. */
  readonly isDone: string
  readonly until: string
  /** How much of the bare workflow's speed is wanted. */
  readonly target: number
}

const entry = `name: Bench
topic: news
entry:
  - type: arrived
steps:
`
const wait = `  - { id: wait, type: delay, for: 30 days }
`
const hello = `  - { id: hello, type: email, template: welcome-hello }
`

const shapes: Readonly<Record<ShapeName, Shape>> = {
  // It waits first: what is measured is deciding, not sending.
  decision: {
    journey: entry + wait + hello,
    bareWorkflow: 'bare',
    isDone: 'EXISTS (SELECT FROM journey_runs r WHERE r.customer_id = c.id)',
    until: 'recorded decision',
    target: 0.7,
  },
  email: {
    journey: entry + hello + wait,
    bareWorkflow: 'bareTwoSteps',
    isDone: `EXISTS (SELECT FROM messages m WHERE m.customer_id = c.id AND m.status = 'sent')`,
    until: 'email sent',
    target: 0.6,
  },
}

interface Rates {
  readonly ours: number[]
  readonly bare: number[]
}

function measure(shape: Shape, customers: number, rounds: number): Promise<Rates> {
  // One workflow a customer: the crowd lane has a bench of its own.
  return withShop(shape.journey, { PERENNIAL_CROWD_FROM: '1000000' }, async (shop) => {
    const { temporalAddress } = shop.installation
    const temporal = openTemporalClient({ address: temporalAddress, namespace: 'default' })
    const bareWorker = await startBareWorker(temporalAddress)
    const rates: Rates = { ours: [], bare: [] }
    try {
      for (let round = 0; round <= rounds; round++) {
        const ours = await customersPerSecond(shop, shape, customers)
        const bare = await bareWorkflowsPerSecond(temporal.client, shape, customers)
        if (round === 0) continue // The first round warms both up.
        say(`round ${round}: ${ours.toFixed(1)} customers/s, ${bare.toFixed(1)} bare workflows/s`)
        rates.ours.push(ours)
        rates.bare.push(bare)
      }
      return rates
    } finally {
      bareWorker.kill('SIGKILL') // Nobody waits for it, and an orderly end would outlast its server.
      await temporal.close()
    }
  })
}

/** From the first request to the last customer who is done, in the database. */
async function customersPerSecond(
  { installation, database }: BenchShop,
  { isDone }: Shape,
  count: number,
): Promise<number> {
  const userIds = Array.from({ length: count }, () => `bench-${randomUUID()}`)
  const startedAt = performance.now()
  for (let i = 0; i < count; i += batchSize) await identify(installation, userIds.slice(i, i + batchSize))
  return perSecond(count, startedAt, patienceMs, async () => {
    const { rows } = await database.pool.query<{ done: number }>({
      name: 'done',
      text: `SELECT count(*) AS done FROM customers c WHERE external_id = ANY ($1) AND ${isDone}`,
      values: [userIds],
    })
    return rows[0]?.done ?? 0
  })
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
async function bareWorkflowsPerSecond(client: Client, { bareWorkflow }: Shape, count: number): Promise<number> {
  let left = count
  const startedAt = performance.now()
  const results: Promise<unknown>[] = []
  const starter = async (): Promise<void> => {
    while (left-- > 0) {
      const workflowId = `bare:${randomUUID()}`
      const handle = await client.workflow.start(bareWorkflow, { taskQueue: bareQueue, workflowId })
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

await runBench('lifecycle', { shape: 'decision', customers: '300', rounds: '3' }, async (options) => {
  const customers = wholeNumber('customers', options.customers, 1)
  const shape = Object.hasOwn(shapes, options.shape) ? shapes[options.shape as ShapeName] : undefined
  if (shape === undefined)
    throw new BenchUsageError(`--shape: ${JSON.stringify(options.shape)} must be ${Object.keys(shapes).join(' or ')}`)
  const rates = await measure(shape, customers, wholeNumber('rounds', options.rounds, 1))
  const [ours, reference] = [median(rates.ours), median(rates.bare)]
  const text = `${ours.toFixed(1)} customers/s from accepted event to ${shape.until}, ${reference.toFixed(1)} bare workflows/s: ${(ours / reference).toFixed(2)} (at least ${shape.target} wanted).`
  const { target } = shape
  return { result: { ours, reference, unit: 'customers/s', target, shape: options.shape, customers }, text }
})
