/** What `perennial simulate` does. */

import type { Definitions } from '../domain/definitions.ts'
import { interestingEvents } from '../domain/interests.ts'
import { dayMs } from '../domain/time.ts'
import { liveGeneratedYear } from '../simulation/generated-year.ts'
import { PastLife } from '../simulation/past-life.ts'
import type { OfferReport } from '../simulation/report.ts'
import { liveWatched, type WatchedResult } from '../simulation/watched.ts'
import { readCampaignFiles } from '../store/campaign-files.ts'
import { openDatabase } from '../store/database.ts'
import { customerPasts } from '../store/shop-past.ts'
import { startProgress, textFacts, textTable, textTableHead, writeResult } from './analyze/output.ts'
import { databaseOf } from './installation.ts'
import { UsageError } from './usage-error.ts'

export interface SimulateOptions {
  readonly dir: string
  readonly past?: boolean
  readonly customers?: number
  readonly days: number
  readonly seed?: number
  readonly from?: number
  readonly home?: string
  readonly codes: Readonly<Record<string, number>>
  readonly changes?: boolean
  readonly json?: boolean
}

/** Status 1 if a promise was broken. */
export async function runSimulate(options: SimulateOptions): Promise<void> {
  const { dir, days, codes, json } = options
  const { definitions } = await readCampaignFiles(dir)
  checkPools(codes, definitions)
  const { result, ...facts } = await (options.past === true ? livePast : liveYear)(options, definitions)
  const { report, ...promises } = result
  writeResult(json, { ...report, ...facts, days, version: definitions.version, ...promises }, () =>
    inWords(result, days),
  )
  if (result.violations > 0) process.exitCode = 1
}

type Lived = { readonly result: WatchedResult } & Readonly<Record<string, unknown>>

async function liveYear(
  {
    customers = 1_000,
    days,
    seed = 1,
    from: fromMs = Date.UTC(2026, 0, 1),
    codes: pools,
    changes = true,
  }: SimulateOptions,
  definitions: Definitions,
): Promise<Lived> {
  const progress = startProgress(`living through ${days} days with ${customers} customers`)
  const onProgress = (share: number): void => progress.report(share)
  const result = liveGeneratedYear({ definitions, customers, days, seed, fromMs, pools, changes, onProgress })
  progress.done()
  return { result, customers, seed }
}

/** The shop's own customers, from a day on or up to now. */
async function livePast(options: SimulateOptions, definitions: Definitions): Promise<Lived> {
  const { days, customers: limit = 1_000_000, seed, codes: pools } = options
  if (seed !== undefined) throw new UsageError('--seed: is for a generated year; the past is what it was')
  const fromMs = options.from ?? Math.floor(Date.now() / dayMs) * dayMs - (days - 1) * dayMs
  const toMs = fromMs + days * dayMs
  const database = openDatabase(databaseOf(options))
  const lives: PastLife[] = []
  try {
    const events = [...interestingEvents(definitions)].filter((name) => !toldByOrders.has(name))
    for await (const page of customerPasts(database.pool, { fromMs, toMs, events, limit }))
      for (const customer of page) lives.push(new PastLife(customer, fromMs))
  } finally {
    await database.close()
  }
  if (lives.length === 0) throw new UsageError('--past: the shop has no customers who were known by then')
  const progress = startProgress(`living through the past of ${lives.length} customers once more`)
  const onProgress = (share: number): void => progress.report(share)
  const result = liveWatched({ definitions, lives, fromMs, toMs, pools, onProgress })
  progress.done()
  return { result, past: true, from: new Date(fromMs).toISOString().slice(0, 10) }
}

/** Events that come with the orders themselves. */
const toldByOrders: ReadonlySet<string> = new Set([
  'Order Completed',
  'Order Refunded',
  'Order Cancelled',
  'Order Updated',
])

function checkPools(codes: SimulateOptions['codes'], { offers }: Definitions): void {
  for (const offer of Object.keys(codes)) {
    if (offers.get(offer)?.codes.from !== 'pool')
      throw new UsageError(`--codes: ${JSON.stringify(offer)} must be an offer whose codes come from a pool`)
  }
}

function inWords({ report, violations, violationsBy, examples, timeZones }: WatchedResult, days: number): string {
  const { messages } = report
  const weeks = Math.max(1, days / 7)
  const sections = [
    textFacts({
      customers: report.customers,
      'time zones': timeZones,
      decisions: report.decisions,
      orders: report.orders,
      revenue: report.revenueCents / 100,
      'messages sent': messages.sent,
      'a week': Math.round(messages.sent / weeks),
      'email / SMS': `${messages.byChannel.email} / ${messages.byChannel.sms}`,
      'pauses / new versions': `${report.changes.pauses} / ${sum(report.changes.published)}`,
      'held up / moved / put out': `${report.changes.heldUp} / ${report.changes.moved} / ${report.changes.putOut}`,
      stages: Object.entries(report.stages)
        .map(([stage, count]) => `${stage} ${count}`)
        .join(', '),
    }),
    `Messages a week\n${sparkline(messages.perWeek)}`,
    textTable(
      ['journey', 'entered', 'completed', 'exited', 'sent', 'a week', 'caps hit', 'orders', 'revenue', 'offers cost'],
      Object.entries(report.journeys).map(([key, each]) => [
        key,
        each.entered,
        each.completed,
        sum(each.exited),
        each.sent,
        Math.round(each.sent / weeks),
        each.capsHit,
        each.orders,
        each.revenueCents / 100,
        each.offersCostCents / 100,
      ]),
    ),
    textTable(
      ['offer', 'issued', 'redeemed', 'cost'],
      Object.entries(report.offers).map(([key, each]: [string, OfferReport]) => [
        key,
        each.issued,
        each.redeemed,
        each.costCents / 100,
      ]),
    ),
    textTableHead(['what was not done, and by which rule', 'times'], Object.entries(report.refusals), 25),
    violations === 0
      ? 'Every promise was kept.'
      : `${violations} promises were broken:\n${textTable(
          ['promise', 'times', 'for example'],
          Object.entries(violationsBy)
            .filter(([, count]) => count > 0)
            .map(([invariant, count]) => [
              invariant,
              count,
              examples.find((each) => each.invariant === invariant)?.what ?? '',
            ]),
        )}`,
  ]
  return sections.join('\n\n')
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0)
}

const bars = '▁▂▃▄▅▆▇█'

function sparkline(values: readonly number[]): string {
  const most = Math.max(1, ...values)
  return values.map((value) => bars[Math.round((value / most) * (bars.length - 1))]).join('')
}
