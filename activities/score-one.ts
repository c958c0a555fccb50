/** Scores one customer of whom an order has come, with whatever is in use. */

import { firstRules } from '../src/analytics/scoring/first-rules.ts'
import type { Clock } from '../src/clock.ts'
import { scoreKinds } from '../src/domain/model-kind.ts'
import type { ScoreKind } from '../src/domain/snapshot.ts'
import type { ModelRow } from '../src/store/models.ts'
import type { TrainingStore } from '../src/store/training-store.ts'
import { holdFrom, scoreHistories } from './scoring.ts'

export interface ScoreNeeds {
  readonly store: TrainingStore
  readonly clock: Clock
  readonly idFor: (key: string) => string
}

/** The workflow looks again next, so nothing becomes news. */
export async function scoreOne(customerId: string, { store, clock, idFor }: ScoreNeeds): Promise<void> {
  const nowMs = clock.nowMs()
  const { histories } = await store.histories({ asOfMs: nowMs + 1, customerIds: [customerId] })
  for (const kind of scoreKinds) {
    const model = (await store.championModel(kind)) ?? (await firstRule(kind, { store, clock, idFor }))
    const scores = scoreHistories(model, histories)
    await store.saveScoresQuietly({ kind, modelId: model.id, nowMs, scores, holdHighFromCents: holdFrom(model) })
  }
  await store.replaceRecommendationMatches([customerId])
}

/** Until the first training a stated rule scores, and has a row like any model. */
async function firstRule(kind: ScoreKind, { store, clock, idFor }: ScoreNeeds): Promise<ModelRow> {
  const { method, ...parameters } = firstRules[kind]
  const createdAtMs = clock.nowMs()
  const model = await store.insertModel({
    id: idFor(`first-rule/${kind}`),
    kind,
    method,
    parameters,
    metrics: { tooLittle: 'No training has run yet.' },
    createdAtMs,
  })
  if (model.status === 'training') await store.promoteModel(model.id, createdAtMs)
  return { ...model, status: 'champion' }
}
