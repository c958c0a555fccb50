/** All commands of the command line, put together. */

import { Command } from 'commander'
import { analyzeCommand } from './analyze/analyze-command.ts'

/** The whole `perennial` program. Errors are thrown, never `process.exit`ed, so that tests can run it in-process. */
export function buildProgram(): Command {
  const program = new Command('perennial')
    .description('Lifecycle marketing that runs on Temporal.')
    .showHelpAfterError('(add --help for the options)')
  for (const command of [analyzeCommand()]) program.addCommand(command)
  return throwing(program)
}

function throwing(command: Command): Command {
  command.exitOverride()
  for (const child of command.commands) throwing(child)
  return command
}
