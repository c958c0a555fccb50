/** The sink, seen from the bench. */

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { SinkCounts } from './smtp-sink.ts'

export interface SinkProcess {
  readonly url: string
  counts(): Promise<SinkCounts>
  reset(): Promise<SinkCounts>
  stop(): void
}

export async function startSinkProcess(): Promise<SinkProcess> {
  const child = fork(fileURLToPath(new URL('smtp-sink.ts', import.meta.url)), [], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  })
  const [{ url }] = (await once(child, 'message')) as [{ url: string }]
  const ask = async (question: string): Promise<SinkCounts> => {
    child.send(question)
    const [counts] = (await once(child, 'message')) as [SinkCounts]
    return counts
  }
  return { url, counts: () => ask('counts'), reset: () => ask('reset'), stop: () => void child.kill() }
}
