/**
 * Reads a file in a thread of its own, so that the lines of the next stretch are parsed and checked while the database works
 * on the last one: on two cores both take the time of one.
 */

import { on } from 'node:events'
import { Worker } from 'node:worker_threads'
import { InputError } from './input-error.ts'
import type { ThreadAnswer, ThreadRequest } from './read-thread.ts'
import type { Progress, Stretch } from './reading.ts'

/** Of lines that come and go: the less often it is full, the less is moved out of it that would be gone a moment later. */
const youngMiB = 48

export interface ReadInThreadOptions {
  readonly onProgress: (progress: Progress) => void
  readonly signal?: AbortSignal | undefined
  /** Of the thread; undefined: what the process has. Whoever needs more ends the import, not the process. */
  readonly heapMiB?: number | undefined
}

/**
 * The file's stretches in its order. Leaving the loop ends the thread.
 *
 * @throws InputError if the file is damaged; Error if the thread dies, or the signal tells to stop.
 */
export async function* readInThread<Content>(
  request: ThreadRequest,
  { onProgress, signal, heapMiB }: ReadInThreadOptions,
): AsyncGenerator<Stretch<Content>, void, undefined> {
  const thread = new Worker(new URL('read-thread.ts', import.meta.url), {
    workerData: request,
    resourceLimits: {
      maxYoungGenerationSizeMb: youngMiB,
      ...(heapMiB === undefined ? {} : { maxOldGenerationSizeMb: heapMiB }),
    },
  })
  try {
    // A stretch waits here until its turn comes; how far the thread is must not wait.
    thread.on('message', (answer: ThreadAnswer) => 'progress' in answer && onProgress(answer.progress))
    const answers = on(thread, 'message', { close: ['exit'], ...(signal && { signal }) })
    for await (const [answer] of answers as AsyncIterable<[ThreadAnswer]>) {
      if ('progress' in answer) continue
      if ('refused' in answer) throw new InputError(answer.refused)
      const stretch = answer.stretch as Stretch<Content>
      yield stretch
      if (stretch.end === undefined) return
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- A thread has no origin.
      thread.postMessage('taken')
    }
    throw new Error('The thread that reads the file ended before it.')
  } catch (error) {
    signal?.throwIfAborted() // Whoever stopped it has told why.
    throw error
  } finally {
    await thread.terminate()
  }
}
