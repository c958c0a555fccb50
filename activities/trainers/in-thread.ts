/** Reckoning in a thread of its own: the process goes on, heartbeats included, and a cancelled fit ends at once. */

import { Worker } from 'node:worker_threads'
import type { JobAnswer, JobRequest } from './job-thread.ts'
import type { JobInput, JobName, JobResult } from './jobs.ts'

/** The data cannot be learned from: trying again gives the same. The message holds nobody's data. */
export class TrainingRefused extends Error {
  override readonly name = 'TrainingRefused'
}

export interface ThreadOptions {
  /** Told now and then how much is done, from 0 to 1. */
  readonly onProgress?: (share: number) => void
  readonly signal?: AbortSignal
}

/** @throws TrainingRefused if the job refuses its input; Error if the thread dies or is aborted. */
export async function computeInThread<N extends JobName>(
  job: N,
  input: JobInput<N>,
  { onProgress = () => {}, signal }: ThreadOptions = {},
): Promise<JobResult<N>> {
  signal?.throwIfAborted()
  const request: JobRequest = { job, input }
  const thread = new Worker(new URL('job-thread.ts', import.meta.url), { workerData: request })
  try {
    return await new Promise((resolve, reject) => {
      thread.on('message', (answer: JobAnswer) => {
        if ('progress' in answer) onProgress(answer.progress)
        else if ('refused' in answer) reject(new TrainingRefused(answer.refused))
        else resolve(answer.result as JobResult<N>)
      })
      thread.on('error', reject)
      thread.on('exit', () => reject(new Error(`The thread of ${job} ended without an answer.`)))
      signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
    })
  } finally {
    await thread.terminate()
  }
}
