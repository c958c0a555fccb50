/** `perennial simulate`: what the campaigns in a directory would do to a year of a shop, before they are published. */

import { Command } from 'commander'
import { wholeOption } from './analyze/options.ts'
import { dayOption } from './options.ts'
import { poolOption } from './simulate-options.ts'
import type { SimulateOptions } from './simulate-run.ts'

export function simulateCommand(): Command {
  return new Command('simulate')
    .description('Live through a generated year with the campaigns of a directory, and hold every promise against it.')
    .option('--dir <dir>', 'the directory of campaigns', 'campaigns')
    .option('--customers <n>', 'how many customers the shop gets', wholeOption('--customers', 1, 1_000_000), 1_000)
    .option('--days <n>', 'how many days to live through', wholeOption('--days', 1, 3_660), 365)
    .option('--seed <n>', 'another seed is another year', wholeOption('--seed', 0, 0xffff_ffff), 1)
    .option('--from <date>', 'the first day (UTC)', dayOption('--from'), Date.UTC(2026, 0, 1))
    .option(
      '--codes <offer=n...>',
      'how many codes the pool of an offer holds (default: as many as are asked for)',
      poolOption,
      {},
    )
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      '\nStatus 1 if a promise was broken (violations above 0), 2 if the campaigns or options are wrong.',
    )
    .action(async (options: SimulateOptions) => {
      const { runSimulate } = await import('./simulate-run.ts')
      await runSimulate(options)
    })
}
