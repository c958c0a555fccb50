/** `perennial test`: the scenarios beside the campaigns, in virtual time. */

import { Command } from 'commander'
import type { TestOptions } from './test-run.ts'

export function testCommand(): Command {
  return new Command('test')
    .description(
      'Live through the scenarios of a directory of campaigns, and compare what happens with what they expect.',
    )
    .argument('[filter]', 'only scenarios whose file or name holds this')
    .option('--dir <dir>', 'the directory of campaigns', 'campaigns')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      '\nStatus 1 if a scenario fails, 2 if files or options are wrong, or if there is no scenario.',
    )
    .action(async (filter: string | undefined, options: TestOptions) => {
      const { runTest } = await import('./test-run.ts')
      await runTest(filter, options)
    })
}
