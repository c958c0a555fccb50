/** Lines of sales of the three shops, as the analytics take them. */

import { dayNumber } from '../../src/analytics/core/calendar-day.ts'
import type { Transactions } from '../../src/analytics/purchases.ts'
import { dataRows } from '../support/shared-data.ts'
import { retailPurchases } from './retail.ts'

/** A data set of sales, and its file. */
export const salesFiles = {
  'CDNOW sample': 'cdnow_sample.csv.gz',
  CDNOW: 'cdnow_master.csv.gz',
  'Online Retail': 'online_retail.csv.gz',
} as const

export type SalesName = keyof typeof salesFiles

/** All lines of sales of one shop. */
export function sales(name: SalesName): Transactions {
  const lines =
    name === 'Online Retail'
      ? retailPurchases()
      : dataRows(salesFiles[name]).map((row) => ({
          customer: row['customer_id'] ?? '',
          day: row['date'] ?? '',
          amount: Number(row['amount']),
        }))
  return {
    customerIds: lines.map(({ customer }) => customer),
    days: Int32Array.from(lines, ({ day }) => dayNumber(day)),
    amounts: Float64Array.from(lines, ({ amount }) => amount),
  }
}
