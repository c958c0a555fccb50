/** Keeps something running: brings it back when it ends without being asked to, with growing pauses. */

import { setTimeout as sleep } from 'node:timers/promises'
import { signalProcess, waitUntilGone } from './processes.ts'
import type { Running } from './service-process.ts'

export interface KeeperOptions<R extends Running> {
  readonly start: () => Promise<R>
  /** Told when it ended unasked (or did not come back), and when it will be tried again. */
  readonly onDown?: (reason: string, retryInMs: number) => void
  /** Told each time that it is up, the first time included. */
  readonly onUp?: (running: R) => void
}

const firstPauseMs = 250
const longestPauseMs = 30_000
/** What ran this long was healthy: its next end is no repetition. */
const healthyMs = 60_000

export class Keeper<R extends Running> {
  readonly #options: Required<KeeperOptions<R>>
  #running: R
  #isWanted = true
  #wake = new AbortController()
  #watching: Promise<void>

  private constructor(options: Required<KeeperOptions<R>>, running: R) {
    this.#options = options
    this.#running = running
    this.#watching = this.#watch()
  }

  /**
   * Starts something, and keeps it running from then on.
   *
   * @throws whatever the first start throws; later failures are reported and tried again.
   */
  static async keep<R extends Running>(options: KeeperOptions<R>): Promise<Keeper<R>> {
    const running = await options.start()
    return new Keeper({ onDown: () => undefined, onUp: () => undefined, ...options }, running)
  }

  /** What runs now, or ran last. */
  get current(): R {
    return this.#running
  }

  /** Ends it as a crash would, and resolves when it is gone. It comes back by itself. */
  async crash(): Promise<void> {
    const { mark } = this.#running
    signalProcess(mark, 'SIGKILL')
    await waitUntilGone(mark, longestPauseMs)
  }

  /** Takes it down properly, and leaves it down until `resume`. */
  async stop(): Promise<void> {
    this.#isWanted = false
    this.#wake.abort()
    await this.#running.stop()
    await this.#watching
    await this.#running.stop() // It may just have been coming back.
  }

  /** Brings back what was stopped. */
  async resume(): Promise<void> {
    if (this.#isWanted) return
    this.#running = await this.#options.start()
    this.#isWanted = true
    this.#wake = new AbortController()
    this.#watching = this.#watch()
  }

  /** Waits for the end of each life and starts the next, while it is wanted. */
  async #watch(): Promise<void> {
    for (let pauseMs = firstPauseMs; this.#isWanted; ) {
      const upSince = performance.now()
      this.#options.onUp(this.#running)
      await this.#running.exited
      if (performance.now() - upSince > healthyMs) pauseMs = firstPauseMs
      pauseMs = await this.#bringBack(pauseMs)
    }
  }

  /** Tries until it is up again or no longer wanted. @returns the pause before the next try after that. */
  async #bringBack(firstTryInMs: number): Promise<number> {
    let pauseMs = firstTryInMs
    let reason = 'it ended'
    while (this.#isWanted) {
      this.#options.onDown(reason, pauseMs)
      await sleep(pauseMs, undefined, { signal: this.#wake.signal }).catch(() => undefined)
      pauseMs = Math.min(pauseMs * 2, longestPauseMs)
      try {
        if (this.#isWanted) this.#running = await this.#options.start()
        return pauseMs
      } catch (error) {
        reason = error instanceof Error ? error.message : String(error)
      }
    }
    return pauseMs
  }
}
