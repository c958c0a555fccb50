/** How fast a broadcast may go: all in all, and to each receiving domain. Real time: a server feels no other. */

/** Tokens that come at a rate; nothing is saved up for longer than a second. */
export class Pace {
  readonly #perSecond: number | null
  #next: number

  constructor(perSecond: number | null, nowMs: number) {
    this.#perSecond = perSecond
    this.#next = nowMs
  }

  /** The most that make sense at once. */
  get burst(): number {
    return this.#perSecond === null ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor(this.#perSecond))
  }

  /** Books so many. @returns milliseconds to wait before they may go. */
  book(count: number, nowMs: number): number {
    if (this.#perSecond === null) return 0
    const startsAt = Math.max(this.#next, nowMs)
    this.#next = startsAt + (count * 1_000) / this.#perSecond
    return startsAt - nowMs
  }
}

interface Line {
  /** When the next one may go. */
  next: number
  /** The last moment that was promised to somebody who had to wait. */
  promised: number
}

const burstMs = 1_000

export class DomainPace {
  readonly #rates: Readonly<Record<string, number>>
  readonly #lines = new Map<string, Line>()

  constructor(rates: Readonly<Record<string, number>>) {
    this.#rates = rates
  }

  /**
   * @param isBack whether it waited for its moment already, so that nobody else is before it.
   * @returns 0 if a message to that domain may go now, else after how many milliseconds to come back.
   */
  ask(domain: string, isBack: boolean, nowMs: number): number {
    const perSecond = this.#rates[domain] ?? this.#rates['*']
    if (perSecond === undefined) return 0
    const intervalMs = 1_000 / perSecond
    const line = this.#lines.get(domain) ?? { next: nowMs - burstMs, promised: 0 }
    this.#lines.set(domain, line)
    const mayGo = line.next <= nowMs && (isBack || line.promised <= nowMs)
    if (mayGo) {
      line.next = Math.max(line.next, nowMs - burstMs) + intervalMs
      return 0
    }
    line.promised = Math.max(line.promised, line.next, nowMs) + intervalMs
    return line.promised - nowMs
  }
}
