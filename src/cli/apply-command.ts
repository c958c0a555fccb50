/** `perennial validate` and `perennial apply`: campaigns from files to what is in force. */

import { Command } from 'commander'
import type { ApplyOptions, ValidateOptions } from './apply-run.ts'
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

export function applyCommand(): Command {
  return new Command('apply')
    .description('Publish campaign files: what changed becomes a new version, whoever is in a journey stays on theirs.')
    .option('--dir <dir>', 'the directory of campaigns', 'campaigns')
    .option('--dry-run', 'only say what would be published')
    .option('--json', 'print one JSON document')
    .addOption(homeOption())
    .action(async (options: ApplyOptions) => {
      const { runApply } = await import('./apply-run.ts')
      await runApply(options)
    })
}
