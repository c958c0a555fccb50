#!/usr/bin/env node
/** The operator's desk: `perennial …`. Each command lives in a file of its own; this one only puts them together. */

import { CommanderError } from 'commander'
import { buildProgram } from './program.ts'
import { oneLine, UsageError } from './usage-error.ts'

try {
  await buildProgram().parseAsync(process.argv)
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode // Commander has already said what was wrong (or printed the help).
  } else if (error instanceof UsageError || error instanceof RangeError) {
    process.stderr.write(`perennial: ${oneLine(error.message)}\n`)
    process.exitCode = 2
  } else {
    process.stderr.write(`perennial: ${oneLine(error instanceof Error ? error.message : String(error))}\n`)
    if (process.env['PERENNIAL_DEBUG'] && error instanceof Error) process.stderr.write(`${error.stack}\n`)
    process.exitCode = 1
  }
}
