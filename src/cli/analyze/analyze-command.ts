/** `perennial analyze …`: the numbers of src/analytics for files, one subcommand a file. */

import { Command } from 'commander'
import { predictCommand } from './predict-command.ts'
import { recommendCommand } from './recommend-command.ts'
import { rulesCommand } from './rules-command.ts'

/** The `analyze` group. Every subcommand takes `--json`. */
export function analyzeCommand(): Command {
  const analyze = new Command('analyze').description('Run the analytics on files.')
  const subcommands = [predictCommand(), recommendCommand(), rulesCommand()]
  for (const subcommand of subcommands) analyze.addCommand(subcommand)
  return analyze
}
