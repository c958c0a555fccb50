/** `perennial why`: why something was sent to a customer, and why something else was not. */

import { Command } from 'commander'
import { wholeOption } from './analyze/options.ts'
import { writeResult } from './analyze/output.ts'
import { askInstallation, type TargetOptions, targetOptions } from './installation.ts'
import { homeOption } from './options.ts'
import { UsageError } from './usage-error.ts'

interface WhyOptions extends TargetOptions {
  readonly journey?: string
  readonly limit: number
  readonly json?: boolean
}

interface Why {
  readonly message?: {
    readonly journey: string
    readonly step: string
    readonly channel: string
    readonly status: string
    readonly reason: string | null
    readonly sender: string | null
  }
  readonly decisions: readonly {
    readonly sentence: string
    readonly at: string
    readonly version: string | null
    readonly scores: Readonly<Record<string, number>> | null
  }[]
}

export function whyCommand(): Command {
  const why = new Command('why')
    .description('Why was this sent, and why not? What was decided for a customer, in plain sentences.')
    .argument('<customer>', 'id, or the id of the shop')
    .argument('[message]', 'id of a message: only what led to it')
    .option('--journey <key>', 'only what concerns this journey')
    .option('--limit <n>', 'at most so many decisions', wholeOption('--limit', 1, 500), 50)
    .addOption(homeOption())
    .option('--json', 'print JSON')
    .action((customer: string, message: string | undefined, options: WhyOptions) => tell(customer, message, options))
  for (const option of targetOptions()) why.addOption(option)
  return why
}

async function tell(customer: string, message: string | undefined, options: WhyOptions): Promise<void> {
  const id = await customerId(customer, options)
  const query = new URLSearchParams({ limit: String(options.limit) })
  if (options.journey !== undefined) query.set('journey', options.journey)
  if (message !== undefined) query.set('message', message)
  const why = (await askInstallation(options, `/api/customers/${id}/why?${query.toString()}`)) as Why
  writeResult(options.json, why, () => inWords(why))
}

async function customerId(named: string, options: TargetOptions): Promise<string> {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(named)) return named
  const path = `/api/customers?externalId=${encodeURIComponent(named)}`
  const { customers } = (await askInstallation(options, path)) as { customers: { id: string }[] }
  const [found] = customers
  if (found === undefined) throw new UsageError(`There is no customer ${JSON.stringify(named)}`)
  return found.id
}

/** `churn 0.71`; of recency, frequency and monetary value one word: `rfm 5-3-4`. */
function scoresInWords(scores: Readonly<Record<string, number>>): string[] {
  const { rfm_recency: recency, rfm_frequency: frequency, rfm_monetary: monetary, ...others } = scores
  const told = Object.entries(others).map(([kind, value]) => `${kind} ${Number(value.toPrecision(3))}`)
  return recency === undefined ? told : [...told, `rfm ${recency}-${frequency}-${monetary}`]
}

function inWords({ message, decisions }: Why): string {
  const lines = decisions.map(({ at, sentence, version, scores }) => {
    const facts = [...(version === null ? [] : [`version ${version.slice(0, 8)}`]), ...scoresInWords(scores ?? {})]
    return `${at.slice(0, 16).replace('T', ' ')}  ${sentence}.${facts.length === 0 ? '' : `  [${facts.join(', ')}]`}`
  })
  const known = lines.length === 0 ? ['Nothing has been decided yet.'] : lines
  if (message === undefined) return known.join('\n')
  const { channel, journey, step, status, reason, sender } = message
  const facts = [
    status,
    ...(sender === null ? [] : [`under the identity ${sender}`]),
    ...(reason === null ? [] : [reason]),
  ].join(', ')
  return [...known, '', `The ${channel} ${journey} › ${step}: ${facts}.`].join('\n')
}
