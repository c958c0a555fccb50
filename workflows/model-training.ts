/**
 * One training of one kind of model, on a schedule: choose the data, fit, judge on later data, calibrate, watch it beside
 * the one in use, put the better model into use, score everybody. A worker may die at any point: the next one carries on
 * with the same model row. What cannot be learned from fails with its reason, and the model in use stays.
 */

import * as wf from '@temporalio/workflow'
import type { DriftResult, ScoringResult, TrainingActivities, TrainingResult } from '../activities/training-types.ts'
import { type ModelKind, modelNames } from '../src/domain/model-kind.ts'
import { trainingQueue } from './ids.ts'

export interface TrainingRequest {
  readonly kind: ModelKind
  /** `score`: only score everybody anew with the model in use. `care`: that, and see how far things have moved. */
  readonly task?: 'train' | 'score' | 'care'
}

const steps = wf.proxyActivities<TrainingActivities>({
  taskQueue: trainingQueue,
  startToCloseTimeout: '30 minutes', // A fit of a million histories; past that something is wrong.
  heartbeatTimeout: '20 seconds', // They come every three: the worker died, or is too busy to be of use.
  retry: { initialInterval: '5 seconds', maximumInterval: '5 minutes' }, // Outages of the database pass.
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
})
const { extractTrainingData, fitModel, evaluateModel, calibrateModel, shadowModel, publishModel } = steps

const { scoreEveryone, measureDrift } = wf.proxyActivities<TrainingActivities>({
  taskQueue: trainingQueue,
  startToCloseTimeout: '6 hours',
  heartbeatTimeout: '20 seconds',
  retry: { initialInterval: '5 seconds', maximumInterval: '5 minutes' },
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
})

const { giveUpModel } = wf.proxyActivities<TrainingActivities>({
  taskQueue: trainingQueue,
  startToCloseTimeout: '1 minute',
  retry: { initialInterval: '5 seconds', maximumInterval: '5 minutes' },
})

export async function modelTraining({
  kind,
  task = 'train',
}: TrainingRequest): Promise<Partial<TrainingResult & DriftResult> & ScoringResult> {
  const name = modelNames[kind]
  if (task !== 'train') return care(kind, task)
  wf.setCurrentDetails(`Choosing the data for ${name}.`)
  const draft = await extractTrainingData.executeWithOptions({ summary: `Choose the data · ${name}` }, [kind])
  const result = await orGiveUp(draft.modelId, async () => {
    if (draft.tooLittle === undefined) await makeModel(draft.modelId, name)
    return publishModel.executeWithOptions({ summary: `Choose the better model · ${name}` }, [draft.modelId])
  })

  wf.setCurrentDetails(`Scoring everybody: ${name}. ${result.reason}`)
  const scoring = await scoreEveryone.executeWithOptions({ summary: `Score everybody · ${name}` }, [kind])
  wf.setCurrentDetails(`${result.reason} ${scoring.customers} customers scored, ${scoring.crossings} crossings.`)
  return { ...result, ...scoring }
}

async function makeModel(modelId: string, name: string): Promise<void> {
  wf.setCurrentDetails(`Fitting the model of ${name}.`)
  await fitModel.executeWithOptions({ summary: `Fit · ${name}` }, [modelId])
  await evaluateModel.executeWithOptions({ summary: `Judge on later data · ${name}` }, [modelId])
  if (!wf.patched('calibrated-and-shadowed')) return
  await calibrateModel.executeWithOptions({ summary: `Calibrate · ${name}` }, [modelId])
  await shadowModel.executeWithOptions({ summary: `Watch beside the one in use · ${name}` }, [modelId])
}

/** A training that fails or is cancelled leaves a row that says why. */
async function orGiveUp<T>(modelId: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const reason = wf.isCancellation(error) ? 'Cancelled.' : (wf.rootCause(error) ?? 'Unknown.')
    await wf.CancellationScope.nonCancellable(() => giveUpModel(modelId, reason))
    wf.setCurrentDetails(`Not made: ${reason} The model in use stays.`)
    throw error
  }
}

/** Between trainings: scores as old as a day are made anew, and what has moved is written down. */
async function care(kind: ModelKind, task: 'score' | 'care'): Promise<ScoringResult & Partial<DriftResult>> {
  const name = modelNames[kind]
  wf.setCurrentDetails(`Scoring everybody: ${name}.`)
  const scoring = await scoreEveryone.executeWithOptions({ summary: `Score everybody · ${name}` }, [kind])
  if (task === 'score') return scoring
  const drift = await measureDrift.executeWithOptions({ summary: `See what has moved · ${name}` }, [kind])
  return { ...scoring, ...drift }
}
