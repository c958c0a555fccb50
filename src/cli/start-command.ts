/** `perennial start`. */

import { Command } from 'commander'
import { processNames } from '../embedded/process-names.ts'
import { homeOption, onlyOption, portOption } from './options.ts'
import type { StartOptions } from './start-run.ts'

export function startCommand(): Command {
  return new Command('start')
    .description('Bring up the product and, where none are configured, PostgreSQL, Temporal, mail and SMS of its own.')
    .addOption(homeOption())
    .addOption(portOption())
    .addOption(onlyOption(processNames))
    .option('--hold <reason>', 'send nothing until "perennial resume --all": for a database restored from a copy')
    .option('--ready-json', 'print one line of JSON on stdout when everything is up, and nothing else there')
    .action(async (options: StartOptions) => {
      // What it needs is large: loaded here, so that other commands answer at once.
      const { runStart } = await import('./start-run.ts')
      await runStart(options)
    })
}
