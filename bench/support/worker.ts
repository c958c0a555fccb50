/** Another process that does the reference's work: one JSON object a line to it, one JSON object a line back. */

import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Side } from './measure.ts'

/** The reference could not do its work. */
export class ReferenceFailure extends Error {}

/** A reference in a process of its own. */
export interface Worker {
  /** Has it read the input for a task; that takes no part in the measurement. Then `run` runs that task. */
  prepare(task: string, input: object): Promise<Side<unknown>>
  stop(): void
}

/**
 * Starts a worker. It answers `{"task": …, "input": …}` with `{"ready": true}` and `{"times": n}` with
 * `{"seconds": …, "result": …}`, or either with `{"error": "…"}`.
 */
export function startWorker(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Worker {
  const child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'pipe'] })
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  let complaint = ''
  child.stderr.on('data', (chunk) => {
    complaint = (complaint + String(chunk)).slice(-2000)
  })
  child.stdin.on('error', () => {}) // It died: the missing answer says so.

  const ask = async (question: object): Promise<Record<string, unknown>> => {
    child.stdin.write(`${JSON.stringify(question)}\n`)
    const { value, done } = await answers.next()
    if (done === true) throw new ReferenceFailure(`it ended${await howItEnded(child)}: ${lastLine(complaint)}`)
    const answer = JSON.parse(value) as Record<string, unknown>
    if (typeof answer['error'] === 'string') throw new ReferenceFailure(answer['error'])
    return answer
  }
  return {
    prepare: async (task, input) => {
      await ask({ task, input })
      return {
        run: async (times) => {
          const { seconds, result } = await ask({ times })
          return { seconds: seconds as number, result }
        },
      }
    },
    stop: () => void child.kill(),
  }
}

async function howItEnded(child: ChildProcess): Promise<string> {
  if (child.exitCode === null && child.signalCode === null) await new Promise((resolve) => child.once('exit', resolve))
  return ` with ${child.signalCode ?? `status ${child.exitCode}`}`
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? ''
}
