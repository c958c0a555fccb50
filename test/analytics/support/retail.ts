/** Who bought what in the Online Retail data, cleaned as the reference answers are. */

import { parse } from 'csv-parse/sync'
import { type Interactions, indexInteractions } from '../../../src/analytics/recommend/interactions.ts'
import { dataText } from './shared.ts'

/** Different (customer, stock code) pairs in order of first appearance; items with 20 buyers, customers with 5 items. */
export function retailInteractions(country: string): Interactions {
  const lines: Record<string, string>[] = parse(dataText('online_retail.csv.gz'), { columns: true })
  const bought = lines.filter(
    (line) =>
      line['customer_id'] !== '' &&
      !line['invoice']?.startsWith('C') &&
      Number(line['quantity']) > 0 &&
      Number(line['unit_price']) > 0 &&
      line['country'] === country,
  )
  const all = new Map(
    bought.map((line) => [`${line['customer_id']}|${line['stock_code']}`, [line['customer_id'], line['stock_code']]]),
  )
  const popular = atLeast([...all.values()] as [string, string][], 1, 20)
  const kept = atLeast(popular, 0, 5)
  return indexInteractions(
    kept.map(([customer]) => customer),
    kept.map(([, item]) => item),
  )
}

function atLeast(pairs: [string, string][], side: 0 | 1, least: number): [string, string][] {
  const counts = new Map<string, number>()
  for (const pair of pairs) counts.set(pair[side], (counts.get(pair[side]) ?? 0) + 1)
  return pairs.filter((pair) => (counts.get(pair[side]) ?? 0) >= least)
}
