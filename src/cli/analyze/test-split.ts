/** Holding rows back: `--test-every K --test-remainder R` keeps the rows whose number % K is R for the test. */

import type { Command } from 'commander'
import { UsageError } from '../usage-error.ts'
import { refuseOption, wholeOption } from './options.ts'

/** The two options, parsed. */
export interface SplitOptions {
  readonly testEvery: number
  readonly testRemainder: number
}

/** Row numbers, ascending. */
export interface Split {
  readonly train: Uint32Array
  readonly test: Uint32Array
}

/** Adds the two options to a command. */
export function withSplitOptions(command: Command): Command {
  return command
    .requiredOption('--test-every <rows>', 'of so many rows one is for the test', wholeOption('--test-every', 2))
    .requiredOption(
      '--test-remainder <number>',
      'the rows whose number, from 0, leaves this remainder',
      wholeOption('--test-remainder', 0),
    )
}

/** @throws UsageError if the remainder is not below the divisor, or one side would be empty. */
export function splitRows(rowCount: number, { testEvery, testRemainder }: SplitOptions): Split {
  if (testRemainder >= testEvery) {
    refuseOption('--test-remainder', String(testRemainder), `must be below --test-every (${testEvery})`)
  }
  const rows = Uint32Array.from({ length: rowCount }, (_, row) => row)
  const train = rows.filter((row) => row % testEvery !== testRemainder)
  const test = rows.filter((row) => row % testEvery === testRemainder)
  if (test.length === 0 || train.length === 0) {
    const side = test.length === 0 ? 'test' : 'training'
    throw new UsageError(
      `--test-every ${testEvery} --test-remainder ${testRemainder}: must leave a ${side} row of ${rowCount}`,
    )
  }
  return { train, test }
}
