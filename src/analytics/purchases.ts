/** Who bought on which days, from lines of sales: what RFM and the value models start from. */

import { checkFinite, checkWhole, refuse } from './core/check.ts'
import { exactSum } from './core/exact-sum.ts'
import { compareText } from './core/text-order.ts'

/** Lines of sales, as columns of equal length. */
export interface Transactions {
  readonly customerIds: readonly string[]
  /** Whole days, as `dayNumber` counts them. */
  readonly days: ArrayLike<number>
  /** Money, in any one unit; not negative. */
  readonly amounts: ArrayLike<number>
}

/** The purchases of one customer: all lines of a day are one, even if they add up to 0. */
export interface CustomerPurchases {
  readonly customerId: string
  /** Ascending, each day once. */
  readonly days: readonly number[]
  /** What was spent on each of the days. */
  readonly amounts: readonly number[]
  /** The sum of all lines. */
  readonly total: number
}

/**
 * The purchases up to a day, by customer id. Sums do not depend on the order of the lines, not even in the last digit.
 *
 * @param through The last day that counts; lines of later days, and customers with no other, are left out.
 * @throws RangeError if the columns differ in length, a day is not whole, or an amount negative or not finite.
 */
export function purchasesByCustomer(
  { customerIds, days, amounts }: Transactions,
  through: number,
): CustomerPurchases[] {
  if (days.length !== customerIds.length || amounts.length !== customerIds.length) {
    const lengths = `${customerIds.length}, ${days.length} and ${amounts.length}`
    refuse('transactions', lengths, 'must be as many customer ids as days and amounts')
  }
  const lines = new Map<string, Line[]>()
  for (let i = 0; i < customerIds.length; i++) {
    const day = checkWhole(`transactions.days[${i}]`, days[i] as number, Number.MIN_SAFE_INTEGER)
    const amount = checkFinite(`transactions.amounts[${i}]`, amounts[i] as number)
    if (amount < 0) refuse(`transactions.amounts[${i}]`, amount, 'must not be negative')
    if (day > through) continue
    const customerId = customerIds[i] as string
    const known = lines.get(customerId)
    if (known === undefined) lines.set(customerId, [{ day, amount }])
    else known.push({ day, amount })
  }
  return Array.from(lines, ([customerId, own]) => ({ customerId, ...mergeDays(own) })).sort((a, b) =>
    compareText(a.customerId, b.customerId),
  )
}

interface Line {
  readonly day: number
  readonly amount: number
}

/** Adds up the lines of each day; the amounts of a day ascend first, so that the sum knows no order. */
function mergeDays(lines: Line[]): Omit<CustomerPurchases, 'customerId'> {
  lines.sort((a, b) => a.day - b.day || a.amount - b.amount)
  const days: number[] = []
  const ofDays: number[][] = []
  for (const { day, amount } of lines) {
    if (days.at(-1) === day) ofDays.at(-1)?.push(amount)
    else {
      days.push(day)
      ofDays.push([amount])
    }
  }
  return { days, amounts: ofDays.map(exactSum), total: exactSum(ofDays.flat()) }
}
