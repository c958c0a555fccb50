/** Telco churn as numbers: a real file with every trap of one-hot features. */

import { parse } from 'csv-parse/sync'
import { type EncodedFeatures, encodeFeatures, type FeatureColumn } from '../../../src/analytics/feature-encoding.ts'
import { dataText } from './shared.ts'

export interface Telco extends EncodedFeatures {
  /** 1 where the customer left. */
  readonly target: Uint8Array
}

const numeric = new Set(['SeniorCitizen', 'tenure', 'MonthlyCharges', 'TotalCharges'])

/** All rows of the file, without the id; a blank TotalCharges is 0. */
export function readTelco(): Telco {
  const rows = parse<Record<string, string>>(dataText('telco_churn.csv.gz'), { columns: true })
  const names = Object.keys(rows[0]!).filter((name) => name !== 'customerID' && name !== 'Churn')
  const columns = names.map((name): FeatureColumn => {
    const texts = rows.map((row) => row[name]!)
    if (!numeric.has(name)) return { name, kind: 'text', values: texts }
    return { name, kind: 'numeric', values: Float64Array.from(texts, (text) => Number(text)) }
  })
  const target = Uint8Array.from(rows, (row) => (row['Churn'] === 'Yes' ? 1 : 0))
  return { ...encodeFeatures(columns, rows.length), target }
}

/** Row numbers whose remainder is (or is not) the given one. */
export function splitRows(rows: number, every: number, remainder: number): { train: number[]; test: number[] } {
  const all = Array.from({ length: rows }, (_, row) => row)
  return { train: all.filter((row) => row % every !== remainder), test: all.filter((row) => row % every === remainder) }
}
