/** Work that goes round: as long as there is something to do without a pause, else again after a moment. Real time. */

import type { Logger } from 'pino'
import { describeError } from '../store/describe-error.ts'

export interface Loop {
  /** There may be something to do: do not wait any longer. */
  wake(): void
  /** Ends after the round that is under way, which is told by its signal. */
  stop(): Promise<void>
}

export interface LoopOptions {
  /** For the log. */
  readonly name: string
  readonly log: Logger
  /**
   * One round. Whatever it throws is tried again, later and later.
   *
   * @param stopping aborted when the loop is to end: do not wait for others any longer.
   * @returns true if there may be more to do at once.
   */
  readonly round: (stopping: AbortSignal) => Promise<boolean>
  /** How long to wait when there was nothing to do. */
  readonly idleMs: number
  /** The same once there has been nothing to do for a while: at night nobody needs to look twenty times a second. Default: `idleMs`. */
  readonly restMs?: number | undefined
  readonly maxBackoffMs: number
}

const firstBackoffMs = 100

/** After so much time without anything to do a loop is at rest. */
const restAfterMs = 5_000

/** How long a loop waits that has found nothing to do for so long. */
export function waitMsAfter(
  quietMs: number,
  { idleMs, restMs = idleMs }: Pick<LoopOptions, 'idleMs' | 'restMs'>,
): number {
  return quietMs < restAfterMs ? idleMs : Math.max(idleMs, restMs)
}

export function startLoop({ name, log, round, idleMs, restMs, maxBackoffMs }: LoopOptions): Loop {
  const pause = createPause()
  const stopping = new AbortController()
  let failures = 0
  let busyAt = performance.now()

  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        const hasMore = await round(stopping.signal)
        if (failures > 0) log.info({ loop: name, failures }, 'works again')
        failures = 0
        if (hasMore) busyAt = performance.now()
        else if (!stopping.signal.aborted)
          await pause.sleep(waitMsAfter(performance.now() - busyAt, { idleMs, restMs }))
      } catch (error) {
        if (stopping.signal.aborted) return
        failures++
        const level = failures === 1 ? 'warn' : 'debug' // An outage is told once, not ten times a second.
        log[level]({ loop: name, error: describeError(error) }, 'failed, trying again')
        // Spread, so that many processes do not come back at the same moment. A wake does not shorten it.
        const backoffMs = Math.min(maxBackoffMs, firstBackoffMs * 2 ** Math.min(failures - 1, 16))
        await pause.sleepUnlessStopped(backoffMs * (0.5 + Math.random() / 2))
      }
    }
  }
  const ended = run()
  return {
    wake: () => pause.wake(),
    async stop() {
      stopping.abort()
      pause.stop()
      await ended
    },
  }
}

interface Pause {
  sleep(ms: number): Promise<void>
  sleepUnlessStopped(ms: number): Promise<void>
  wake(): void
  stop(): void
}

function createPause(): Pause {
  let woken = false
  let endSleep: (() => void) | undefined
  let isWakeable = false
  const wait = (ms: number, wakeable: boolean): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(() => endSleep?.(), ms)
      isWakeable = wakeable
      endSleep = () => {
        clearTimeout(timer)
        endSleep = undefined
        resolve()
      }
    })
  return {
    async sleep(ms) {
      if (!woken) await wait(ms, true)
      woken = false
    },
    sleepUnlessStopped: (ms) => wait(ms, false),
    wake() {
      woken = true
      if (isWakeable) endSleep?.()
    },
    stop: () => endSleep?.(),
  }
}
