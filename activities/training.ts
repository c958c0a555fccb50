/** The steps of a training. Each may safely run twice: the model's row says how far an earlier try came. */

import { activityInfo, Context } from '@temporalio/activity'
import type { Clock } from '../src/clock.ts'
import { needsOfLifecycle } from '../src/domain/definition-needs.ts'
import type { Definitions } from '../src/domain/definitions.ts'
import { stageOf } from '../src/domain/lifecycle.ts'
import type { ModelRow } from '../src/store/models.ts'
import type { TrainingStore } from '../src/store/training-store.ts'
import { firstRules, scoreHistories } from './scoring.ts'
import { churnTrainer } from './train-churn.ts'
import { valueTrainer } from './train-value.ts'
import type { Trainer } from './trainer.ts'
import type { ModelKind, TrainingActivities, TrainingDraft, TrainingResult } from './training-types.ts'

export interface TrainingNeeds {
  readonly store: TrainingStore
  readonly definitions: { get(): Promise<Definitions> }
  readonly clock: Clock
  /** A UUID that follows from the key. */
  readonly idFor: (key: string) => string
}

const trainers: Readonly<Record<ModelKind, Trainer>> = { churn: churnTrainer, clv: valueTrainer }

/** A page takes a second or two, so a heartbeat comes well within its timeout. */
const pageSize = 2_000

export function createTrainingActivities(needs: TrainingNeeds): TrainingActivities {
  const { store, clock } = needs
  return {
    async extractTrainingData(kind) {
      // The same row for every attempt of this run, and another one for the next training.
      const modelId = needs.idFor(`model/${activityInfo().workflowExecution?.runId ?? ''}`)
      const draft = await trainers[kind].draft(store, clock.nowMs())
      const { tooLittle, ...row } = draft
      const metrics = tooLittle === undefined ? {} : { tooLittle }
      await store.insertModel({ id: modelId, kind, ...row, metrics, createdAtMs: clock.nowMs() })
      return { modelId, ...(tooLittle === undefined ? {} : { tooLittle }) } satisfies TrainingDraft
    },

    async fitModel(modelId) {
      const model = await store.loadModel(modelId)
      await store.amendModel(modelId, { parameters: await trainers[model.kind].fit(store, model) })
    },

    async evaluateModel(modelId) {
      const model = await store.loadModel(modelId)
      const champion = await store.championModel(model.kind)
      await store.amendModel(modelId, { metrics: await trainers[model.kind].evaluate(store, model, champion) })
    },

    async publishModel(modelId) {
      const model = await store.loadModel(modelId)
      const { promote, reason } = await verdictOn(model, needs)
      if (promote) await store.promoteModel(modelId, clock.nowMs())
      else await store.rejectModel(modelId)
      return { modelId, promoted: promote, reason }
    },

    scoreEveryone: (kind) => scoreEveryone(kind, needs),
  }
}

/** A rule replaces no trained model: it only stands in while there is none. */
async function verdictOn(
  model: ModelRow,
  { store }: TrainingNeeds,
): Promise<Pick<TrainingResult, 'reason'> & { promote: boolean }> {
  if (model.status === 'champion') return { promote: true, reason: 'In use.' }
  if (model.method !== 'rule') return trainers[model.kind].verdict(model)
  const champion = await store.championModel(model.kind)
  const tooLittle = (model.metrics['tooLittle'] as string | undefined) ?? 'Too little data.'
  if (champion && champion.method !== 'rule') return { promote: false, reason: `${tooLittle} The model in use stays.` }
  return { promote: true, reason: `${tooLittle} A stated rule stands in.` }
}

async function scoreEveryone(
  kind: ModelKind,
  { store, definitions, clock }: TrainingNeeds,
): Promise<{ customers: number; crossings: number }> {
  const model = await store.championModel(kind)
  if (!model) return { customers: 0, crossings: 0 }
  const { lifecycle } = await definitions.get()
  const progress = { after: null as string | null, customers: 0, crossings: 0 }
  // A worker died half-way: carry on where it last said it was.
  const earlier = activityInfo().heartbeatDetails as typeof progress | undefined
  if (earlier) Object.assign(progress, earlier)

  for (;;) {
    const ids = await store.buyersAfter(progress.after, pageSize)
    if (ids.length === 0) return { customers: progress.customers, crossings: progress.crossings }
    const nowMs = clock.nowMs()
    const { histories } = await store.histories({ asOfMs: nowMs, customerIds: ids })
    const { crossings } = await store.saveScorePage(
      { kind, modelId: model.id, nowMs, scores: scoreHistories(model, histories), announce: lifecycle.churn },
      {
        rules: lifecycle.version,
        stageOf: (view) => stageOf(view, lifecycle, nowMs),
        needs: needsOfLifecycle(lifecycle),
      },
    )
    progress.after = ids.at(-1) ?? null
    progress.customers += histories.customerIds.length
    progress.crossings += crossings
    Context.current().heartbeat(progress)
    await Context.current().sleep(0) // Lets a cancellation through between two pages.
  }
}

export interface ScoreNeeds {
  readonly store: TrainingStore
  readonly clock: Clock
  readonly idFor: (key: string) => string
}

/** Scores one customer of whom an order has come. The workflow looks again next, so nothing becomes news. */
export async function scoreOne(customerId: string, { store, clock, idFor }: ScoreNeeds): Promise<void> {
  const nowMs = clock.nowMs()
  const { histories } = await store.histories({ asOfMs: nowMs + 1, customerIds: [customerId] })
  for (const kind of ['churn', 'clv'] as const) {
    const model = (await store.championModel(kind)) ?? (await firstRule(kind, { store, clock, idFor }))
    await store.saveScoresQuietly({ kind, modelId: model.id, nowMs, scores: scoreHistories(model, histories) })
  }
}

/** Until the first training a stated rule scores, and has a row like any model. */
async function firstRule(kind: ModelKind, { store, clock, idFor }: ScoreNeeds): Promise<ModelRow> {
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
