/** One process of the product: a Node process of its own, configured by its environment alone. */

import type { ChildProcess } from 'node:child_process'
import { fork } from 'node:child_process'
import { closeSync } from 'node:fs'
import { compileCacheEnv } from '../../bin/setup/compile-cache.mjs'
import { markProcess, signalProcess, waitUntilGone } from './processes.ts'
import { ServiceError } from './service-error.ts'
import { openServiceLog } from './service-log.ts'
import type { Running } from './service-process.ts'

export interface ProductProcess extends Running {
  /** What it said of itself when it was ready, such as its `url`. */
  readonly ready: Readonly<Record<string, unknown>>
}

export interface ProductProcessOptions {
  /** As in the log and in messages. */
  readonly name: string
  /** The TypeScript file to run. */
  readonly script: string
  /** The whole environment. */
  readonly env: NodeJS.ProcessEnv
  readonly logPath: string
}

const readyTimeoutMs = 120_000
/** The process itself gives up after 20 s; then it is ours to end. */
const stopGraceMs = 25_000

/**
 * Starts the process and waits until it says that it is ready. It has a session of its own, so that Ctrl-C in a terminal
 * reaches only us; and a channel to us, whose end tells it that we are gone.
 *
 * @throws ServiceError with the reason that it gave, if it ends before it is ready.
 */
export async function startProductProcess(options: ProductProcessOptions): Promise<ProductProcess> {
  const log = openServiceLog(options.logPath)
  const child = fork(options.script, [], {
    env: { ...compileCacheEnv(), ...options.env },
    execArgv: ['--disable-warning=ExperimentalWarning', '--enable-source-maps'],
    detached: true,
    stdio: ['ignore', log.fd, log.fd, 'ipc'],
  })
  closeSync(log.fd)
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
  const mark = (child.pid === undefined ? undefined : markProcess(child.pid)) ?? { pid: 0, startedAt: 'gone' }
  const stop = async (): Promise<void> => {
    signalProcess(mark, 'SIGTERM')
    if (!(await waitUntilGone(mark, stopGraceMs))) signalProcess(mark, 'SIGKILL')
    await exited
  }
  const ready = await whenReady(child, exited)
  if (ready === undefined) {
    await stop()
    throw new ServiceError(`The process "${options.name}" did not start: ${lastWords(log.tail())}; see ${log.path}`)
  }
  return { ready, mark, exited, stop }
}

function whenReady(child: ChildProcess, exited: Promise<void>): Promise<Readonly<Record<string, unknown>> | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), readyTimeoutMs)
    const settle = (ready: Readonly<Record<string, unknown>> | undefined): void => {
      clearTimeout(timer)
      resolve(ready)
    }
    child.on('message', (message: unknown) => {
      if (typeof message === 'object' && message !== null && 'type' in message && message.type === 'ready') {
        settle(message)
      }
    })
    void exited.then(() => settle(undefined))
  })
}

/** The last thing in a log that says why: the error of a log line, or the last line that is not a stack. */
function lastWords(tail: string): string {
  const lines = tail.trim().split('\n').reverse()
  for (const line of lines) {
    const error = /"error":\{[^}]*?"message":("(?:[^"\\]|\\.)*")/.exec(line)?.[1]
    if (error !== undefined) return JSON.parse(error) as string
  }
  return lines.find((line) => /^\w*Error\b/.test(line)) ?? lines[0] ?? 'no reason given'
}
