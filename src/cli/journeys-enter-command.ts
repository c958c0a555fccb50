/** `perennial journeys enter`: who is let into a journey by hand. */

import { Command } from 'commander'
import { writeResult } from './analyze/output.ts'
import { askInstallation, type TargetOptions, targetOptions } from './installation.ts'
import { homeOption } from './options.ts'
import { UsageError } from './usage-error.ts'

interface EnterOptions extends TargetOptions {
  readonly segment?: string
  readonly customer?: readonly string[]
  readonly yes?: boolean
  readonly json?: boolean
}

interface SegmentAnswer {
  readonly members: number
  readonly inJourney: number
  readonly beenInJourney: number
  readonly told: number
}

export function journeysEnterCommand(): Command {
  const enter = new Command('enter')
    .description('Let customers, or a whole segment, into a journey that has an entry of the type "api".')
    .argument('<key>', 'of the journey')
    .option('--segment <key>', 'everybody who is in it now')
    .option('--customer <ids...>', 'ids of the shop, or of customers')
    .option('--yes', 'do it, instead of saying whom a segment would concern')
    .option('--json', 'print JSON')
    .addOption(homeOption())
    .action((key: string, options: EnterOptions) => enterJourney(key, options))
  for (const option of targetOptions()) enter.addOption(option)
  return enter
}

async function enterJourney(key: string, options: EnterOptions): Promise<void> {
  const { segment, customer, yes = false } = options
  if ((segment === undefined) === (customer === undefined))
    throw new UsageError('Who is to enter? Give either --segment or --customer')
  const path = `/api/journeys/${encodeURIComponent(key)}/entries`
  if (segment !== undefined) {
    const answer = (await askInstallation(options, path, { segment, dryRun: !yes })) as SegmentAnswer
    return writeResult(options.json, { ...answer, entered: yes }, () => sayEntry(key, segment, answer, yes))
  }
  const answer = (await askInstallation(options, path, { customers: customer })) as {
    readonly told: number
    readonly unknown: readonly string[]
  }
  writeResult(options.json, answer, () =>
    [`${answer.told} customers hear of ${key}.`, ...answer.unknown.map((id) => `Nobody is known as ${id}.`)].join('\n'),
  )
}

function sayEntry(key: string, segment: string, answer: SegmentAnswer, done: boolean): string {
  const { members, inJourney, beenInJourney, told } = answer
  const lines = [
    `${members} customers are in ${segment}.`,
    ...(inJourney > 0 ? [`${inJourney} of them are in ${key} right now and will not enter twice.`] : []),
    ...(beenInJourney > 0 ? [`${beenInJourney} have been in it before: its re-entry rule decides about them.`] : []),
    done ? `${told} of them are let in; the journey's own rules decide.` : 'Say --yes to let them in.',
  ]
  return lines.join('\n')
}
