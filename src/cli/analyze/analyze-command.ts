/** `perennial analyze …`: the numbers of src/analytics for files, one subcommand a file. */

import { Command } from 'commander'
import { recommendCommand } from './recommend-command.ts'

/** The `analyze` group. Every subcommand takes `--json`. */
export function analyzeCommand(): Command {
  const analyze = new Command('analyze').description('Run the analytics on files.')
  const subcommands = [recommendCommand()]
  for (const subcommand of subcommands) analyze.addCommand(subcommand)
  return analyze
}
