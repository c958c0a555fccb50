/** `perennial simulate`: what the campaigns in a directory would do to a generated year, or to the shop's own past. */

import { Command } from 'commander'
import { wholeOption } from './analyze/options.ts'
import { dayOption, homeOption } from './options.ts'
import { poolOption } from './simulate-options.ts'
import type { SimulateOptions } from './simulate-run.ts'

export function simulateCommand(): Command {
  return new Command('simulate')
    .description(
      'Live through a generated year, or the past of the shop, with the campaigns of a directory, and hold every promise against it.',
    )
    .option('--dir <dir>', 'the directory of campaigns', 'campaigns')
    .option('--past', 'the customers, orders and events in the database once more, instead of a generated year')
    .option(
      '--customers <n>',
      'how many customers the shop gets; of its past: at most (default: 1000; of the past: all)',
      wholeOption('--customers', 1, 1_000_000),
    )
    .option('--days <n>', 'how many days to live through', wholeOption('--days', 1, 3_660), 365)
    .option('--seed <n>', 'another seed is another year (default: 1)', wholeOption('--seed', 0, 0xffff_ffff))
    .option(
      '--from <date>',
      'the first day, UTC (default: 2026-01-01; of the past: so that it ends today)',
      dayOption('--from'),
    )
    .option(
      '--codes <offer=n...>',
      'how many codes the pool of an offer holds (default: as many as are asked for)',
      poolOption,
      {},
    )
    .option('--no-changes', 'nobody pauses journeys or publishes new versions of them in the generated year')
    .option('--json', 'print one JSON document')
    .addOption(homeOption())
    .addHelpText(
      'after',
      '\nStatus 1 if a promise was broken (violations above 0), 2 if the campaigns or options are wrong.',
    )
    .action(async (options: SimulateOptions) => {
      const { runSimulate } = await import('./simulate-run.ts')
      await runSimulate(options)
    })
}
