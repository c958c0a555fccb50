/** What a model does today beside the one in use, on up to so many customers, without a row being written about them. */

import { churnFeatureNames, churnFeatures } from '../../src/analytics/churn/churn-features.ts'
import { type Spread, spreadOf, stabilityIndex } from '../../src/analytics/stability.ts'
import type { PurchaseHistories } from '../../src/domain/purchase-history.ts'
import type { ModelRow } from '../../src/store/models.ts'
import { scoreHistories } from '../scoring.ts'
import { TrainingRefused } from './in-thread.ts'
import { historiesInPages } from './score-pages.ts'
import type { Facts, TrainerNeeds } from './trainer.ts'

/** Ids are hashes: the first of them are as good as drawn by lot. */
const mostCustomers = 20_000

/** How scores and features are spread, to be compared with those of later days. */
export interface Reference {
  readonly score: Spread
  readonly features: Readonly<Record<string, Spread>>
}

/** @throws TrainingRefused if a score is no number. */
export async function shadowScores(
  needs: TrainerNeeds,
  model: ModelRow,
  champion: ModelRow | undefined,
  nowMs: number,
): Promise<Facts> {
  const histories = await someHistories(needs, model, nowMs)
  if (histories === undefined) return { shadow: { customers: 0 } }
  const { churn } = (await needs.definitions.get()).lifecycle
  const own = valuesOf(model, histories)
  const broken = own.findIndex((value) => !Number.isFinite(value))
  if (broken >= 0) {
    throw new TrainingRefused(`The score of a customer is ${own[broken]}: a score must be a finite number.`)
  }
  const reference: Reference = { score: spreadOf(own), features: featureSpreads(histories) }
  const inUse = champion ? valuesOf(champion, histories) : undefined
  const above = (values: Float64Array): number =>
    values.reduce((count, value) => count + (value >= churn.enter ? 1 : 0), 0)
  return {
    reference,
    shadow: {
      customers: own.length,
      mean: mean(own),
      ...(model.kind === 'churn' ? { atRisk: above(own) } : {}),
      ...(inUse
        ? {
            championMean: mean(inUse),
            shift: stabilityIndex(spreadOf(inUse), own),
            ...(model.kind === 'churn' ? { championAtRisk: above(inUse) } : {}),
          }
        : {}),
    },
  }
}

/** Population stability indexes of today against the day on which the model was made. */
export async function driftOf(
  needs: TrainerNeeds,
  model: ModelRow,
  nowMs: number,
): Promise<{ what: string; psi: number }[]> {
  const reference = model.metrics['reference'] as Reference | undefined
  const histories = reference && (await someHistories(needs, model, nowMs))
  if (reference === undefined || histories === undefined) return []
  const columns = featureColumns(histories)
  return [
    { what: 'score', psi: stabilityIndex(reference.score, valuesOf(model, histories)) },
    ...Object.entries(reference.features).flatMap(([what, spread]) => {
      const values = columns[what]
      return values === undefined ? [] : [{ what, psi: stabilityIndex(spread, values) }]
    }),
  ]
}

async function someHistories(
  needs: TrainerNeeds,
  model: ModelRow,
  nowMs: number,
): Promise<PurchaseHistories | undefined> {
  for await (const { histories } of historiesInPages(needs, model, nowMs, null, mostCustomers)) {
    return histories.customerIds.length === 0 ? undefined : histories
  }
  return undefined
}

function valuesOf(model: ModelRow, histories: PurchaseHistories): Float64Array {
  return Float64Array.from(scoreHistories(model, histories), ({ value }) => value)
}

function featureSpreads(histories: PurchaseHistories): Record<string, Spread> {
  return Object.fromEntries(Object.entries(featureColumns(histories)).map(([name, values]) => [name, spreadOf(values)]))
}

function featureColumns(histories: PurchaseHistories): Record<string, Float64Array> {
  const width = churnFeatureNames.length
  const values = churnFeatures(histories)
  return Object.fromEntries(
    churnFeatureNames.map((name, j) => [
      name,
      Float64Array.from(histories.customerIds, (_, i) => values[i * width + j] as number),
    ]),
  )
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
