/** One training from end to end, without Temporal: the steps of the workflow, one after the other. */

import { MockActivityEnvironment } from '@temporalio/testing'
import { createTrainingActivities } from '../../activities/training.ts'
import type { DriftResult, TrainingDraft } from '../../activities/training-types.ts'
import { codeVersion } from '../../src/code-version.ts'
import type { ModelKind } from '../../src/domain/model-kind.ts'
import { loadDefinitions } from '../../src/store/campaigns.ts'
import type { Database } from '../../src/store/database.ts'
import { createIdentifiers } from '../../src/store/identifiers.ts'
import type { ModelRow } from '../../src/store/models.ts'
import { createTrainingStore } from '../../src/store/training-store.ts'
import type { Vault } from '../../src/store/vault.ts'

/** @returns the model with all that was measured, in use or not. */
export async function trainOnce(database: Database, vault: Vault, kind: ModelKind, nowMs: number): Promise<ModelRow> {
  const { store, activities, environment } = stepsAt(database, vault, kind, nowMs)
  type Extract = typeof activities.extractTrainingData
  const draft = await environment.run<[ModelKind], TrainingDraft, Extract>(activities.extractTrainingData, kind)
  if (draft.tooLittle === undefined) {
    await environment.run(activities.fitModel, draft.modelId)
    await environment.run(activities.evaluateModel, draft.modelId)
    await environment.run(activities.calibrateModel, draft.modelId)
    await environment.run(activities.shadowModel, draft.modelId)
  }
  await environment.run(activities.publishModel, draft.modelId)
  await environment.run(activities.scoreEveryone, kind)
  return store.loadModel(draft.modelId)
}

/** How far scores and features have moved by that day since the model in use was made, the farthest first. */
export async function driftOnce(
  database: Database,
  vault: Vault,
  kind: ModelKind,
  nowMs: number,
): Promise<{ what: string; psi: number }[]> {
  const { store, activities, environment } = stepsAt(database, vault, kind, nowMs)
  type Measure = typeof activities.measureDrift
  await environment.run<[ModelKind], DriftResult, Measure>(activities.measureDrift, kind)
  const { rows } = await database.pool.query<{ what: string; psi: number }>(
    'SELECT what, psi FROM model_drift WHERE model_id = $1 ORDER BY day DESC, psi DESC LIMIT 20',
    [(await store.championModel(kind))?.id],
  )
  return rows
}

function stepsAt(database: Database, vault: Vault, kind: ModelKind, nowMs: number) {
  const store = createTrainingStore(database)
  const activities = createTrainingActivities({
    store,
    definitions: { get: () => loadDefinitions(database) },
    clock: { nowMs: () => nowMs, realMsUntil: () => 0, speed: 1 },
    idFor: createIdentifiers(vault, 'models').id,
    codeVersion,
  })
  const runId = `${kind}-${nowMs}`
  const environment = new MockActivityEnvironment({ workflowExecution: { workflowId: kind, runId } })
  return { store, activities, environment }
}
