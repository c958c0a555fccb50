/** What `perennial start` does: brings an installation up and keeps it up until Ctrl-C. */

import { flushCompileCache } from 'node:module'
import type { ProcessName } from '../embedded/process-names.ts'
import type { Installation } from '../embedded/supervisor.ts'
import { startInstallation } from '../embedded/supervisor.ts'
import { consoleLoginUrl } from '../store/links.ts'
import { homeOf } from './options.ts'

export interface StartOptions {
  readonly home?: string
  readonly port?: number
  readonly only?: readonly ProcessName[]
  readonly readyJson?: boolean
  /** Why nothing is to be sent. */
  readonly hold?: string
}

/** One Ctrl-C arrives several times: from the terminal, from npm and from the launcher. */
const sameKeyPressMs = 1000
const loginLinkValidMs = 60 * 60 * 1000

/** Starts, says so, and returns when everything is down again. */
export async function runStart(options: StartOptions): Promise<void> {
  const startedAt = performance.now()
  // In JSON mode stdout belongs to the one line.
  const out = options.readyJson ? process.stderr : process.stdout
  const say = (line: string): boolean => out.write(`${line}\n`)
  process.stderr.on('error', () => undefined) // Whoever started us may have stopped listening.
  const ended = untilStopped(() => installation, say)
  let installation: Installation | undefined
  installation = await startInstallation({
    home: homeOf(options),
    ...(options.port === undefined ? {} : { port: options.port }),
    ...(options.only === undefined ? {} : { processes: options.only }),
    ...(options.hold === undefined ? {} : { hold: options.hold }),
    report: {
      step: (text) => say(`  … ${text}`),
      up: (name, tookMs) => say(`  ${name.padEnd(34)} ${seconds(tookMs)}`),
      down: (name, reason, retryInMs) => say(`  ! ${name}: ${reason}; back in ${seconds(retryInMs)}`),
    },
  })
  say(`Perennial is up after ${seconds(performance.now() - startedAt)}.`)
  if (options.readyJson) process.stdout.write(`${JSON.stringify(readyLine(installation))}\n`)
  else say(table(installation))
  flushCompileCache() // Not only at the end, which may be a kill: the next start is to be quick.
  await ended
}

/**
 * Resolves when everything is down after Ctrl-C, SIGTERM, or the end of the process that started us. A second signal
 * ends at once; so does one that comes before we are up, and what was started notices that we are gone.
 */
function untilStopped(running: () => Installation | undefined, say: (line: string) => void): Promise<void> {
  return new Promise((resolve) => {
    let stoppingSince: number | undefined
    const stop = (status: number): void => {
      const installation = running()
      if (installation === undefined) process.exit(status)
      if (stoppingSince !== undefined) {
        if (performance.now() - stoppingSince > sameKeyPressMs) process.exit(status)
        return
      }
      stoppingSince = performance.now()
      say('Stopping …')
      installation.stop().then(() => {
        say('Stopped.')
        resolve()
        process.exit(0)
      }, fail)
    }
    const fail = (error: unknown): void => {
      say(`Stopped with an error: ${error instanceof Error ? error.message : String(error)}`)
      process.exit(1)
    }
    process.on('SIGINT', () => stop(130))
    process.on('SIGTERM', () => stop(143))
    process.on('SIGHUP', () => stop(129))
    process.once('disconnect', () => stop(1))
    process.channel?.unref() // Listening alone must not keep us here when the start has failed.
  })
}

function readyLine(installation: Installation): object {
  const { url, temporalAddress, temporalUi, mailUi, smsUi, smtp, databaseUrl, home, firstKeys } = installation
  return { url, temporalAddress, temporalUi, mailUi, smsUi, smtp, databaseUrl, home, ...firstKeys }
}

function table(installation: Installation): string {
  const { url, temporalUi, mailUi, smsUi, firstKeys, home, vault } = installation
  const rows: [string, string | null][] = [
    ['Console and API', url],
    ['Sign in to the console', consoleLoginUrl(vault, url, loginLinkValidMs)],
    ['Temporal UI', temporalUi],
    ['Caught mail', mailUi],
    ['Caught SMS', smsUi],
    ['State', home],
  ]
  if (firstKeys) {
    rows.push(['Write key, for events', firstKeys.writeKey], ['Admin token, for the rest', firstKeys.adminToken])
  }
  const lines = rows.filter(([, value]) => value !== null).map(([name, value]) => `  ${name.padEnd(26)} ${value}`)
  const note = firstKeys ? '\n  The keys are shown this once: keep them.' : ''
  return `\n${lines.join('\n')}\n${note}\nCtrl-C stops everything; the next start finds the same data.`
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
