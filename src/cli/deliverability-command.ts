/** `perennial deliverability`: rates of bounces and complaints, what is paused and why, and to resume it. */

import { Command } from 'commander'
import { type PlanReport, planInWords } from '../domain/sender-report.ts'
import { textTable, writeResult } from './analyze/output.ts'
import { askInstallation, type TargetOptions, targetOptions } from './installation.ts'
import { homeOption } from './options.ts'

interface Options extends TargetOptions {
  readonly json?: boolean
}

interface Report {
  readonly rates: readonly {
    readonly scope: string
    readonly key: string
    readonly sent: number
    readonly bounced: number
    readonly complained: number
    readonly level: string
  }[]
  /** Of identities whose domain is new to mailboxes. */
  readonly plans: readonly ({ readonly sender: string; readonly domain: string } & PlanReport)[]
  readonly pauses: readonly {
    readonly id: string
    readonly scope: string
    readonly key: string
    readonly reason: string
  }[]
}

export function deliverabilityCommand(): Command {
  const command = new Command('deliverability')
    .description(
      'How well mail arrives, by receiving domain, by journey and by the identity that sends; what is paused, and why.',
    )
    .option('--json', 'print JSON')
    .action(async (options: Options) => {
      const report = (await askInstallation(options, '/api/deliverability')) as Report
      writeResult(options.json, report, () => readable(report))
    })
  const resume = new Command('resume')
    .description('Let a paused domain, journey or sender send again.')
    .argument('<id>', 'the number of the pause')
    .action(async (id: string, _own: Options, command: Command) => {
      // What both of them know, such as --url, the outer command takes.
      const options: Options = command.optsWithGlobals()
      const path = `/api/deliverability/pauses/${encodeURIComponent(id)}/resume`
      const result = (await askInstallation(options, path, {})) as object
      writeResult(false, result, () => `Pause ${id} is lifted.`)
    })
  for (const one of [command, resume]) for (const option of [...targetOptions(), homeOption()]) one.addOption(option)
  return command.addCommand(resume)
}

function readable({ rates, pauses, plans }: Report): string {
  const rows = rates.map(({ scope, key, sent, bounced, complained, level }) => [
    scope,
    key,
    sent,
    `${bounced} (${share(bounced, sent)})`,
    `${complained} (${share(complained, sent)})`,
    level === 'ok' ? '' : level,
  ])
  const table =
    rows.length === 0
      ? 'No marketing mail has left in the last three days.'
      : textTable(['', 'key', 'sent', 'no such address', 'complaints', ''], rows)
  const paused = pauses.map(({ id, reason }) => `PAUSED (${id}): ${reason}`)
  const warming = plans.map((plan) => `${plan.sender} (${plan.domain}): ${planInWords(plan)}.`)
  return [table, ...warming, ...paused].join('\n\n')
}

function share(part: number, whole: number): string {
  return `${((part / Math.max(1, whole)) * 100).toFixed(2)} %`
}
