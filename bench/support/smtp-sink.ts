/**
 * A mail server that takes everything and keeps nothing, in a process of its own. Tells its parent what it has taken,
 * and when the last message came, whenever it is asked; "reset" begins to count anew.
 */

import { startSink } from '../../test/support/smtp/sink.ts'

/** Answer to "counts". */
export interface SinkCounts {
  readonly accepted: number
  readonly bytes: number
  /** Epoch milliseconds; 0 if none came yet. */
  readonly lastMs: number
  /** Seconds of processor time since "reset". */
  readonly cpuSeconds: number
  /** When the messages came (epoch milliseconds) whose recipient's name begins with `watched.`. */
  readonly watched: readonly number[]
}

/** Recipients whose address begins so are watched. */
export const watchedPrefix = 'watched.'

if (process.send) await serve((message) => process.send?.(message))

async function serve(tell: (message: object) => void): Promise<void> {
  let lastMs = 0
  const watched: number[] = []
  const sink = await startSink({
    onEntry({ recipient }) {
      const nowMs = Date.now()
      if (recipient.startsWith(watchedPrefix)) watched.push(nowMs)
      else lastMs = nowMs
    },
  })
  let before = process.cpuUsage()
  process.on('message', (question) => {
    if (question === 'reset') {
      Object.assign(sink.counts, { accepted: 0, bytes: 0 })
      lastMs = 0
      watched.length = 0
      before = process.cpuUsage()
    }
    const { user, system } = process.cpuUsage(before)
    const { accepted, bytes } = sink.counts
    tell({ accepted, bytes, lastMs, cpuSeconds: (user + system) / 1e6, watched } satisfies SinkCounts)
  })
  process.on('disconnect', () => process.exit(0))
  tell({ url: sink.url })
}
