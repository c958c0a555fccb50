/** `perennial export`: customers, all or those of a segment, as CSV or JSON lines. */

import { Command, Option } from 'commander'
import { namesOption } from '../analyze/options.ts'
import { homeOption } from '../options.ts'
import type { ExportOptions } from './export-run.ts'

export function exportCommand(): Command {
  const command = new Command('export').description(
    'Write customers to a file. Personal values are masked unless asked for.',
  )
  command.addCommand(
    kindCommand('segment', 'the members of a segment')
      .argument('<key>', 'of the segment')
      .action((key: string, options: ExportOptions) => run(key, options)),
  )
  command.addCommand(
    kindCommand('customers', 'all customers').action((options: ExportOptions) => run(undefined, options)),
  )
  return command
}

function kindCommand(name: string, what: string): Command {
  return new Command(name)
    .description(`Write ${what}.`)
    .addOption(new Option('--format <format>', 'of the file').choices(['csv', 'jsonl']).default('csv'))
    .option(
      '--columns <names>',
      'id, customer_id, email, phone, stage, …, traits.NAME, personal.NAME',
      namesOption('--columns'),
    )
    .option('--out <file>', 'instead of standard output; it appears whole or not at all')
    .option('--force', 'replace the file if there is one')
    .option('--with-personal', 'personal values in full; that it was done is recorded')
    .addOption(homeOption())
    .option('--json', 'say how many there were as JSON; needs --out')
}

async function run(segment: string | undefined, options: ExportOptions): Promise<void> {
  const { runExport } = await import('./export-run.ts')
  await runExport(segment, options)
}
