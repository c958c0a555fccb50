/** Running a program to its end, keeping what it said last. */

import { spawn } from 'node:child_process'

/** How a program ended. */
export interface Ended {
  /** Null if it could not be started, was killed or took too long. */
  readonly status: number | null
  readonly stdout: string
  /** The last line that it printed on either stream, or why it could not be run. */
  readonly lastLine: string
}

/** Runs a program; it is killed after the timeout. Never throws. */
export function runToEnd(
  command: string,
  args: readonly string[],
  timeoutMs: number,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { env, timeout: timeoutMs, stdio: ['ignore', 'pipe', 'pipe'] })
    let stdout = ''
    let all = ''
    child.stdout.on('data', (chunk) => {
      stdout += String(chunk)
      all += String(chunk)
    })
    child.stderr.on('data', (chunk) => {
      all += String(chunk)
    })
    child.on('error', (error) => resolve({ status: null, stdout, lastLine: error.message }))
    child.on('close', (status) => resolve({ status, stdout, lastLine: all.trim().split('\n').at(-1) ?? '' }))
  })
}
