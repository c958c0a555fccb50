/** At which hour customers are there: their own hours, weighed against those of everybody. */

import { refuse } from '../core/check.ts'

/** Plain JSON, to be stored as it is. */
export interface SendHourModel {
  /** Of all events, by local hour. */
  readonly shares: readonly number[]
  /** The shop's hours count as much as so many events of a customer's own. */
  readonly strength: number
}

/** Rows are customers; 24 counts each, by local hour. */
export interface HourCounts {
  readonly customerIds: readonly string[]
  readonly counts: Float64Array
}

const hours = 24
const strengths = [1, 3, 10, 30, 100] as const

/** @throws RangeError if nothing has happened yet. */
export function learnSendHours({ earlier, later }: { readonly earlier: HourCounts; readonly later: HourCounts }): {
  readonly model: SendHourModel
  /** The share of later events within an hour of the chosen one: by own hours, and by the shop's hour for everybody. */
  readonly hitRate: number
  readonly shopHitRate: number
} {
  const totals = Array.from({ length: hours }, () => 0)
  earlier.counts.forEach((count, i) => (totals[i % hours] = (totals[i % hours] as number) + count))
  const all = totals.reduce((sum, count) => sum + count, 0)
  if (all === 0) refuse('earlier.counts', 0, 'must hold at least one event')
  const shares = totals.map((count) => count / all)
  const tried = strengths.map((strength) => ({ strength, rate: hitRate({ shares, strength }, earlier, later) }))
  const best = tried.reduce((winner, next) => (next.rate > winner.rate ? next : winner))
  const shopHitRate = hitRate({ shares, strength: Number.MAX_SAFE_INTEGER }, earlier, later)
  return { model: { shares, strength: best.strength }, hitRate: best.rate, shopHitRate }
}

/** The best hour of each customer: the middle of the three hours in which most of what they do happens. */
export function bestHours({ shares, strength }: SendHourModel, { customerIds, counts }: HourCounts): Int32Array {
  return Int32Array.from(customerIds, (_, i) => {
    const weight = (hour: number): number =>
      (counts[i * hours + (hour % hours)] as number) + strength * (shares[hour % hours] as number)
    let [best, most] = [0, -1]
    for (let hour = 0; hour < hours; hour++) {
      const around = weight(hour + hours - 1) + weight(hour) + weight(hour + 1)
      if (around > most) [best, most] = [hour, around]
    }
    return best
  })
}

/** Of the customers who are in both. */
export function hitRate(model: SendHourModel, earlier: HourCounts, later: HourCounts): number {
  const chosen = bestHours(model, earlier)
  const place = new Map(earlier.customerIds.map((id, i) => [id, i]))
  let [hits, all] = [0, 0]
  for (const [row, id] of later.customerIds.entries()) {
    const i = place.get(id)
    if (i === undefined) continue
    for (let hour = 0; hour < hours; hour++) {
      const count = later.counts[row * hours + hour] as number
      const apart = Math.abs(hour - (chosen[i] as number))
      if (Math.min(apart, hours - apart) <= 1) hits += count
      all += count
    }
  }
  return all === 0 ? Number.NaN : hits / all
}
