/**
 * `perennial pause` and `perennial resume`: all sending stops, and goes on. They speak to the database, so that they work also
 * before the product is up; with `--url` to a running installation elsewhere.
 */

import { Command } from 'commander'
import { createClock } from '../clock.ts'
import { readConfig } from '../config.ts'
import { type Database, openDatabase } from '../store/database.ts'
import {
  checkedReason,
  countWaiting,
  findHold,
  type HoldExtent,
  holdSending,
  releaseSending,
  type SendingHold,
  type WaitingMessages,
} from '../store/sending-hold.ts'
import { writeResult } from './analyze/output.ts'
import { askInstallation, databaseOf, type TargetOptions, targetOptions } from './installation.ts'
import { homeOption } from './options.ts'
import { UsageError } from './usage-error.ts'

interface Options extends TargetOptions {
  readonly all?: boolean
  readonly reason: string
  readonly transactional?: boolean
  readonly yes?: boolean
  readonly json?: boolean
}

interface Standing {
  readonly held: (Omit<SendingHold, 'since'> & { readonly since: string | Date }) | null
  readonly waiting: WaitingMessages
}

type Changed = Standing & { readonly changed: boolean }

export function pauseCommand(): Command {
  return withOptions(
    new Command('pause')
      .description('Stop all sending: marketing, or everything. What is planned waits; events are taken as ever.')
      .requiredOption('--reason <text>', 'why, for whoever comes later')
      .option('--transactional', 'receipts and other transactional messages too, and webhook calls'),
  ).action(pause)
}

export function resumeCommand(): Command {
  return withOptions(
    new Command('resume').description('Let sending go on. Without --yes it says how many messages wait.'),
  ).action(resume)
}

function withOptions(command: Command): Command {
  command.option('--all', 'of the whole installation; a journey or a broadcast has a command of its own')
  command.option('--yes', 'do it')
  command.option('--json', 'print JSON')
  for (const option of [...targetOptions(), homeOption()]) command.addOption(option)
  return command
}

async function pause(options: Options): Promise<void> {
  needAll(options, 'pause')
  const extent: HoldExtent = options.transactional === true ? 'everything' : 'marketing'
  const reason = reasonOf(options.reason)
  if (extent === 'everything' && options.yes !== true)
    throw new UsageError('This would stop receipts and webhook calls as well: add --yes to do it')
  const result =
    options.url === undefined
      ? await inDatabase(options, (client, nowMs) => holdSending(client, { extent, reason, by: 'cli' }, nowMs))
      : ((await askInstallation(options, '/api/sending/pause', { extent, reason })) as Changed)
  writeResult(options.json, result, () => standingWords(result))
}

async function resume(options: Options): Promise<void> {
  needAll(options, 'resume')
  if (options.yes !== true) {
    const now = options.url === undefined ? await inDatabase(options) : await askInstallation(options, '/api/sending')
    throw new UsageError(`${standingWords(now as Standing)} Add --yes to let sending go on`)
  }
  const result =
    options.url === undefined
      ? await inDatabase(options, async (client, nowMs) => (await releaseSending(client, 'cli', nowMs)) > 0)
      : ((await askInstallation(options, '/api/sending/resume', {})) as Changed)
  writeResult(options.json, result, () =>
    result.changed
      ? `Sending goes on. What waits (${waitingWords(result.waiting)}) is looked at within a quarter of an hour.`
      : 'Nobody had stopped it.',
  )
}

function needAll({ all }: Options, verb: 'pause' | 'resume'): void {
  if (all === true) return
  throw new UsageError(
    `--all must be given; one journey: "perennial journeys ${verb} KEY", one broadcast: "perennial broadcasts ${verb} KEY"`,
  )
}

function reasonOf(text: string): string {
  try {
    return checkedReason(text)
  } catch (error) {
    throw new UsageError(`--${(error as Error).message}`)
  }
}

function standingWords({ held, waiting }: Standing): string {
  if (held === null) return `Sending is not held; ${waitingWords(waiting)} wait for their moment.`
  const what = held.extent === 'everything' ? 'Nothing is sent' : 'No marketing is sent'
  return `${what} since ${new Date(held.since).toISOString().slice(0, 16)}Z: ${held.reason}. ${waitingWords(waiting)} wait.`
}

function waitingWords({ marketing, transactional }: WaitingMessages): string {
  return `${marketing} marketing and ${transactional} transactional messages`
}

type Change = (client: Parameters<Parameters<Database['transaction']>[0]>[0], nowMs: number) => Promise<boolean>

async function inDatabase(options: Options, change?: Change): Promise<Changed> {
  const database = openDatabase(databaseOf(options), { maxConnections: 1 })
  try {
    const nowMs = createClock(readConfig().clock).nowMs()
    const changed = change === undefined ? false : await database.transaction((client) => change(client, nowMs))
    const held = (await findHold(database.pool)) ?? null
    return { changed, held, waiting: await countWaiting(database.pool) }
  } finally {
    await database.close()
  }
}
