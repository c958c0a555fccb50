/** `perennial traits`: the traits that are computed by rule. */

import { Command } from 'commander'
import { homeOption } from './options.ts'
import type { TraitsOptions } from './traits-run.ts'

/** Loaded when it is needed: the other commands start faster without it. */
const run = (): Promise<typeof import('./traits-run.ts')> => import('./traits-run.ts')

export function traitsCommand(): Command {
  const traits = new Command('traits').description('Traits computed by rule: list, look into, archive.')
  const sub = (name: string, description: string): Command =>
    traits.command(name).description(description).addOption(homeOption()).option('--json', 'print JSON')

  sub('list', 'All computed traits in force, and how many customers have a value.').action(
    async (options: TraitsOptions) => (await run()).list(options),
  )
  sub('show', 'One computed trait: its rule, and its most frequent values.')
    .argument('<key>')
    .action(async (key: string, options: TraitsOptions) => (await run()).show(key, options))
  sub('archive', 'Take a computed trait out of use: nobody has a value from then on.')
    .argument('<key>')
    .option('--yes', 'do it, instead of saying what would happen')
    .action(async (key: string, options: TraitsOptions & { readonly yes?: boolean }) =>
      (await run()).archive(key, options),
    )
  return traits
}
