/** What `perennial simulate` does. */

import type { Definitions } from '../domain/definitions.ts'
import { liveGeneratedYear, type YearResult } from '../simulation/generated-year.ts'
import type { OfferReport } from '../simulation/report.ts'
import { readCampaignFiles } from '../store/campaign-files.ts'
import { startProgress, textFacts, textTable, textTableHead, writeResult } from './analyze/output.ts'
import { UsageError } from './usage-error.ts'

export interface SimulateOptions {
  readonly dir: string
  readonly customers: number
  readonly days: number
  readonly seed: number
  readonly from: number
  readonly codes: Readonly<Record<string, number>>
  readonly json?: boolean
}

/** Status 1 if a promise was broken. */
export async function runSimulate({ dir, customers, days, seed, from, codes, json }: SimulateOptions): Promise<void> {
  const { definitions } = await readCampaignFiles(dir)
  checkPools(codes, definitions)
  const progress = startProgress(`living through ${days} days with ${customers} customers`)
  const onProgress = (share: number): void => progress.report(share)
  const result = liveGeneratedYear({ definitions, customers, days, seed, fromMs: from, pools: codes, onProgress })
  progress.done()
  const { report, ...promises } = result
  writeResult(json, { ...report, customers, days, seed, version: definitions.version, ...promises }, () =>
    inWords(result, days),
  )
  if (result.violations > 0) process.exitCode = 1
}

function checkPools(codes: SimulateOptions['codes'], { offers }: Definitions): void {
  for (const offer of Object.keys(codes)) {
    if (offers.get(offer)?.codes.from !== 'pool')
      throw new UsageError(`--codes: ${JSON.stringify(offer)} must be an offer whose codes come from a pool`)
  }
}

function inWords({ report, violations, violationsBy, examples, timeZones }: YearResult, days: number): string {
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
      stages: Object.entries(report.stages)
        .map(([stage, count]) => `${stage} ${count}`)
        .join(', '),
    }),
    `Messages a week\n${sparkline(messages.perWeek)}`,
    textTable(
      ['journey', 'entered', 'completed', 'exited', 'sent', 'orders', 'revenue'],
      Object.entries(report.journeys).map(([key, each]) => [
        key,
        each.entered,
        each.completed,
        sum(each.exited),
        each.sent,
        each.orders,
        each.revenueCents / 100,
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
