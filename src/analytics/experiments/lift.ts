/** What a treatment did beside those who were held out of it, with intervals. */

import { compareProportions, type Interval, newcombeInterval } from './proportions.ts'
import { compareMeans } from './welch.ts'

/** One side: how many customers, who of them bought, and sums of what they brought. */
export interface LiftArm {
  readonly customers: number
  readonly buyers: number
  readonly revenueCents: number
  readonly revenueSquares: number
}

export interface Lift {
  /** Of the chance to buy; null where a side has nobody. */
  readonly rate: { readonly difference: number; readonly interval: Interval; readonly z: number } | null
  /** Cents per customer; null where a side has fewer than two. */
  readonly revenue: { readonly difference: number; readonly interval: Interval } | null
}

/** @throws RangeError if a side has more buyers than customers. */
export function liftOf(heldOut: LiftArm, treated: LiftArm): Lift {
  const least = Math.min(heldOut.customers, treated.customers)
  const rates = (arm: LiftArm) => ({ n: arm.customers, conversions: arm.buyers })
  const amounts = ({ customers: n, revenueCents, revenueSquares }: LiftArm) => {
    const mean = revenueCents / n
    return { n, mean, deviation: Math.sqrt(Math.max(0, revenueSquares - n * mean * mean) / (n - 1)) }
  }
  const proportions = least < 1 ? null : compareProportions(rates(heldOut), rates(treated))
  const means = least < 2 ? null : compareMeans(amounts(heldOut), amounts(treated))
  return {
    rate: proportions && {
      difference: proportions.difference,
      interval: newcombeInterval(rates(heldOut), rates(treated)),
      z: proportions.z,
    },
    revenue: means && { difference: means.difference, interval: means.interval },
  }
}
