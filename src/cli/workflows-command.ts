/** `perennial workflows`: whether Temporal and the database agree on what is under way. */

import { Command } from 'commander'
import { wholeOption } from './analyze/options.ts'
import { homeOption } from './options.ts'
import type { CheckCommandOptions } from './workflows-run.ts'

/** Loaded when it is needed: the other commands start faster without it. */
const run = (): Promise<typeof import('./workflows-run.ts')> => import('./workflows-run.ts')

export function workflowsCommand(): Command {
  const workflows = new Command('workflows').description("Customers' workflows in Temporal.")
  workflows
    .command('check')
    .description('Find due work without a workflow, workflows without work, and workflows that are stuck.')
    .option('--repair', 'tell those who are missing, let end what has nothing to do, begin anew what is stuck')
    .option('--grace <seconds>', 'real time in which work may be late', wholeOption('--grace', 0, 86_400), 30)
    .option('--json', 'print JSON')
    .addOption(homeOption())
    .action(async (options: CheckCommandOptions) => (await run()).check(options))
  return workflows
}
