/** `perennial status`: how far a running installation is with what it was given. */

import { Command } from 'commander'
import type { Cell } from './analyze/output.ts'
import { textFacts, writeResult } from './analyze/output.ts'
import type { TargetOptions } from './installation.ts'
import { askInstallation, targetOptions } from './installation.ts'
import { homeOption } from './options.ts'

export function statusCommand(): Command {
  const command = new Command('status')
    .description('Events, news, messages and workflows of a running installation, in numbers.')
    .addOption(homeOption())
    .option('--json', 'print JSON')
    .action(async (options: TargetOptions & { readonly json?: boolean }) => {
      const status = Object(await askInstallation(options, '/api/status')) as object
      writeResult(options.json, status, () => textFacts(flatten(status)))
    })
  for (const option of targetOptions()) command.addOption(option)
  return command
}

/** `{ events: { accepted: 3 } }` as "events accepted: 3". */
function flatten(value: object, path: readonly string[] = []): Record<string, Cell> {
  const facts: Record<string, Cell> = {}
  for (const [name, inner] of Object.entries(value) as [string, unknown][]) {
    const here = [...path, name]
    if (typeof inner === 'object' && inner !== null) Object.assign(facts, flatten(inner, here))
    else facts[here.join(' ')] = typeof inner === 'number' || typeof inner === 'string' ? inner : JSON.stringify(inner)
  }
  return facts
}
