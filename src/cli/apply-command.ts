/** `perennial validate`, `perennial plan` and `perennial apply`: campaigns from files to what is in force. */

import { Command } from 'commander'
import type { ApplyOptions, PlanOptions, ValidateOptions } from './apply-run.ts'
import { homeOption } from './options.ts'

export function validateCommand(): Command {
  return new Command('validate')
    .description('Check campaign files without touching anything.')
    .option('--dir <dir>', 'the directory of campaigns', 'campaigns')
    .option('--json', 'print one JSON document')
    .action(async (options: ValidateOptions) => {
      const { runValidate } = await import('./apply-run.ts')
      await runValidate(options)
    })
}

export function planCommand(): Command {
  return withInFlight(
    new Command('plan').description('Say what publishing campaign files would change, and whom that concerns.'),
  )
    .option('--check', 'end with status 1 if anything would change')
    .action(async (options: PlanOptions) => {
      const { runPlan } = await import('./apply-run.ts')
      await runPlan(options)
    })
}

export function applyCommand(): Command {
  return withInFlight(
    new Command('apply').description(
      'Publish campaign files, all or nothing: what changed becomes a new version, whoever is in a journey stays on theirs.',
    ),
  )
    .option('--dry-run', 'only say what would be published')
    .option('--yes', 'also if people would have to leave a journey')
    .action(async (options: ApplyOptions) => {
      const { runApply } = await import('./apply-run.ts')
      await runApply(options)
    })
}

function withInFlight(command: Command): Command {
  return command
    .option('--dir <dir>', 'the directory of campaigns', 'campaigns')
    .option(
      '--in-flight <journey=choice...>',
      'for people in flight: stay, exit or move, instead of what the file says',
    )
    .option('--map <journey:old=new...>', 'with move: from step to step; "journey:old=-" lets those of a step leave')
    .option('--json', 'print one JSON document')
    .addOption(homeOption())
}
