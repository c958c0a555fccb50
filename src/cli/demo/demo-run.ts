/** What `perennial demo` does: runs it, shows how it goes, and says what came of it. */

import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { runningInstallation } from '../../embedded/home.ts'
import type { Installation } from '../../embedded/supervisor.ts'
import { consoleLoginUrl } from '../../store/links.ts'
import { UsageError } from '../usage-error.ts'
import type { DemoReport } from './report.ts'
import { type DemoProgress, runDemo } from './run-demo.ts'

export interface DemoCommandOptions {
  readonly customers: number
  readonly days: number
  readonly from: number
  readonly speed: number
  readonly home: string
  readonly port?: number
  readonly exit?: boolean
  readonly json?: boolean
}

export async function runDemoCommand(options: DemoCommandOptions): Promise<void> {
  const say = (line: string): boolean => process.stderr.write(`${line}\n`)
  const home = emptiedHome(options.home)
  const interrupted = onInterrupt()
  const { installation, report } = await runDemo({
    home,
    ...(options.port === undefined ? { port: 0 } : { port: options.port }),
    customers: options.customers,
    days: options.days,
    fromMs: options.from,
    speed: options.speed,
    reporter: {
      step: (text) => say(`  … ${text}`),
      up: (name, tookMs) => say(`  ${name.padEnd(60)} ${(tookMs / 1000).toFixed(1)} s`),
      down: (name, reason, retryInMs) => say(`  ! ${name}: ${reason}; back in ${(retryInMs / 1000).toFixed(1)} s`),
    },
    onProgress: progressLine(),
    onLive: (running) => {
      if (!options.json) say(`${addresses(running)}\n`) // So that people can watch while the days go by.
      void interrupted.then(() => running.stop()).then(() => process.exit(130))
    },
  })
  if (process.stderr.isTTY) process.stderr.write('\n')
  if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`)
  else process.stdout.write(`${summary(report)}\n`)
  if (options.json || options.exit) return end(installation)
  process.stdout.write(`${addresses(installation)}\nIt goes on until Ctrl-C.\n`)
  await interrupted
  say('Stopping …')
  return end(installation)
}

/** The channel to the launcher would keep this process waiting. */
async function end(installation: Installation): Promise<never> {
  await installation.stop()
  process.exit(0)
}

/** A demo begins anew each time. Only a folder that an earlier one made is emptied. */
function emptiedHome(path: string): string {
  const home = resolve(path)
  if (runningInstallation(home))
    throw new UsageError(`--home: a demo already runs in ${path}: stop it, or choose another`)
  const isForeign = existsSync(home) && readdirSync(home).length > 0 && !existsSync(join(home, 'master.key'))
  if (isForeign) throw new UsageError(`--home: ${path} holds something else than a demo: choose an empty folder`)
  rmSync(home, { recursive: true, force: true })
  return home
}

function onInterrupt(): Promise<void> {
  return new Promise((end) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => end())
    process.once('disconnect', () => end())
  })
}

/** One line that stays in its place on a terminal; elsewhere one line a second would be too many. */
function progressLine(): (progress: DemoProgress) => void {
  const everyMs = process.stderr.isTTY ? 0 : 10_000
  let shownAt = Number.NEGATIVE_INFINITY
  return ({ nowMs, sent, events, stages, messages, replies }) => {
    if (performance.now() - shownAt < everyMs) return
    shownAt = performance.now()
    const day = new Date(nowMs).toISOString().slice(0, 10)
    const standing = Object.entries(stages)
      .map(([stage, count]) => `${stage} ${count}`)
      .join(' · ')
    const leavers = replies.unsubscribed + replies.stopped
    const line = `  ${day} · ${sent}/${events} events · ${messages} messages · ${leavers} opt-outs · ${standing}`
    process.stderr.write(process.stderr.isTTY ? `\r\u001B[2K${line}` : `${line}\n`)
  }
}

function summary(report: DemoReport): string {
  const { customers, stages, moves, messages, duplicates, unexplained, workflows, models, refusals } = report
  const line = (name: string, value: string | number): string => `  ${name.padEnd(24)} ${value}`
  const counts = (table: Readonly<Record<string, number>>): string =>
    Object.entries(table)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ') || 'none'
  const table = (rows: Readonly<Record<string, Readonly<Record<string, number>>>>): string[] =>
    Object.entries(rows).map(([name, row]) => line(`  ${name}`, counts(row)))
  return [
    line('Customers', customers),
    line('Stages', counts(stages)),
    line('Moves', moves),
    line('Messages', messages.total),
    ...table(messages.byChannel),
    ...table(messages.byJourney),
    line('Not sent, and why', counts(refusals)),
    line('Twice', duplicates),
    line('Unexplained', unexplained),
    line('Workflows', counts({ ...workflows })),
    ...models.map(({ kind, version, method }) => line(`Model of ${kind}`, `version ${version}, ${method}`)),
  ].join('\n')
}

/** While people look at it. */
const loginLinkValidMs = 12 * 3_600_000

function addresses({ url, temporalUi, mailUi, smsUi, vault }: Installation): string {
  const known: readonly (readonly [string, string | null])[] = [
    ['Sign in to the console', consoleLoginUrl(vault, url, loginLinkValidMs)],
    ['Console', url],
    ['Temporal UI', temporalUi],
    ['Mail catcher', mailUi],
    ['SMS catcher', smsUi],
  ]
  return known.flatMap(([name, address]) => (address === null ? [] : [`  ${name.padEnd(24)} ${address}`])).join('\n')
}
