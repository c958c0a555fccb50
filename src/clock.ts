/** The one source of "now". With a speed above 1, months of real data are lived through in minutes. */

import type { ClockConfig } from './config.ts'

export interface Clock {
  /** Now, in epoch milliseconds of the product's (perhaps virtual) time. */
  nowMs(): number
  /** How many real milliseconds from now until a moment of the product's time; 0 if it has passed. */
  realMsUntil(momentMs: number): number
  /** How many times faster than real time this clock runs. */
  readonly speed: number
}

/**
 * The clock of one installation. It is a pure function of real time, so that every process agrees, also after a crash.
 * Virtual time stands still at its start until the anchor, so that everything can be made ready first.
 *
 * @throws RangeError for a speed other than 1 without a start and an anchor: processes would disagree about "now".
 */
export function createClock(config: ClockConfig, realNowMs: () => number = Date.now): Clock {
  const { speed, startsAtMs, anchoredAtMs } = config
  if (startsAtMs === undefined || anchoredAtMs === undefined) {
    if (speed !== 1) throw new RangeError(`CLOCK_SPEED: ${speed} needs CLOCK_START and CLOCK_ANCHOR beside it`)
    return { nowMs: realNowMs, realMsUntil: (momentMs) => Math.max(0, momentMs - realNowMs()), speed }
  }
  return {
    nowMs: () => Math.floor(startsAtMs + Math.max(0, realNowMs() - anchoredAtMs) * speed),
    realMsUntil: (momentMs) => {
      const realMoment = anchoredAtMs + (momentMs - startsAtMs) / speed
      return Math.max(0, Math.ceil(realMoment - realNowMs()))
    },
    speed,
  }
}
