/**
 * Decisions per second on one core: the pure `decide`, with the shop's whole playbook, for customers who are in three
 * journeys at once.
 *
 *   npm run -s bench -- decide [--seconds 3] [--json]
 */

import { fileURLToPath } from 'node:url'
import { decide } from '../src/domain/decide.ts'
import type { Definitions } from '../src/domain/definitions.ts'
import type { Snapshot } from '../src/domain/snapshot.ts'
import { readCampaignFiles } from '../src/store/campaign-files.ts'
import { customersIn, nowMs, type Situation, situations } from './decide/customers.ts'
import { runBench, wholeNumber } from './support/bench.ts'
import { median } from './support/measure.ts'
import { table } from './support/table.ts'

const wantedPerSecond = 200_000
/** Few enough that they stay near the processor, like one that has just been loaded. */
const people = 100
const rounds = 5

/** Ids cost what they cost, whoever makes them: here next to nothing. */
const identifiers = { id: (key: string): string => key, code: (key: string): string => key }

/** @returns decisions per second of a core's time, the middle of some rounds. */
function speedOf(snapshots: readonly Snapshot[], definitions: Definitions, seconds: number): number {
  const rates: number[] = []
  for (let round = 0; round <= rounds; round++) {
    const startedAt = performance.now()
    const before = process.cpuUsage()
    let decisions = 0
    while (performance.now() - startedAt < (1000 * seconds) / rounds) {
      for (const snapshot of snapshots) decide(snapshot, definitions, nowMs, identifiers)
      decisions += snapshots.length
    }
    // The time of all threads of this process, collecting garbage included; not the time in which others had the core.
    const { user, system } = process.cpuUsage(before)
    if (round > 0) rates.push((decisions * 1_000_000) / (user + system)) // The first one warms up.
  }
  return median(rates)
}

/** What happened is worth a look: a bench of customers for whom nothing is decided would be fast. */
function outcomeOf(snapshot: Snapshot, definitions: Definitions): string {
  const { runs, messages, records } = decide(snapshot, definitions, nowMs, identifiers)
  return `${runs.length} runs changed, ${messages.length} messages, ${records.length} records`
}

await runBench('decide', { seconds: '3' }, async (options) => {
  const seconds = wholeNumber('seconds', options.seconds, 1)
  const { definitions } = await readCampaignFiles(fileURLToPath(new URL('../campaigns', import.meta.url)))
  const crowds = situations.map((situation): [Situation, readonly Snapshot[]] => [
    situation,
    customersIn(situation, definitions, people),
  ])
  // Everything once before anything counts: no situation profits from being the only one that was ever seen.
  for (const [, snapshots] of crowds) speedOf(snapshots, definitions, 1)
  const rates = crowds.map(([situation, snapshots]): [Situation, number] => [
    situation,
    speedOf(snapshots, definitions, seconds),
  ])
  const all = crowds.flatMap(([, snapshots]) => snapshots).sort((a, b) => (a.customer.id < b.customer.id ? -1 : 1))
  const ours = speedOf(all, definitions, seconds)
  const rows = crowds.map(([situation, [first]], i) => [
    situation,
    String(Math.round(rates[i]?.[1] ?? 0)),
    outcomeOf(first as Snapshot, definitions),
  ])
  const text = `${table(['three runs and', 'decisions/s', 'decided'], [...rows, ['all of them, in turn', String(Math.round(ours)), '']])}\n\n${Math.round(ours)} decisions/s on one core (at least ${wantedPerSecond} wanted).`
  const perSituation = Object.fromEntries(rates.map(([situation, rate]) => [situation, Math.round(rate)]))
  return {
    result: { ours, reference: wantedPerSecond, unit: 'decisions/s', target: 1, journeys: 3, perSituation },
    text,
  }
})
