/**
 * Customers per second who enter a journey whose first step is an email, from the entry to the recorded decision and the
 * planned message: a crowd in pages, against customers with a workflow each, in the same installation. Deliveries run
 * beside both, and are not waited for in the crowd.
 *
 *   npm run -s bench -- crowd [--customers 5000] [--sample 150] [--rounds 3] [--json]
 */

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createClock } from '../src/clock.ts'
import type { Config } from '../src/config.ts'
import { startInstallation } from '../src/embedded/supervisor.ts'
import { type Database, openDatabase } from '../src/store/database.ts'
import { publishCampaigns } from '../src/store/publishing/publish-campaigns.ts'
import { loadMasterKey, Vault } from '../src/store/vault.ts'
import { addCrowd, enterCrowd } from '../test/workflows/support/crowds.ts'
import { BenchUsageError, runBench, say, wholeNumber } from './support/bench.ts'
import { median } from './support/measure.ts'

const pollMs = 20
const patienceMs = 1_800_000
const peopleAtOnce = 5_000

/** Fewer than this have a workflow each. */
const crowdFrom = 200

const journey = `name: Bench
topic: news
entry:
  - type: api
steps:
  - id: hello
    type: email
    template: welcome-hello
  - id: wait
    type: delay
    for: 30 days
`

interface Shop {
  readonly database: Database
  readonly vault: Vault
  readonly clock: ReturnType<typeof createClock>
}

async function measure(customers: number, sample: number, rounds: number): Promise<{ crowd: number; own: number[] }> {
  const home = mkdtempSync(join(tmpdir(), 'perennial-bench-'))
  say('starting an installation …')
  const installation = await startInstallation({
    home,
    port: 0,
    env: { PERENNIAL_CROWD_FROM: String(crowdFrom) },
    prepare: ({ config }) => publishBench(config, home),
  })
  const { config } = installation
  const database = openDatabase(installation.databaseUrl)
  const vault = new Vault(loadMasterKey(config.home, config.masterKey))
  const shop = { database, vault, clock: createClock(config.clock) }
  try {
    const own: number[] = []
    for (let round = 0; round <= rounds; round++) {
      const rate = await plannedPerSecond(shop, sample)
      await untilQuiet(database)
      if (round === 0) continue // The first round warms up.
      say(`round ${round}: ${rate.toFixed(1)} customers/s with a workflow each`)
      own.push(rate)
    }
    await plannedPerSecond(shop, 2 * crowdFrom)
    await untilQuiet(database)
    const crowd = await plannedPerSecond(shop, customers)
    say(`${crowd.toFixed(1)} customers/s as a crowd`)
    return { crowd, own }
  } finally {
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
  // Whatever the hour: a message that waits for the morning is not planned tonight.
  const policy = join(directory, 'contact-policy.yaml')
  writeFileSync(policy, readFileSync(policy, 'utf8').replaceAll(/^ *(quiet_hours|when_quiet):.*\n/gm, ''))
  const database = openDatabase(config.databaseUrl ?? '')
  await publishCampaigns(database, directory, Date.now())
  await database.close()
}

/** From the entry of so many new customers to the last planned message. */
async function plannedPerSecond(shop: Shop, count: number): Promise<number> {
  const ids: string[] = []
  while (ids.length < count) ids.push(...(await addCrowd(shop, Math.min(peopleAtOnce, count - ids.length))))
  const before = await plannedIn(shop.database)
  const startedAt = performance.now()
  await enterCrowd(shop, ids, 'bench')
  for (;;) {
    const planned = (await plannedIn(shop.database)) - before
    const elapsedMs = performance.now() - startedAt
    if (planned === count) return (count * 1000) / elapsedMs
    if (elapsedMs > patienceMs) throw new Error(`only ${planned} of ${count} messages were planned`)
    await sleep(pollMs)
  }
}

async function plannedIn({ pool }: Database): Promise<number> {
  const { rows } = await pool.query<{ planned: number }>({
    name: 'planned',
    text: `SELECT count(*) AS planned FROM messages WHERE journey = 'bench'`,
  })
  return rows[0]?.planned ?? 0
}

/** Nothing is to be sent any more: the next measurement has the machine for itself. */
async function untilQuiet({ pool }: Database): Promise<void> {
  for (;;) {
    const { rows } = await pool.query('SELECT FROM messages WHERE settled_at IS NULL AND not_before IS NULL LIMIT 1')
    if (rows.length === 0) return
    await sleep(10 * pollMs)
  }
}

await runBench('crowd', { customers: '5000', sample: '150', rounds: '3' }, async (options) => {
  const customers = wholeNumber('customers', options.customers, crowdFrom)
  const sample = wholeNumber('sample', options.sample, 1)
  if (sample >= crowdFrom) throw new BenchUsageError(`--sample: ${sample} must be below ${crowdFrom}, or it is a crowd`)
  const rates = await measure(customers, sample, wholeNumber('rounds', options.rounds, 1))
  const reference = median(rates.own)
  const text = `${rates.crowd.toFixed(1)} customers/s as a crowd of ${customers}, ${reference.toFixed(1)} with a workflow each: ${(rates.crowd / reference).toFixed(1)} times as many (at least 20 wanted).`
  return { result: { ours: rates.crowd, reference, unit: 'customers/s', target: 20, customers, sample }, text }
})
