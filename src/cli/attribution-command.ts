/** `perennial attribution`: which messages orders came of, and what marketing as a whole brought beside the hold-out. */

import { Command, Option } from 'commander'
import { compareProportions, newcombeInterval } from '../analytics/experiments/proportions.ts'
import { createClock } from '../clock.ts'
import { readConfig } from '../config.ts'
import { dayMs } from '../domain/time.ts'
import {
  type AttributedStep,
  attributeOrders,
  type HoldOutArms,
  holdOutArms,
  type Touch,
} from '../store/attribution.ts'
import { openDatabase } from '../store/database.ts'
import { textTable, writeResult } from './analyze/output.ts'
import { databaseOf } from './installation.ts'
import { homeOption } from './options.ts'
import { UsageError } from './usage-error.ts'

interface Options {
  readonly home?: string
  readonly days: string
  readonly window: string
  readonly touch: Touch
  readonly json?: boolean
}

export function attributionCommand(): Command {
  return new Command('attribution')
    .description('Which messages orders came of (last touch), and how customers did beside those of the hold-out.')
    .addOption(homeOption())
    .option('--days <days>', 'messages of so many days, up to now', '30')
    .option('--window <days>', 'an order counts for so long after the touch', '7')
    .addOption(
      new Option('--touch <touch>', 'what counts as a touch').choices(['sent', 'open', 'click']).default('click'),
    )
    .option('--json', 'print JSON')
    .action(run)
}

async function run(options: Options): Promise<void> {
  const toMs = createClock(readConfig().clock).nowMs()
  const windowMs = daysOf('--window', options.window) * dayMs
  const question = { fromMs: toMs - daysOf('--days', options.days) * dayMs, toMs, windowMs, touch: options.touch }
  const database = openDatabase(databaseOf(options))
  try {
    const steps = await attributeOrders(database.pool, question)
    const holdOut = liftOf(await holdOutArms(database.pool, question))
    writeResult(options.json, { ...question, steps, holdOut }, () => `${stepTable(steps)}\n\n${holdOutText(holdOut)}`)
  } finally {
    await database.close()
  }
}

function daysOf(name: string, text: string): number {
  const days = Number(text)
  if (!(days > 0 && days <= 3_650)) throw new UsageError(`${name}: ${text} given, must be a number of days up to 3650`)
  return days
}

interface Lift extends HoldOutArms {
  /** Difference of the shares that ordered, with its 95 % interval; null without a hold-out to compare with. */
  readonly lift: {
    readonly difference: number
    readonly from: number
    readonly to: number
    readonly pValue: number
  } | null
}

function liftOf(arms: HoldOutArms): Lift {
  const [control, variant] = [arms.heldOut, arms.treated].map(({ customers, ordered }) => ({
    n: customers,
    conversions: ordered,
  }))
  if (!control || !variant || control.n === 0 || variant.n === 0) return { ...arms, lift: null }
  const [from, to] = Object.values(newcombeInterval(control, variant)) as [number, number]
  const difference = variant.conversions / variant.n - control.conversions / control.n
  return { ...arms, lift: { difference, from, to, pValue: compareProportions(control, variant).p } }
}

function stepTable(steps: readonly AttributedStep[]): string {
  if (steps.length === 0) return 'No marketing message was sent in this time.'
  const heads = ['journey', 'step', 'sent', 'opened', 'clicked', 'machines', 'orders', 'revenue']
  return textTable(
    heads,
    steps.map((one) => [
      one.journey,
      one.step,
      one.sent,
      one.opened,
      one.clicked,
      one.machines,
      one.orders,
      (one.revenueCents / 100).toFixed(2),
    ]),
  )
}

function holdOutText({ treated, heldOut, lift }: Lift): string {
  if (lift === null)
    return 'Nobody was held out, so what the messages brought beyond what would have come is not known.'
  const share = (part: number): string => `${(part * 100).toFixed(2)} %`
  return `Of ${treated.customers} who got messages ${treated.ordered} ordered, of ${heldOut.customers} held out ${heldOut.ordered}: ${share(lift.difference)} more (95 %: ${share(lift.from)} to ${share(lift.to)}).`
}
