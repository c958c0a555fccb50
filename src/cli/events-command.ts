/** `perennial events`: what comes in, as it comes in. */

import { setTimeout as sleep } from 'node:timers/promises'
import { Command } from 'commander'
import { wholeOption } from './analyze/options.ts'
import { textTable, writeResult } from './analyze/output.ts'
import { askInstallation, type TargetOptions, targetOptions } from './installation.ts'
import { homeOption } from './options.ts'
import { UsageError } from './usage-error.ts'

interface Event {
  readonly id: number
  readonly type: string
  readonly name: string | null
  readonly userId: string | null
  readonly anonymousId: string | null
  readonly receivedAt: string
  readonly handledAt: string | null
  readonly problem: string | null
  readonly properties: Readonly<Record<string, unknown>>
}

interface Page {
  readonly events: readonly Event[]
  readonly cursor: string | null
}

interface Options extends TargetOptions {
  readonly name?: string
  readonly problems?: boolean
  readonly waiting?: boolean
  readonly limit: number
  readonly follow?: boolean
  readonly json?: boolean
}

export function eventsCommand(): Command {
  const command = new Command('events')
    .description('Show what came in, the newest first; with --follow what comes in, as it comes.')
    .option('--name <name>', 'only these: the name of a track event, else the type, such as identify')
    .option('--problems', 'only those that could not be used, or not entirely')
    .option('--waiting', 'only those that are not handled yet')
    .option('--limit <n>', 'at most so many', wholeOption('--limit', 1, 500), 50)
    .option('--follow', 'go on until Ctrl-C; with --json one document a line')
    .option('--json', 'print JSON')
    .addOption(homeOption())
    .action((options: Options) => (options.follow ? follow(options) : show(options)))
  for (const option of targetOptions()) command.addOption(option)
  return command
}

async function show(options: Options): Promise<void> {
  const page = await ask(options, options.limit)
  writeResult(options.json, page, () => {
    if (page.events.length === 0) return page.cursor === null ? 'No such events.' : 'None among the newest events.'
    const rows = page.events.map((event) => [timeOf(event), nameOf(event), whoOf(event), stateOf(event)])
    const table = textTable(['received (UTC)', 'event', 'who', 'state'], rows)
    return page.cursor === null ? table : `${table}\n… and older ones: --limit shows up to 500`
  })
}

const pollMs = 1_000
const mostAtOnce = 500

/** Those that are there already are not shown again; ids come nearly in order, so a few back are looked at as well. */
async function follow(options: Options): Promise<void> {
  let known = new Set((await ask(options, mostAtOnce)).events.map(({ id }) => id))
  let floor = known.size === 0 ? 0 : Math.min(...known)
  if (!options.json) process.stderr.write('Waiting for events; Ctrl-C ends it.\n')
  for (;;) {
    await sleep(pollMs)
    const { events } = await ask(options, mostAtOnce)
    const fresh = events.filter(({ id }) => id >= floor && !known.has(id)).toReversed()
    for (const event of fresh) process.stdout.write(`${options.json ? JSON.stringify(event) : lineOf(event)}\n`)
    if (fresh.length === mostAtOnce) process.stderr.write('… more came than can be shown\n')
    if (events.length === 0) continue
    known = new Set(events.map(({ id }) => id))
    floor = Math.max(floor, Math.min(...known))
  }
}

async function ask({ name, problems, waiting, ...options }: Options, limit: number): Promise<Page> {
  if (problems && waiting) throw new UsageError('--problems, --waiting: only one of them may be given')
  const query = new URLSearchParams({ limit: String(limit) })
  if (name !== undefined) query.set('name', name)
  if (problems) query.set('state', 'problem')
  if (waiting) query.set('state', 'waiting')
  return (await askInstallation(options, `/api/events?${query.toString()}`)) as Page
}

const mostShown = 100

function lineOf(event: Event): string {
  const properties = JSON.stringify(event.properties)
  const shown = properties.length > mostShown ? `${properties.slice(0, mostShown)}…` : properties
  return [timeOf(event), nameOf(event), whoOf(event), event.problem ?? '', shown]
    .filter((part) => part !== '')
    .join('  ')
}

function timeOf({ receivedAt }: Event): string {
  return receivedAt.slice(0, 19).replace('T', ' ')
}

function nameOf({ type, name }: Event): string {
  return type === 'track' ? (name ?? type) : [type, name].filter((part) => part !== null).join(' ')
}

function whoOf({ userId, anonymousId }: Event): string {
  return userId ?? (anonymousId === null ? '' : `browser ${anonymousId}`)
}

function stateOf({ problem, handledAt }: Event): string {
  return problem ?? (handledAt === null ? 'waits' : 'handled')
}
