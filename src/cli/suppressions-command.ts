/** `perennial suppressions`: addresses that nothing is sent to. They are read from files, and kept as keyed hashes only. */

import { createReadStream } from 'node:fs'
import { Command, Option } from 'commander'
import { type CastingContext, parse } from 'csv-parse'
import { textTable, writeResult } from './analyze/output.ts'
import { askInstallation, type TargetOptions, targetOptions } from './installation.ts'
import { homeOption } from './options.ts'
import { UsageError } from './usage-error.ts'

interface Options extends TargetOptions {
  readonly json?: boolean
}

interface AddAnswer {
  readonly added: number
  readonly known: number
  readonly rejected: readonly { readonly index: number; readonly message: string }[]
}

interface Listed {
  readonly channel: string
  readonly hash: string
  readonly reason: string
  readonly since: string
}

const path = '/api/suppressions'
const pageSize = 1_000
const shownRejects = 10
const addressColumns = ['address', 'email', 'phone']

export function suppressionsCommand(): Command {
  const root = new Command('suppressions').description('Addresses that nothing is sent to: list, add, remove, import.')
  const reason = new Option('--reason <reason>', 'why').choices(['manual', 'stop', 'invalid', 'complaint', 'bounce'])
  const list = root
    .command('list')
    .description('The newest of the list, by the beginning of their hashes.')
    .option('--limit <n>', 'how many, to 500', '50')
    .addOption(
      new Option('--reason <reason>', 'only these').choices([
        'manual',
        'stop',
        'invalid',
        'complaint',
        'bounce',
        'erased',
      ]),
    )
    .action((options: Options & { limit: string; reason?: string }) => runList(options))
  const add = root
    .command('add')
    .description('From now on nothing goes to these addresses.')
    .argument('<address...>', 'e-mail addresses, phone numbers that start with +')
    .addOption(reason.default('manual'))
    .action((addresses: string[], options: Options & { reason: string }) => runAdd(addresses, options))
  const remove = root
    .command('remove')
    .description('Take an address off the list. What its owner said stays.')
    .argument('<address>', 'an e-mail address or a phone number that starts with +')
    .action((address: string, options: Options) => runRemove(address, options))
  const imports = root
    .command('import')
    .description('Add the addresses of a CSV file with a column "address", "email" or "phone", and perhaps "reason".')
    .argument('<file>', 'a CSV file with a header')
    .action((file: string, options: Options) => runImport(file, options))
  for (const command of [list, add, remove, imports]) {
    command.addOption(homeOption()).option('--json', 'print JSON')
    for (const option of targetOptions()) command.addOption(option)
  }
  return root
}

async function runList(options: Options & { limit: string; reason?: string }): Promise<void> {
  const query = new URLSearchParams({ limit: options.limit, ...(options.reason ? { reason: options.reason } : {}) })
  const answer = (await askInstallation(options, `${path}?${query.toString()}`)) as {
    total: number
    suppressions: Listed[]
  }
  const rows = answer.suppressions.map((one) => [one.since.slice(0, 10), one.channel, one.reason, one.hash])
  writeResult(
    options.json,
    answer,
    () => `${textTable(['since', 'channel', 'reason', 'hash'], rows)}\n\n${answer.total} on the list.`,
  )
}

async function runAdd(addresses: readonly string[], options: Options & { reason: string }): Promise<void> {
  const { reason } = options
  const body = { addresses: addresses.map((address) => ({ address, reason })) }
  const answer = (await askInstallation(options, path, body)) as AddAnswer
  const [bad] = answer.rejected
  if (bad !== undefined) throw new UsageError(`address ${bad.index + 1}: ${bad.message}`)
  writeResult(options.json, answer, () => `${answer.added} added, ${answer.known} known already.`)
}

async function runRemove(address: string, options: Options): Promise<void> {
  const answer = await askInstallation(options, path, { address }, 'DELETE')
  writeResult(options.json, Object(answer) as object, () => 'Taken off the list.')
}

interface Line {
  readonly line: number
  readonly entry: { readonly address: string; readonly reason?: string }
}

/** Reads as it goes: memory does not grow with the file. A line that is no address is told by its number. */
async function runImport(file: string, options: Options): Promise<void> {
  const total = { lines: 0, added: 0, known: 0, rejected: [] as { line: number; message: string }[] }
  let page: Line[] = []
  const flush = async (): Promise<void> => {
    if (page.length === 0) return
    const answer = (await askInstallation(options, path, { addresses: page.map(({ entry }) => entry) })) as AddAnswer
    total.lines += page.length
    total.added += answer.added
    total.known += answer.known
    for (const { index, message } of answer.rejected) total.rejected.push({ line: page[index]?.line ?? 0, message })
    page = []
  }
  for await (const line of linesOf(file)) if (page.push(line) === pageSize) await flush()
  await flush()
  writeResult(options.json, total, () => inWords(total))
  if (total.rejected.length > 0) process.exitCode = 1
}

async function* linesOf(file: string): AsyncGenerator<Line> {
  const parser = parse({
    bom: true,
    columns: (names: string[]) => names.map((name) => name.trim().toLowerCase()),
    info: true,
    skip_empty_lines: true,
    trim: true,
    relax_column_count: true,
  })
  const source = createReadStream(file)
  source.on('error', (error) => parser.destroy(error))
  source.pipe(parser)
  try {
    for await (const { record, info } of parser as AsyncIterable<{
      record: Record<string, string>
      info: CastingContext
    }>) {
      const column = addressColumns.find((name) => record[name] !== undefined)
      if (column === undefined) throw new UsageError(`${file}: must have a column ${addressColumns.join(', ')}`)
      const reason = record['reason']
      yield { line: info.lines, entry: { address: record[column] ?? '', ...(reason ? { reason } : {}) } }
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'EISDIR') throw new UsageError(`${file}: is no file that can be read`)
    if (code?.startsWith('CSV_')) throw new UsageError(`${file}: ${(error as Error).message}`)
    throw error
  }
}

function inWords({
  lines,
  added,
  known,
  rejected,
}: {
  lines: number
  added: number
  known: number
  rejected: readonly { line: number; message: string }[]
}): string {
  const bad = rejected.slice(0, shownRejects).map(({ line, message }) => `line ${line}: ${message}`)
  const more = rejected.length > shownRejects ? [`… and ${rejected.length - shownRejects} more`] : []
  return [`${lines} lines: ${added} added, ${known} known already, ${rejected.length} refused.`, ...bad, ...more].join(
    '\n',
  )
}
