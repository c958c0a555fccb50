/** When an event happened, in our time: senders' clocks are wrong, and some are in the future. */

import { type EpochMs, hourMs, minuteMs, secondMs } from '../../domain/time.ts'

/** A clock that is off by less than this is taken at its word, so that exact times stay exact. */
const toleratedSkewMs = minuteMs

/**
 * `receivedAt − (sentAt − timestamp)` where the sender's clock disagrees with ours; never later than the receipt.
 *
 * @param sentAtMs the sender's clock when it sent, if it told.
 * @param timestampMs the sender's clock when it happened, if it told.
 * @see Segment's specification, "Timestamps".
 */
export function eventTime(
  receivedAtMs: EpochMs,
  sentAtMs: EpochMs | undefined,
  timestampMs: EpochMs | undefined,
): EpochMs {
  if (timestampMs === undefined) return receivedAtMs
  const skewMs = sentAtMs === undefined ? 0 : sentAtMs - receivedAtMs
  const corrected = Math.abs(skewMs) > toleratedSkewMs ? timestampMs - skewMs : timestampMs
  return Math.min(Math.max(corrected, 0), receivedAtMs)
}

const isoInstant =
  /^(?<date>[0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ](?<time>[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,9})?)?)(?<zone>Z|z|[+-][0-9]{2}:?[0-9]{2})?)?$/

const latestMs = Date.UTC(9999, 11, 31)

/** What `Date.prototype.toISOString` writes, and with it nearly every sender. */
const commonInstant = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$/

/** Reads an ISO 8601 instant, taken as UTC where it names no zone; undefined if it is none, or out of all reason. */
export function parseInstant(text: string): EpochMs | undefined {
  if (commonInstant.test(text)) {
    const commonMs = Date.parse(text)
    // `Date.parse` rolls the 30th of February over into March; a day that reads back differently is none.
    const isReal = commonMs >= 0 && new Date(commonMs).getUTCDate() === Number(text.slice(8, 10))
    return isReal ? commonMs : undefined
  }
  const parts = isoInstant.exec(text)?.groups
  if (parts === undefined) return undefined
  const time = parts['time']?.replace(',', '.') ?? '00:00:00'
  const utcMs = Date.parse(`${parts['date']}T${time}Z`)
  const isReal = utcMs >= 0 && utcMs <= latestMs && new Date(utcMs).toISOString().startsWith(parts['date'] ?? '')
  return isReal ? Math.max(0, utcMs - zoneOffsetMs(parts['zone'] ?? 'Z')) : undefined
}

function zoneOffsetMs(zone: string): number {
  if (zone.toUpperCase() === 'Z') return 0
  const digits = zone.slice(1).replace(':', '')
  const offset = Number(digits.slice(0, 2)) * hourMs + Number(digits.slice(2)) * 60 * secondMs
  return zone.startsWith('-') ? -offset : offset
}
