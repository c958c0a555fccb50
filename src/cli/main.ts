#!/usr/bin/env node
/** The operator's desk: `perennial …`. Each command lives in a file of its own; this one only puts them together. */

import { CommanderError } from 'commander'
import { buildProgram } from './program.ts'
import { oneLine, UsageError } from './usage-error.ts'

// A reader that has seen enough (`… | head`) closes the pipe: nothing is wrong then.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit()
  throw error
})

try {
  await buildProgram().parseAsync(process.argv)
} catch (error) {
  if (error instanceof CommanderError) {
    if (error.exitCode !== 0) complain(commanderComplaint(error), 2) // Status 0: help or version, already printed.
  } else if (error instanceof UsageError || error instanceof RangeError) {
    complain(error.message, 2)
  } else {
    complain(error instanceof Error ? error.message : String(error), 1)
    if (process.env['PERENNIAL_DEBUG'] && error instanceof Error) process.stderr.write(`${error.stack}\n`)
  }
}

function complain(message: string, status: number): void {
  process.stderr.write(`perennial: ${oneLine(message)}\n`)
  process.exitCode = status
}

function commanderComplaint({ code, message }: CommanderError): string {
  if (code === 'commander.help') return 'a command is missing; --help lists them'
  return message.replace(/^error: /, '')
}
