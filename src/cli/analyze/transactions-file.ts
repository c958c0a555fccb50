/** A file of sales: the columns customer_id, date and amount, as `analyze rfm` and `analyze value` read them. */

import { dayNumber } from '../../analytics/core/calendar-day.ts'
import type { Transactions } from '../../analytics/purchases.ts'
import { readCsvTable } from './csv-table.ts'
import { isIsoDay } from './options.ts'

/**
 * Reads lines of sales; other columns are ignored.
 *
 * @throws UsageError naming column, row, value and rule if a customer has no id, a date is no ISO day, or an amount is
 * negative or no finite number.
 */
export function readTransactions(option: string, path: string): Transactions {
  const table = readCsvTable(option, path)
  const customerIds = table.column('customer_id')
  const dates = table.column('date')
  const amounts = table.numbers('amount')
  const days = new Int32Array(table.rowCount)
  const known = new Map<string, number>() // Few days, many lines.
  for (let row = 0; row < table.rowCount; row++) {
    if (customerIds[row] === '') table.refuse('customer_id', row, 'must name a customer')
    if ((amounts[row] as number) < 0) table.refuse('amount', row, 'must not be negative')
    const date = dates[row] as string
    let day = known.get(date)
    if (day === undefined) {
      day = isIsoDay(date) ? dayNumber(date) : table.refuse('date', row, 'must be a day of the form YYYY-MM-DD')
      known.set(date, day)
    }
    days[row] = day
  }
  return { customerIds, days, amounts }
}
