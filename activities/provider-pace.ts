/**
 * How much the provider of text messages takes: so many requests side by side as it has borne, and none for a while after
 * it has said that it takes nothing. Real time. One for the process, because the limit is that of the account.
 */

/** `busy`: too much was asked at once. `away`: it takes nothing from anybody. */
export type Answer = 'taken' | 'busy' | 'away'

const mostAtOnce = 64
const leastAtOnce = 2

/** So many answers for each place it has let one more be tried: nearing a limit is slow, for beyond it all have to rest. */
const answersPerPlace = 8
const firstRestMs = 1_000
const longestRestMs = 60_000

export class ProviderPace {
  /** Grows slowly while requests are taken, and is halved when they were too many. */
  #limit = mostAtOnce
  #busy = 0
  #waiting: (() => void)[] = []
  #closedAtMs = Number.NEGATIVE_INFINITY
  #opensAtMs = Number.NEGATIVE_INFINITY
  #restMs = firstRestMs

  /** Requests that may be under way at once. */
  get atOnce(): number {
    return Math.floor(this.#limit)
  }

  /** Milliseconds until it is worth asking again; 0: now. */
  restMs(nowMs: number): number {
    return Math.max(0, this.#opensAtMs - nowMs)
  }

  /**
   * Asks, as soon as there is a place.
   *
   * @param untilMs nothing is begun from this moment on.
   * @returns undefined if it was not asked: nothing has left.
   */
  async ask<T>(
    untilMs: number,
    request: () => Promise<T>,
    read: (result: T) => Answer,
    nowMs: () => number = () => performance.now(),
  ): Promise<T | undefined> {
    while (this.#busy >= this.atOnce) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    this.#busy++
    try {
      const beganMs = nowMs()
      if (beganMs >= untilMs || this.restMs(beganMs) > 0) return undefined
      const result = await request()
      this.#learn(read(result), beganMs, nowMs())
      return result
    } finally {
      this.#busy--
      for (const next of this.#waiting.splice(0, this.atOnce - this.#busy)) next()
    }
  }

  #learn(answer: Answer, beganMs: number, nowMs: number): void {
    // What was under way when it closed tells nothing new.
    if (beganMs < this.#closedAtMs) return
    if (answer === 'taken') {
      this.#limit = Math.min(mostAtOnce, this.#limit + 1 / (answersPerPlace * this.#limit))
      this.#restMs = firstRestMs
      return
    }
    this.#closedAtMs = nowMs
    this.#opensAtMs = nowMs + this.#restMs
    this.#restMs = Math.min(longestRestMs, this.#restMs * 2)
    if (answer === 'busy') this.#limit = Math.max(leastAtOnce, this.#limit / 2)
  }
}
