/** `perennial planner`: which offer for whom, within a budget, and what it should bring. */

import { Command } from 'commander'
import type { OfferEffects } from '../analytics/experiments/measured-effects.ts'
import type { Proposal } from '../analytics/training/promotion-proposal.ts'
import { textTable, writeResult } from './analyze/output.ts'
import { askInstallation, type TargetOptions, targetOptions } from './installation.ts'
import { homeOption } from './options.ts'

interface PlannerOptions extends TargetOptions {
  readonly json?: boolean
  readonly budget: string
  readonly by: string
  readonly segments?: string
  readonly offers?: string
  readonly margin: string
}

interface Answer {
  readonly effect: string
  readonly measured: OfferEffects
  readonly plan: Proposal
}

export function plannerCommand(): Command {
  const planner = new Command('planner')
    .description('Propose whom to give which offer within a budget, by what offers have been seen to do.')
    .requiredOption('--budget <cents>', 'what messages and redeemed coupons may cost, in minor units')
    .option('--by <grouping>', 'stage, cluster, tier (of lifetime value) or offer (which moves them most)', 'stage')
    .option('--segments <keys>', 'these segments instead, by commas; who is in several counts in the first')
    .option('--offers <keys>', 'only these offers, by commas')
    .option('--margin <share>', 'what is left of an order for the shop', '0.4')
    .option('--json', 'print JSON')
    .addOption(homeOption())
    .action((options: PlannerOptions) => plan(options))
  for (const option of targetOptions()) planner.addOption(option)
  return planner
}

async function plan(options: PlannerOptions): Promise<void> {
  const list = (text: string | undefined): string[] => (text === undefined ? [] : text.split(','))
  const answer = (await askInstallation(options, '/api/planner', {
    budgetCents: Number(options.budget),
    by: options.by,
    segments: list(options.segments),
    offers: list(options.offers),
    margin: Number(options.margin),
  })) as Answer
  writeResult(options.json, answer, () => describe(answer))
}

function describe({ effect, measured, plan }: Answer): string {
  const { offers, costCents, netCents, netLowCents, netHighCents, additionalOrders } = plan
  const whole = (cents: number): string => Math.round(cents).toString()
  if (offers.length === 0) return `Nothing pays within this budget (by the ${effect}).`
  return [
    textTable(
      ['for', 'offer', 'customers', 'cost', 'brings'],
      offers.map((one) => [one.segment, one.offer, one.customers, whole(one.costCents), whole(one.valueCents)]),
    ),
    '',
    `${additionalOrders.toFixed(1)} more orders expected; ${whole(netCents)} cents net of ${whole(costCents)} spent (95 %: ${whole(netLowCents)} to ${whole(netHighCents)}).`,
    `By the ${effect}.`,
    ...measured.offers.map(
      ({ offer, customers, heldOut, difference, interval: [low, high] }) =>
        `${offer}: ${points(difference)} (95 %: ${points(low)} to ${points(high)}) of ${customers} customers bought because of it, beside ${heldOut} held out.`,
    ),
  ].join('\n')
}

function points(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}
