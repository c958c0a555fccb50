/** The purchases of the Online Retail data: known customers, no cancellations, real quantities and prices. */

import { dataRows } from '../support/shared-data.ts'
import { once } from './row.ts'

/** A line of an invoice. */
export interface RetailPurchase {
  readonly invoice: string
  readonly customer: string
  readonly item: string
  /** YYYY-MM-DD. */
  readonly day: string
  readonly amount: number
  readonly country: string
}

const purchases = once((): RetailPurchase[] =>
  dataRows('online_retail.csv.gz').flatMap((row) => {
    const quantity = Number(row['quantity'])
    const price = Number(row['unit_price'])
    const invoice = row['invoice'] ?? ''
    const customer = row['customer_id'] ?? ''
    if (customer === '' || invoice.startsWith('C') || !(quantity > 0 && price > 0)) return []
    return [
      {
        invoice,
        customer,
        item: row['stock_code'] ?? '',
        day: (row['invoice_date'] ?? '').slice(0, 10),
        amount: quantity * price,
        country: row['country'] ?? '',
      },
    ]
  }),
)

/** All purchases in file order, of one country or of all. */
export function retailPurchases(country?: string): readonly RetailPurchase[] {
  return country === undefined ? purchases() : purchases().filter((line) => line.country === country)
}
