/** The other side of `in-thread.ts`: reckons one job, in a thread that may be ended at any time. */

import { parentPort, workerData } from 'node:worker_threads'
import { type JobName, jobs } from './jobs.ts'

export interface JobRequest {
  readonly job: JobName
  readonly input: unknown
}

export type JobAnswer =
  | { readonly progress: number }
  | { readonly result: unknown }
  /** The data cannot be learned from; the reason names field, value and rule and nobody's data. */
  | { readonly refused: string }

const { job, input } = workerData as JobRequest
const reckon = jobs[job] as (input: unknown, onProgress: (share: number) => void) => unknown

try {
  say({ result: reckon(input, (progress) => say({ progress })) })
} catch (error) {
  if (!(error instanceof RangeError)) throw error
  say({ refused: error.message })
}

function say(answer: JobAnswer): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- A thread has no origin.
  parentPort?.postMessage(answer)
}
