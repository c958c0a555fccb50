/** The one source of "now". With a speed above 1, months of real data are lived through in minutes. */

import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
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
  const { speed, startsAtMs, anchoredAtMs, anchorFile } = config
  if (startsAtMs === undefined || (anchoredAtMs === undefined && anchorFile === undefined)) {
    if (speed !== 1) {
      throw new RangeError(`CLOCK_SPEED: ${speed} needs CLOCK_START and CLOCK_ANCHOR or CLOCK_ANCHOR_FILE beside it`)
    }
    return { nowMs: realNowMs, realMsUntil: (momentMs) => Math.max(0, momentMs - realNowMs()), speed }
  }
  const anchor = anchoredAtMs === undefined ? readAnchor(anchorFile ?? '') : () => anchoredAtMs
  return {
    nowMs() {
      const anchorMs = anchor()
      return anchorMs === undefined ? startsAtMs : startsAtMs + Math.floor(Math.max(0, realNowMs() - anchorMs) * speed)
    },
    realMsUntil(momentMs) {
      const realNow = realNowMs()
      const realMoment = (anchor() ?? realNow) + (momentMs - startsAtMs) / speed
      return Math.max(0, Math.ceil(realMoment - realNow))
    },
    speed,
  }
}

/** Lets virtual time begin, a little later than now, so that every process has read of it by then. */
export function beginTime(anchorFile: string): void {
  writeFileSync(`${anchorFile}.new`, new Date(Date.now() + 4 * anchorPollMs).toISOString())
  renameSync(`${anchorFile}.new`, anchorFile)
}

const anchorPollMs = 50

/** Looks for the anchor again and again, until it is there. */
function readAnchor(path: string): () => number | undefined {
  let anchorMs: number | undefined
  let readAtMs = Number.NEGATIVE_INFINITY
  return () => {
    if (anchorMs !== undefined || performance.now() - readAtMs < anchorPollMs) return anchorMs
    readAtMs = performance.now()
    if (existsSync(path)) anchorMs = Date.parse(readFileSync(path, 'utf8'))
    return anchorMs
  }
}
