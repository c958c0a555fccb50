/** The CDNOW sample: the purchases of 2,357 customers. */

import { dayNumber } from '../../../src/analytics/core/calendar-day.ts'
import type { Transactions } from '../../../src/analytics/purchases.ts'
import { dataText } from './shared.ts'

/** The lines of the sample file. */
export function cdnowTransactions(): Transactions {
  const lines = dataText('cdnow_sample.csv.gz').trim().split('\n').slice(1)
  const cells = lines.map((line) => line.split(','))
  return {
    customerIds: cells.map(([, customerId]) => customerId as string),
    days: cells.map(([, , date]) => dayNumber(date as string)),
    amounts: cells.map(([, , , , amount]) => Number(amount)),
  }
}
