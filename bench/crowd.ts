/**
 * Customers per second who enter a journey whose first step is an email, from the entry to the recorded decision and the
 * planned message: a crowd in pages, against customers with a workflow each, in the same installation. Deliveries run
 * beside both, and are not waited for in the crowd.
 *
 *   npm run -s bench -- crowd [--customers 5000] [--sample 150] [--rounds 3] [--json]
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from '../src/store/database.ts'
import { addCrowd, enterCrowd } from '../test/workflows/support/crowds.ts'
import { BenchUsageError, runBench, say, wholeNumber } from './support/bench.ts'
import { median } from './support/measure.ts'
import { type BenchShop, benchJourney, perSecond, withShop } from './support/shop.ts'

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

interface Rates {
  readonly crowd: number
  readonly own: readonly number[]
}

function measure(customers: number, sample: number, rounds: number): Promise<Rates> {
  return withShop(journey, { PERENNIAL_CROWD_FROM: String(crowdFrom) }, async (shop) => {
    const own: number[] = []
    for (let round = 0; round <= rounds; round++) {
      const rate = await plannedPerSecond(shop, sample)
      await untilQuiet(shop.database)
      if (round === 0) continue // The first round warms up.
      say(`round ${round}: ${rate.toFixed(1)} customers/s with a workflow each`)
      own.push(rate)
    }
    await plannedPerSecond(shop, 2 * crowdFrom)
    await untilQuiet(shop.database)
    const crowd = await plannedPerSecond(shop, customers)
    say(`${crowd.toFixed(1)} customers/s as a crowd`)
    return { crowd, own }
  })
}

/** From the entry of so many new customers to the last planned message. */
async function plannedPerSecond(shop: BenchShop, count: number): Promise<number> {
  const ids: string[] = []
  while (ids.length < count) ids.push(...(await addCrowd(shop, Math.min(peopleAtOnce, count - ids.length))))
  const before = await plannedIn(shop.database)
  const startedAt = performance.now()
  await enterCrowd(shop, ids, benchJourney)
  return perSecond(count, startedAt, patienceMs, async () => (await plannedIn(shop.database)) - before)
}

async function plannedIn({ pool }: Database): Promise<number> {
  const { rows } = await pool.query<{ planned: number }>({
    name: 'planned',
    text: 'SELECT count(*) AS planned FROM messages WHERE journey = $1',
    values: [benchJourney],
  })
  return rows[0]?.planned ?? 0
}

/** Nothing is to be sent any more: the next measurement has the machine for itself. */
async function untilQuiet({ pool }: Database): Promise<void> {
  for (;;) {
    const { rows } = await pool.query('SELECT FROM messages WHERE settled_at IS NULL AND not_before IS NULL LIMIT 1')
    if (rows.length === 0) return
    await sleep(200)
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
