/** `perennial demo`. */

import { Command } from 'commander'
import { wholeOption } from './analyze/options.ts'
import type { DemoCommandOptions } from './demo/demo-run.ts'
import { portOption } from './options.ts'
import { UsageError } from './usage-error.ts'

export function demoCommand(): Command {
  return new Command('demo')
    .description('Live through the real purchases of a music shop of the nineties, at a day a second.')
    .option('--customers <n>', 'how many customers of the log', wholeOption('--customers', 1, 23_570), 1_000)
    .option('--days <n>', 'how many days to live through', wholeOption('--days', 1, 460), 90)
    .option('--from <date>', 'the first day; what was before is imported', isoDay, Date.parse('1997-03-15T00:00:00Z'))
    .option('--speed <n>', 'how many times faster than real time', wholeOption('--speed', 1, 1_000_000), 86_400)
    .option('--home <dir>', 'where the state is kept; it is emptied first', '.perennial-demo')
    .addOption(portOption())
    .option('--exit', 'end when the days are over, instead of staying up to be looked at')
    .option('--json', 'print the result as one JSON document on stdout, and end')
    .action(async (options: DemoCommandOptions) => {
      // What it needs is large: loaded here, so that other commands answer at once.
      const { runDemoCommand } = await import('./demo/demo-run.ts')
      await runDemoCommand(options)
    })
}

function isoDay(text: string): number {
  const ms = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN
  if (Number.isNaN(ms)) throw new UsageError(`--from: ${JSON.stringify(text)} must be a day like 1997-03-15`)
  if (ms < Date.parse('1997-01-02T00:00:00Z') || ms > Date.parse('1998-06-01T00:00:00Z')) {
    throw new UsageError(`--from: ${text} must be from 1997-01-02 to 1998-06-01, where the log has its purchases`)
  }
  return ms
}
