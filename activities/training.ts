/** The steps of a training. Each may safely run twice: the model's row says how far an earlier try came. */

import { activityInfo, Context } from '@temporalio/activity'
import { ApplicationFailure } from '@temporalio/common'
import type { Clock } from '../src/clock.ts'
import type { Definitions } from '../src/domain/definitions.ts'
import type { ModelKind } from '../src/domain/model-kind.ts'
import type { ModelRow } from '../src/store/models.ts'
import type { TrainingStore } from '../src/store/training-store.ts'
import { churnTrainer, purchaseTrainer } from './trainers/churn.ts'
import { clusterTrainer } from './trainers/clusters.ts'
import { computeInThread, TrainingRefused } from './trainers/in-thread.ts'
import { judge, type Verdict } from './trainers/judge.ts'
import { ruleTrainer, sequenceTrainer } from './trainers/patterns.ts'
import { recommenderTrainer } from './trainers/recommender.ts'
import { revenueTrainer } from './trainers/revenue.ts'
import { sendHourTrainer } from './trainers/send-hour.ts'
import { driftOf } from './trainers/shadow.ts'
import type { ScoringProgress, Trainer, TrainerNeeds } from './trainers/trainer.ts'
import { upliftTrainer } from './trainers/uplift.ts'
import { valueTrainer } from './trainers/value.ts'
import type { TrainingActivities, TrainingDraft } from './training-types.ts'

export interface TrainingNeeds {
  readonly store: TrainingStore
  readonly definitions: { get(): Promise<Definitions> }
  readonly clock: Clock
  /** A UUID that follows from the key. */
  readonly idFor: (key: string) => string
  /** Which code trains. */
  readonly codeVersion: () => string
}

const trainers: Readonly<Record<ModelKind, Trainer>> = {
  churn: churnTrainer,
  purchase: purchaseTrainer,
  clv: valueTrainer,
  clusters: clusterTrainer,
  rules: ruleTrainer,
  sequences: sequenceTrainer,
  recommender: recommenderTrainer,
  uplift: upliftTrainer,
  'send-hour': sendHourTrainer,
  revenue: revenueTrainer,
}

/** Well within the timeout, also when the machine is busy. */
const heartbeatMs = 3_000

export function createTrainingActivities(needs: TrainingNeeds): TrainingActivities {
  const { store, clock } = needs
  /** One step of a training on a model's row, with heartbeats. */
  const step = <T>(modelId: string, work: (trainer: Trainer, model: ModelRow, ready: TrainerNeeds) => Promise<T>) =>
    alive(needs, async (ready) => {
      const model = await store.loadModel(modelId)
      return work(trainers[model.kind], model, ready)
    })
  return {
    extractTrainingData: (kind) =>
      alive(needs, async (ready) => {
        // The same row for every attempt of this run, and another one for the next training.
        const modelId = needs.idFor(`model/${activityInfo().workflowExecution?.runId ?? ''}`)
        const { tooLittle, ...row } = await trainers[kind].draft(ready, clock.nowMs())
        const metrics = tooLittle === undefined ? {} : { tooLittle }
        const codeVersion = needs.codeVersion()
        await store.insertModel({ id: modelId, kind, ...row, metrics, codeVersion, createdAtMs: clock.nowMs() })
        return { modelId, ...(tooLittle === undefined ? {} : { tooLittle }) } satisfies TrainingDraft
      }),

    fitModel: (modelId) =>
      step(modelId, async (trainer, model, ready) => {
        await store.amendModel(modelId, { parameters: await trainer.fit(ready, model) })
      }),

    evaluateModel: (modelId) =>
      step(modelId, async (trainer, model, ready) => {
        const champion = await rivalOf(model, store)
        await store.amendModel(modelId, { metrics: await trainer.evaluate(ready, model, champion) })
      }),

    calibrateModel: (modelId) =>
      step(modelId, async (trainer, model, ready) => {
        const amended = await trainer.calibrate?.(ready, model, await rivalOf(model, store))
        if (amended !== undefined) await store.amendModel(modelId, amended)
      }),

    shadowModel: (modelId) =>
      step(modelId, async (trainer, model, ready) => {
        const metrics = await trainer.shadow?.(ready, model, await rivalOf(model, store), clock.nowMs())
        if (metrics !== undefined) await store.amendModel(modelId, { metrics })
      }),

    publishModel: (modelId) =>
      step(modelId, async (trainer, model) => {
        const { promote, reason } = await verdictOn(model, trainer, store)
        if (model.status === 'training') await store.amendModel(modelId, { metrics: { reason } })
        if (promote) await store.promoteModel(modelId, clock.nowMs())
        else await store.rejectModel(modelId, reason)
        return { modelId, promoted: promote, reason }
      }),

    giveUpModel: (modelId, reason) => store.rejectModel(modelId, reason, 'failed'),

    scoreEveryone: (kind) =>
      alive(needs, async (ready) => {
        const model = await store.championModel(kind)
        if (!model) return { customers: 0, crossings: 0 }
        // A worker died half-way: carry on where it last said it was.
        const earlier = activityInfo().heartbeatDetails as ScoringProgress | undefined
        const nothing: ScoringProgress = { after: null, customers: 0, crossings: 0 }
        return trainers[kind].apply(ready, model, {
          nowMs: clock.nowMs(),
          start: isProgress(earlier) ? earlier : nothing,
          async done(progress) {
            Context.current().heartbeat(progress)
            await Context.current().sleep(0) // Lets a cancellation through between two pages.
          },
        })
      }),

    measureDrift: (kind) =>
      alive(needs, async (ready) => {
        const model = await store.championModel(kind)
        const drift = model === undefined ? [] : await driftOf(ready, model, clock.nowMs())
        if (model === undefined || drift.length === 0) return { largest: null }
        await store.saveDrift(model.id, clock.nowMs(), drift)
        return { largest: drift.reduce((most, next) => (next.psi > most.psi ? next : most)) }
      }),
  }
}

/** Runs a step under heartbeats, with a thread to reckon in; what the data refuse is not tried again. */
async function alive<T>(needs: TrainingNeeds, work: (ready: TrainerNeeds) => Promise<T>): Promise<T> {
  const context = Context.current()
  const { cancellationSignal: signal } = context
  let details: unknown = context.info.heartbeatDetails
  const beat = setInterval(() => context.heartbeat(details), heartbeatMs)
  try {
    const done = work({
      ...needs,
      compute: (job, input) =>
        computeInThread(job, input, { signal, onProgress: (share) => (details = { done: Math.round(share * 100) }) }),
    })
    // A cancelled step is left at once; what it still reads from the database is thrown away.
    return await Promise.race([done, context.cancelled])
  } catch (error) {
    if (signal.aborted) throw signal.reason
    if (error instanceof TrainingRefused || error instanceof RangeError) {
      throw ApplicationFailure.nonRetryable(error.message, 'TrainingRefused')
    }
    throw error
  } finally {
    clearInterval(beat)
  }
}

function isProgress(details: unknown): details is ScoringProgress {
  return typeof details === 'object' && details !== null && 'after' in details
}

/** The model to compare with: the one in use, if it is another one and was learned. */
async function rivalOf(model: ModelRow, store: TrainingStore): Promise<ModelRow | undefined> {
  const champion = await store.championModel(model.kind)
  return champion?.id === model.id || champion?.method === 'rule' ? undefined : champion
}

/** A rule replaces no trained model: it only stands in while there is none. */
async function verdictOn(model: ModelRow, trainer: Trainer, store: TrainingStore): Promise<Verdict> {
  if (model.status !== 'training') return { promote: model.status === 'champion', reason: reasonOf(model) }
  if (model.method !== 'rule') return judge(trainer.judgement(model))
  const champion = await store.championModel(model.kind)
  const tooLittle = (model.metrics['tooLittle'] as string | undefined) ?? 'Too little data.'
  if (champion && champion.method !== 'rule') return { promote: false, reason: `${tooLittle} The model in use stays.` }
  return { promote: true, reason: `${tooLittle} A stated rule stands in.` }
}

function reasonOf({ metrics, status }: ModelRow): string {
  return (metrics['reason'] as string | undefined) ?? (status === 'champion' ? 'In use.' : 'Not in use.')
}
