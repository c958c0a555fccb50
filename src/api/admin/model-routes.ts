/** The admin API for models: what is in use and what it is worth; train now, take the one before back. */

import { ScheduleClient, ScheduleNotFoundError, ScheduleOverlapPolicy } from '@temporalio/client'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import {
  lifecycleQueue,
  modelCareScheduleId,
  modelTrainingType,
  modelTrainingWorkflowId,
} from '../../../workflows/ids.ts'
import { type FeatureWeight, featureWeights } from '../../console/model-words.ts'
import { isModelKind, type ModelKind, modelKinds } from '../../domain/model-kind.ts'
import { findModel, listModels, type ModelReport } from '../../store/model-reports.ts'
import { rollBackModel } from '../../store/models.ts'
import { ApiError } from '../api-error.ts'
import { actorOf, needAdmin } from './admin-access.ts'
import type { AdminNeeds } from './admin-needs.ts'
import { one, queryOf } from './query.ts'

type KindRequest = FastifyRequest<{ Params: { kind: string } }>

/** Register beside the other admin routes: it is behind the same check. */
export function modelRoutes(app: FastifyInstance, needs: AdminNeeds): void {
  const { database } = needs
  app.get('/models', async () => ({ models: await listModels(database.pool, undefined) }))
  app.get('/models/:kind', (request: KindRequest) => answerModel(needs, request))
  app.get('/models/:kind/versions', async ({ params }: KindRequest) => ({
    models: await listModels(database.pool, kindOf(params.kind)),
  }))
  app.post('/models/:kind/train', { onRequest: needAdmin }, ({ params }: KindRequest) =>
    train(needs, kindOf(params.kind)),
  )
  app.post('/models/:kind/rollback', { onRequest: needAdmin }, (request: KindRequest) =>
    rollBack(needs, kindOf(request.params.kind), actorOf(request)),
  )
}

async function answerModel(
  { database }: AdminNeeds,
  request: KindRequest,
): Promise<ModelReport & { readonly topFeatures: readonly FeatureWeight[] }> {
  const kind = kindOf(request.params.kind)
  const text = one(queryOf(request), 'version')
  if (text !== undefined && !/^\d{1,9}$/.test(text)) {
    throw new ApiError(400, 'version: must be a whole number', 'version')
  }
  const model = await findModel(database.pool, kind, text === undefined ? undefined : Number(text))
  if (model === undefined) throw new ApiError(404, `There is no model of ${kind} yet, or not this version.`, 'kind')
  return { ...model, topFeatures: featureWeights(model.parameters) }
}

/** By its schedule, which lets no two trainings of a kind run at once; where there is none, under the same id. */
async function train({ temporal }: AdminNeeds, kind: ModelKind): Promise<object> {
  const schedules = new ScheduleClient({ connection: temporal.connection, namespace: temporal.options.namespace })
  const handle = schedules.getHandle(modelTrainingWorkflowId(kind))
  try {
    const { info } = await handle.describe()
    if (info.runningActions.length > 0) throw new ApiError(409, `A training of ${kind} is under way.`)
    await handle.trigger(ScheduleOverlapPolicy.SKIP)
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error
    await temporal.start(modelTrainingType, {
      workflowId: modelTrainingWorkflowId(kind),
      taskQueue: lifecycleQueue,
      args: [{ kind }],
      workflowIdConflictPolicy: 'USE_EXISTING',
      staticSummary: `Training · ${kind}`,
    })
  }
  return { kind, started: true }
}

/** The one before is back at once; everybody is scored with it by a workflow. */
async function rollBack({ database, clock, temporal }: AdminNeeds, kind: ModelKind, actor: string): Promise<object> {
  const modelId = await rollBackModel(database, kind, clock.nowMs(), actor)
  if (modelId === undefined) throw new ApiError(409, `There is no earlier model of ${kind} to take back.`)
  await temporal.start(modelTrainingType, {
    workflowId: `${modelCareScheduleId(kind)}:rollback`,
    taskQueue: lifecycleQueue,
    args: [{ kind, task: 'score' }],
    workflowIdConflictPolicy: 'TERMINATE_EXISTING',
    staticSummary: `Scores after a rollback · ${kind}`,
  })
  return { kind, modelId }
}

function kindOf(text: string): ModelKind {
  if (isModelKind(text)) return text
  throw new ApiError(400, `kind: must be one of ${modelKinds.join(', ')}`, 'kind')
}
