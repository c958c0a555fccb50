/** `perennial analyze …`: the numbers of src/analytics for files, one subcommand a file. */

import { Command } from 'commander'
import { clustersCommand } from './clusters-command.ts'
import { experimentCommand } from './experiment-command.ts'
import { forecastCommand } from './forecast-command.ts'
import { predictCommand } from './predict-command.ts'
import { recommendCommand } from './recommend-command.ts'
import { rfmCommand } from './rfm-command.ts'
import { rulesCommand } from './rules-command.ts'
import { sequencesCommand } from './sequences-command.ts'
import { upliftCommand } from './uplift-command.ts'
import { valueCommand } from './value-command.ts'

/** The `analyze` group. Every subcommand takes `--json`. */
export function analyzeCommand(): Command {
  const analyze = new Command('analyze').description('Run the analytics on files.')
  const subcommands = [
    clustersCommand(),
    experimentCommand(),
    forecastCommand(),
    predictCommand(),
    recommendCommand(),
    rfmCommand(),
    rulesCommand(),
    sequencesCommand(),
    upliftCommand(),
    valueCommand(),
  ]
  for (const subcommand of subcommands) analyze.addCommand(subcommand)
  return analyze
}
