/** `perennial lifecycle`: how many customers come how far, all together and by the month in which they came. */

import { Command } from 'commander'
import type { FunnelRow, StageCohort } from '../store/lifecycle-report.ts'
import { wholeOption } from './analyze/options.ts'
import { textTable, writeResult } from './analyze/output.ts'
import { askInstallation, type TargetOptions, targetOptions } from './installation.ts'
import { homeOption } from './options.ts'

interface LifecycleOptions extends TargetOptions {
  readonly json?: boolean
  readonly months: number
}

export function lifecycleCommand(): Command {
  const command = new Command('lifecycle')
    .description('How many customers come how far: the funnel of the stages, and cohorts by month.')
    .option('--months <n>', 'how many months of newcomers', wholeOption('--months', 1, 120), 12)
    .option('--json', 'print JSON')
    .addOption(homeOption())
    .action((options: LifecycleOptions) => show(options))
  for (const option of targetOptions()) command.addOption(option)
  return command
}

async function show(options: LifecycleOptions): Promise<void> {
  const report = (await askInstallation(options, `/api/lifecycle?months=${options.months}`)) as {
    readonly funnel: readonly FunnelRow[]
    readonly cohorts: readonly StageCohort[]
  }
  writeResult(options.json, report, () =>
    [funnelTable(report.funnel), ...(report.cohorts.length === 0 ? [] : [cohortTable(report.cohorts)])].join('\n\n'),
  )
}

function funnelTable(funnel: readonly FunnelRow[]): string {
  return textTable(
    ['stage', 'reached', 'of the stage before', 'of all', 'days until then', 'here now'],
    funnel.map(({ stage, reached, fromBefore, fromFirst, medianDays, current }) => [
      stage,
      reached,
      percent(fromBefore),
      percent(fromFirst),
      medianDays === null ? '-' : medianDays.toFixed(1),
      current,
    ]),
  )
}

function cohortTable(cohorts: readonly StageCohort[]): string {
  const stages = Object.keys(cohorts[0]?.reached ?? {}) as (keyof StageCohort['reached'])[]
  return textTable(
    ['first seen in', 'customers', ...stages.slice(1)],
    cohorts.map(({ month, size, reached }) => [
      month,
      size,
      ...stages.slice(1).map((stage) => percent(size === 0 ? null : reached[stage] / size)),
    ]),
  )
}

function percent(share: number | null): string {
  return share === null ? '-' : `${(100 * share).toFixed(1)} %`
}
