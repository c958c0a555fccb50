/** Facts about processes of this machine, told safely: a process id alone may by now belong to somebody else. */

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** One process, also after its id was given to another: written to disk, compared later. */
export interface ProcessMark {
  readonly pid: number
  /** When it started, in the system's own words; equal only for the same process. */
  readonly startedAt: string
}

const pollMs = 25
const isLinux = process.platform === 'linux'

/** The mark of a running process; `undefined` if there is none with this id (a zombie counts as none). */
export function markProcess(pid: number): ProcessMark | undefined {
  const startedAt = isLinux ? linuxStart(pid) : psField(pid, 'lstart')
  return startedAt === undefined ? undefined : { pid, startedAt }
}

export function isRunning(mark: ProcessMark): boolean {
  return markProcess(mark.pid)?.startedAt === mark.startedAt
}

/** The arguments of a process, in order; on systems that tell only one line, its words. Empty if it is gone. */
export function argumentsOf(pid: number): string[] {
  if (!isLinux) return psField(pid, 'command')?.split(' ') ?? []
  return readProc(`/proc/${pid}/cmdline`)?.split('\0').slice(0, -1) ?? []
}

/** Sends a signal, unless the process is gone or its id belongs to another by now. */
export function signalProcess(mark: ProcessMark, signal: NodeJS.Signals): void {
  if (!isRunning(mark)) return
  try {
    process.kill(mark.pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** Waits until the process is gone. @returns whether it went in time. */
export async function waitUntilGone(mark: ProcessMark, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs
  while (isRunning(mark)) {
    if (performance.now() > deadline) return false
    await sleep(pollMs)
  }
  return true
}

/** Ends a process: the given signal, and SIGKILL if it has not gone after the grace. */
export async function endProcess(mark: ProcessMark, signal: NodeJS.Signals, graceMs: number): Promise<void> {
  signalProcess(mark, signal)
  if (await waitUntilGone(mark, graceMs)) return
  signalProcess(mark, 'SIGKILL')
  await waitUntilGone(mark, graceMs)
}

/** Boot and start in clock ticks since boot: the pair is unique. */
function linuxStart(pid: number): string | undefined {
  const stat = readProc(`/proc/${pid}/stat`)
  if (stat === undefined) return undefined
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ') // The name before may hold spaces and brackets.
  const [state, startTicks] = [fields[0], fields[19]]
  if (state === 'Z' || state === 'X') return undefined
  return `${readProc('/proc/sys/kernel/random/boot_id')?.trim() ?? ''}/${startTicks}`
}

function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function psField(pid: number, field: string): string | undefined {
  try {
    const line = execFileSync('ps', ['-o', `${field}=`, '-p', String(pid)], { encoding: 'utf8', stdio: 'pipe' }).trim()
    return line === '' || line.includes('<defunct>') ? undefined : line
  } catch {
    return undefined
  }
}
