/**
 * One training of one kind of model, on a schedule: choose the data, fit, judge on later data, put the better model into
 * use, score everybody. A worker may die at any point: the next one carries on with the same model row.
 */

import * as wf from '@temporalio/workflow'
import type { ModelKind, ScoringResult, TrainingActivities, TrainingResult } from '../activities/training-types.ts'
import { trainingQueue } from './ids.ts'

export interface TrainingRequest {
  readonly kind: ModelKind
}

const kindNames: Readonly<Record<ModelKind, string>> = { churn: 'churn risk', clv: 'lifetime value' }

const { extractTrainingData, fitModel, evaluateModel, publishModel } = wf.proxyActivities<TrainingActivities>({
  taskQueue: trainingQueue,
  startToCloseTimeout: '30 minutes', // A fit of a million histories; past that something is wrong.
  retry: { initialInterval: '5 seconds', maximumInterval: '5 minutes' }, // Outages of the database pass.
})

const { scoreEveryone } = wf.proxyActivities<TrainingActivities>({
  taskQueue: trainingQueue,
  startToCloseTimeout: '6 hours',
  heartbeatTimeout: '1 minute', // A page takes seconds: a minute of silence means that the worker died.
  retry: { initialInterval: '5 seconds', maximumInterval: '5 minutes' },
})

export async function modelTraining({ kind }: TrainingRequest): Promise<TrainingResult & ScoringResult> {
  const name = kindNames[kind]
  wf.setCurrentDetails(`Choosing the data for ${name}.`)
  const draft = await extractTrainingData.executeWithOptions({ summary: `Choose the data · ${name}` }, [kind])

  if (draft.tooLittle === undefined) {
    wf.setCurrentDetails(`Fitting the model of ${name}.`)
    await fitModel.executeWithOptions({ summary: `Fit · ${name}` }, [draft.modelId])
    await evaluateModel.executeWithOptions({ summary: `Judge on later data · ${name}` }, [draft.modelId])
  }
  const result = await publishModel.executeWithOptions({ summary: `Choose the better model · ${name}` }, [
    draft.modelId,
  ])

  wf.setCurrentDetails(`Scoring everybody: ${name}. ${result.reason}`)
  const scoring = await scoreEveryone.executeWithOptions({ summary: `Score everybody · ${name}` }, [kind])
  wf.setCurrentDetails(`${result.reason} ${scoring.customers} customers scored, ${scoring.crossings} crossings.`)
  return { ...result, ...scoring }
}
