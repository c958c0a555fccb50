/** `perennial import`: a shop's past from files. */

import { Command, Option } from 'commander'
import { homeOption } from '../options.ts'
import type { ImportOptions } from './import-run.ts'

const kinds: Readonly<Record<string, string>> = {
  customers: 'people: a line each, with what is known of them',
  orders: 'orders: a line for each, or for each of its products',
  events: 'what people did: a line each',
  consent: 'who agreed to what, or withdrew: when, how, and to which words',
  retail: 'the invoices of a shop in the layout of UCI "Online Retail", with all that is odd in them',
}

export function importCommand(): Command {
  const command = new Command('import')
    .description('Bring in a shop’s past from CSV or JSON lines, also packed with gzip. Nothing of it is news.')
    .addHelpText('after', statusHelp)
  for (const [kind, description] of Object.entries(kinds)) command.addCommand(kindCommand(kind, description))
  return command
}

const statusHelp = `
Status: 0 every line was taken; 3 finished, but lines were rejected; 2 a mistake of the caller, nothing was changed;
1 ended before the end of the file: the same command goes on from there.`

function kindCommand(kind: string, description: string): Command {
  return new Command(kind)
    .description(`Import ${description}.`)
    .argument('<file>', 'the file; - for standard input')
    .option('--map <column=field>', 'take a column for a field (again for each); "column=" leaves it out', collect, [])
    .option('--mapping <file>', 'the same from a JSON or YAML file: {column: field}')
    .addOption(new Option('--format <format>', 'instead of what the content looks like').choices(['csv', 'jsonl']))
    .option('--delimiter <character>', 'between the values of CSV (default: the likeliest of , ; and tab)')
    .addOption(new Option('--dates <order>', 'how days are written').choices(['iso', 'dmy', 'mdy']).default('iso'))
    .option('--time-zone <zone>', 'of times that name none', 'UTC')
    .option('--currency <code>', 'of amounts that name none', kind === 'retail' ? 'GBP' : 'USD')
    .option('--source <text>', 'where consent comes from, if the file does not say')
    .option('--rejects <file>', 'where rejected lines go (default: beside the input, with .rejects.csv)')
    .option('--again', 'import it once more, though it was imported before')
    .option('--dry-run', 'only count, and show the first problems')
    .addOption(homeOption())
    .option('--json', 'print one JSON document')
    .action(async (path: string, options: ImportOptions) => {
      const { runImport } = await import('./import-run.ts')
      await runImport(kind, path, options)
    })
}

function collect(value: string, before: readonly string[]): string[] {
  return [...before, value]
}
