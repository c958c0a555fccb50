/** What a command says against its input, without a process of its own: tables of bad input would take minutes. */

import { analyzeCommand } from '../../../src/cli/analyze/analyze-command.ts'
import { oneLine, UsageError } from '../../../src/cli/usage-error.ts'

/** The line that `perennial analyze …` would print before it ends with status 2. @throws Error if nothing was refused. */
export async function refusalOf(...args: string[]): Promise<string> {
  try {
    await analyzeCommand().parseAsync(args, { from: 'user' })
  } catch (error) {
    if (error instanceof UsageError || error instanceof RangeError) return oneLine(error.message)
    throw error
  }
  throw new Error(`not refused: ${args.join(' ')}`)
}
