/**
 * Runs a foreign program as a service: in a session of its own, so that Ctrl-C in a terminal reaches only us and we stop
 * things in order; with a guard, so that it does not outlive us when we are killed.
 */

import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { closeSync } from 'node:fs'
import { Socket } from 'node:net'
import { inheritedEnvironment } from '../config.ts'
import type { ProcessMark } from './processes.ts'
import { markProcess, signalProcess, waitUntilGone } from './processes.ts'
import { ServiceError } from './service-error.ts'
import { openServiceLog } from './service-log.ts'

export interface ServiceOptions {
  readonly command: string
  readonly args: readonly string[]
  readonly logPath: string
  readonly env?: NodeJS.ProcessEnv
  /** Run as this user: only root may ask for it. */
  readonly account?: { readonly uid: number; readonly gid: number } | undefined
  /** The signal that asks the program to stop properly, and how long it may take to. */
  readonly stopSignal: NodeJS.Signals
  readonly stopGraceMs: number
}

/** Something of ours that runs until it is stopped or fails. */
export interface Running {
  readonly mark: ProcessMark
  /** Resolves when it has ended, however it ended. */
  readonly exited: Promise<void>
  /** Stops it properly; kills it if that takes too long. */
  stop(): Promise<void>
}

export interface ServiceProcess extends Running {
  /** Whether it runs, as far as we were told. */
  isUp(): boolean
  /** What it wrote lately. */
  tail(): string
}

/** Starts the program. @throws ServiceError if it cannot be run at all. */
export async function startService(options: ServiceOptions): Promise<ServiceProcess> {
  const log = openServiceLog(options.logPath)
  const child = spawn(options.command, options.args, {
    ...options.account,
    cwd: '/', // Our own directory may be one that the service's user must not enter.
    env: options.env ?? inheritedEnvironment(),
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
  })
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
  // At once: were we killed while we wait to hear that it runs, nobody would end it.
  const guard = child.pid === undefined ? undefined : startGuard(child.pid, options)
  const mark = await whenSpawned(child, options.command).finally(() => closeSync(log.fd))
  void exited.then(() => guard?.kill('SIGKILL'))
  child.unref()
  return {
    mark,
    exited,
    isUp: () => child.exitCode === null && child.signalCode === null,
    tail: () => log.tail(),
    async stop() {
      child.ref()
      signalProcess(mark, options.stopSignal)
      if (!(await waitUntilGone(mark, options.stopGraceMs))) signalProcess(mark, 'SIGQUIT')
      if (!(await waitUntilGone(mark, quitGraceMs))) signalProcess(mark, 'SIGKILL')
      await exited
    },
  }
}

function whenSpawned(child: ChildProcess, command: string): Promise<ProcessMark> {
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new ServiceError(`${command} could not be run: ${error.message}`)))
    child.once('spawn', () => {
      const mark = child.pid === undefined ? undefined : markProcess(child.pid)
      // It may already have ended: a mark that matches nothing says so to everybody who asks.
      resolve(mark ?? { pid: child.pid ?? 0, startedAt: 'gone' })
    })
  })
}

/**
 * Between asking and killing: whoever is killed cannot end its own processes. PostgreSQL's would write out all that is in
 * memory, for minutes, and hold its data until then; told to quit, it ends them within seconds.
 */
const quitGraceMs = 10_000

/** Waits for its input to close, asks the service to stop, then to quit, and insists in the end. */
const guardScript = `
  goes() {
    kill -s "$1" "$pid" || exit
    left=$2
    while [ "$left" -gt 0 ]; do
      sleep 1
      kill -0 "$pid" || exit
      left=$((left - 1))
    done
  }
  pid=$4
  read -r _
  goes "$1" "$2"
  goes QUIT "$3"
  kill -s KILL "$pid"`

/** A shell that waits for our death: its input closes when we are gone, however we went. */
function startGuard(pid: number, { stopSignal, stopGraceMs }: ServiceOptions): ChildProcess {
  const seconds = [stopGraceMs, quitGraceMs].map((ms) => String(Math.ceil(ms / 1_000)))
  const args = ['-c', guardScript, 'perennial-guard', stopSignal.replace('SIG', ''), ...seconds, String(pid)]
  const guard = spawn('/bin/sh', args, { cwd: '/', detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  guard.on('error', () => undefined) // Without a shell there is no guard; the next start still finds the orphan.
  guard.unref()
  if (guard.stdin instanceof Socket) guard.stdin.on('error', () => undefined).unref()
  return guard
}
