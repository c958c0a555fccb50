/** What an uplift model sees of customers: how they buy, what they like, and what is said of them. */

import type { PurchaseHistories } from '../../domain/purchase-history.ts'
import type { Tastes } from '../../domain/tastes.ts'
import { churnFeatureNames, churnFeatures, churnFeatureVersion } from '../churn/churn-features.ts'
import type { DenseMatrix } from '../core/dense-matrix.ts'
import { noTastes, type TasteEncoding, tasteNames, tasteValues, tasteVersion } from './taste-features.ts'

export const upliftFeatureVersion = `${churnFeatureVersion}+${tasteVersion}`

export interface UpliftFeatures {
  readonly names: readonly string[]
  readonly matrix: DenseMatrix
}

/** @param encoding Left out for a model from before there were tastes: it sees only how customers buy. */
export function upliftFeatures(
  histories: PurchaseHistories,
  tastes: readonly Tastes[],
  encoding: TasteEncoding = noTastes,
): UpliftFeatures {
  const names = [...churnFeatureNames, ...tasteNames(encoding)]
  const rows = histories.customerIds.length
  const own = churnFeatures(histories)
  const width = churnFeatureNames.length
  const values = new Float64Array(rows * names.length)
  for (let i = 0; i < rows; i++) {
    values.set(own.subarray(i * width, (i + 1) * width), i * names.length)
    if (names.length > width) values.set(tasteValues(encoding, tastes[i] as Tastes), i * names.length + width)
  }
  return { names, matrix: { rows, columns: names.length, values } }
}
