/**
 * Messages through a mail server that fails one in twenty at eight stages, while every two seconds one of the workers is
 * killed (once the one before is replaced) and PostgreSQL is restarted three times: what may be sent once is never sent twice, what must arrive arrives, and the rest
 * is listed. The server's own log is the witness. Half of the messages are marketing, half transactional. Ends with 1 if
 * a promise was not kept. `--lane own` gives every customer a workflow of their own, `crowd` walks them in pages: there a dead worker's
 * work waits for Temporal to miss it. `ledger` leaves Temporal out, and whoever comes next carries on at once.
 *
 *   npm run -s bench -- faults [--messages 2000] [--lane ledger|crowd|own] [--workers 3] [--minutes 60] [--seed 1] [--json]
 */

import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from '../src/store/database.ts'
import { addCrowd, enterCrowd } from '../test/workflows/support/crowds.ts'
import { brokenPromises, holdAgainst, type Tally } from './faults/hold-against.ts'
import { startUnreliableSink, type UnreliableSink } from './faults/unreliable-sink.ts'
import { startWorkerPool, type WorkerPool } from './faults/worker-pool.ts'
import { BenchUsageError, runBench, say, wholeNumber } from './support/bench.ts'
import { type BenchShop, withShop } from './support/shop.ts'

const killEveryMs = 2_000
const restarts = 3
const peopleAtOnce = 500
const pollMs = 1_000

/** From so many customers at once on they are a crowd. */
const lanes = { ledger: 1_000_000, crowd: 50, own: 1_000_000 } as const
type Lane = keyof typeof lanes

const journeys = {
  letters: `name: Letters
topic: news
entry:
  - type: api
steps:
  - { id: letter, type: email, template: welcome-hello }
`,
  receipts: `name: Receipts
topic: news
entry:
  - type: api
steps:
  - { id: receipt, type: email, class: transactional, template: welcome-hello }
`,
}

interface Options {
  readonly messages: number
  readonly lane: Lane
  readonly workers: number
  readonly withinMs: number
  readonly seed: number
}

interface Outcome {
  readonly tally: Tally
  readonly kills: number
  readonly restarts: number
  readonly misdeeds: Readonly<Record<string, number>>
  readonly seconds: number
}

async function measure({ messages, lane, workers, withinMs, seed }: Options): Promise<Outcome> {
  const sink = await startUnreliableSink(seed)
  const env = {
    SMTP_URL: sink.url,
    MAIL_FROM: 'Shop <shop@shop.example>',
    PERENNIAL_PUBLIC_URL: 'https://shop.example',
    PERENNIAL_CROWD_FROM: String(lanes[lane]),
  }
  try {
    return await withShop(
      journeys,
      env,
      async (shop) => {
        const pool = startWorkerPool({
          size: workers,
          script: lane === 'ledger' ? 'bench/faults/ledger-worker.ts' : 'workers/lifecycle.ts',
          args: (place) =>
            lane === 'ledger' ? [String(place), String(workers)] : ['--queues', 'lifecycle,deliver-email'],
          env: workerEnv(shop, env),
          logPath: join(shop.installation.home, 'logs', 'workers.log'),
        })
        const killing = killAgainAndAgain(pool)
        const startedAt = performance.now()
        try {
          const ended = untilAllHaveEnded(shop, sink, messages, withinMs)
          const [restarted] = await Promise.all([ended, letIn(shop, messages / 2, lane)])
          const seconds = (performance.now() - startedAt) / 1_000
          const tally = await holdAgainst(shop.database, sink)
          const misdeeds = Object.fromEntries([...sink.misdeeds].toSorted(([a], [b]) => a.localeCompare(b)))
          return { tally, kills: killing.kills(), restarts: restarted, misdeeds, seconds }
        } finally {
          killing.end()
          await pool.stop()
        }
      },
      lane === 'ledger' ? [] : ['intake'],
    )
  } finally {
    await sink.close()
  }
}

function workerEnv({ installation }: BenchShop, env: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  return {
    ...process.env,
    ...env,
    PERENNIAL_HOME: installation.home,
    DATABASE_URL: installation.databaseUrl,
    TEMPORAL_ADDRESS: installation.temporalAddress,
    LOG_LEVEL: 'warn',
  }
}

function killAgainAndAgain(pool: WorkerPool): { kills(): number; end(): void } {
  let kills = 0
  const timer = setInterval(() => void (pool.killOne() && kills++), killEveryMs)
  return { kills: () => kills, end: () => clearInterval(timer) }
}

/** Each journey has people of its own: an address that is refused for good gets nothing else. */
async function letIn(shop: BenchShop, people: number, lane: Lane): Promise<void> {
  const begin = lane === 'ledger' ? plan : enterCrowd
  for (let there = 0; there < people; there += peopleAtOnce) {
    for (const journey of Object.keys(journeys)) {
      let ids: readonly string[] = []
      await again(async () => void (ids = await addCrowd(shop, Math.min(peopleAtOnce, people - there))))
      await again(() => begin(shop, ids, journey))
    }
  }
}

/** What a review would have planned. */
async function plan({ database, clock }: BenchShop, ids: readonly string[], journey: string): Promise<void> {
  await database.pool.query(
    `INSERT INTO messages (id, customer_id, journey, version, step, entry_number, visit, channel, message_class, topic,
                           template, status, planned_at)
     SELECT gen_random_uuid(), id, $2, 'bench', 'mail', 1, 0, 'email', $3, 'news', 'welcome-hello', 'planned', $4
       FROM unnest($1::uuid[]) AS g (id) ON CONFLICT DO NOTHING`,
    [ids, journey, journey === 'letters' ? 'marketing' : 'transactional', new Date(clock.nowMs())],
  )
}

/** The database is away for a moment now and then: each step is one transaction. */
async function again(step: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await step()
    } catch {
      await sleep(pollMs)
    }
  }
}

/** Restarts PostgreSQL whenever another quarter has come to an end, for so long at most. @returns how often. */
async function untilAllHaveEnded(
  { installation, database }: BenchShop,
  sink: UnreliableSink,
  messages: number,
  withinMs: number,
): Promise<number> {
  const deadline = performance.now() + withinMs
  let restarted = 0
  let said = 0
  for (;;) {
    const ended = await endedIn(database)
    if (ended - said >= messages / 10) {
      said = ended
      say(`${ended} of ${messages} have come to an end; the server took ${sink.copies.size}`)
    }
    if (ended >= messages) return restarted
    if (performance.now() > deadline) return restarted // What has not ended is told with the rest.
    if (restarted < restarts && ended >= ((restarted + 1) * messages) / (restarts + 1)) {
      restarted++
      say('restarting PostgreSQL')
      await installation.postgres?.stop()
      await installation.postgres?.resume()
    }
    await sleep(pollMs)
  }
}

async function endedIn({ pool }: Database): Promise<number> {
  try {
    const { rows } = await pool.query<{ ended: number }>(
      'SELECT count(*)::int AS ended FROM messages WHERE settled_at IS NOT NULL',
    )
    return rows[0]?.ended ?? 0
  } catch {
    return 0
  }
}

await runBench(
  'faults',
  { messages: '2000', lane: 'ledger', workers: '3', minutes: '60', seed: '1' },
  async (options) => {
    const messages = 2 * Math.floor(wholeNumber('messages', options.messages, 100) / 2)
    const minutes = wholeNumber('minutes', options.minutes, 1)
    if (!(options.lane in lanes)) throw new BenchUsageError(`--lane: ${options.lane} must be ledger, crowd or own`)
    const outcome = await measure({
      messages,
      lane: options.lane as Lane,
      workers: wholeNumber('workers', options.workers, 1),
      withinMs: minutes * 60_000,
      seed: wholeNumber('seed', options.seed, 0),
    })
    const { tally, kills, misdeeds, seconds } = outcome
    const broken = brokenPromises(tally)
    const told = (name: keyof Tally): string => {
      const { byStatus, reasons, duplicates, unlisted, lost, unexplained } = tally[name]
      const statuses = Object.entries(byStatus).map(([status, count]) => `${count} ${status}`)
      return `${name}: ${statuses.join(', ')}; ${duplicates} came twice (${unexplained} unexplained), ${unlisted} unlisted, ${lost} not taken and not failed\n  ${JSON.stringify(reasons)}`
    }
    const text = [
      `${messages} messages in ${seconds.toFixed(0)} s, ${kills} workers killed, PostgreSQL restarted ${outcome.restarts} times.`,
      told('marketing'),
      told('transactional'),
      `The server's misdeeds: ${JSON.stringify(misdeeds)}`,
      broken.length === 0 ? 'Every promise was kept.' : `NOT KEPT: ${broken.join('; ')}`,
    ].join('\n')
    if (broken.length > 0) process.exitCode = 1
    const kept = messages - broken.length
    return { result: { ours: kept, reference: messages, unit: 'messages', kills, seconds, ...tally }, text }
  },
)
