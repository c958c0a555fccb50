/** The time on the wall somewhere, by the platform's own calendar: a second opinion on the product's. */

import { type EpochMs, minuteMs } from '../domain/time.ts'

/** Offsets change on the quarter of an hour, so one look-up serves all moments of it. */
const stretchMs = 15 * minuteMs
const mostRemembered = 200_000

export class WallClock {
  readonly #formats = new Map<string, Intl.DateTimeFormat>()
  readonly #starts = new Map<string, number>()

  /** Minutes since midnight, 0 to 1439. @throws RangeError if there is no such time zone. */
  minuteOfDay(zone: string, atMs: EpochMs): number {
    const startMs = Math.floor(atMs / stretchMs) * stretchMs
    const key = `${zone} ${startMs}`
    let start = this.#starts.get(key)
    if (start === undefined) {
      if (this.#starts.size >= mostRemembered) this.#starts.clear()
      start = this.#lookUp(zone, startMs)
      this.#starts.set(key, start)
    }
    return (start + Math.floor((atMs - startMs) / minuteMs)) % 1440
  }

  #lookUp(zone: string, atMs: EpochMs): number {
    let format = this.#formats.get(zone)
    if (format === undefined) {
      format = new Intl.DateTimeFormat('en-GB', {
        timeZone: zone,
        hour: '2-digit',
        minute: '2-digit',
        hourCycle: 'h23',
      })
      this.#formats.set(zone, format)
    }
    const [hour = '0', minute = '0'] = format.format(atMs).split(':')
    return Number(hour) * 60 + Number(minute)
  }
}
