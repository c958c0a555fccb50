/** Workflow ids and task queues, made in one place, so that clients and workers cannot disagree. */

/** The one workflow of a customer. The id holds a UUID and nothing else about the person. */
export function customerWorkflowId(customerId: string): string {
  return `customer:${customerId}`
}

/** Whose workflow it is; undefined if it is none of a customer's. */
export function customerOfWorkflow(workflowId: string): string | undefined {
  return /^customer:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/.exec(workflowId)?.[1]
}

/** The workflow that walks a crowd, by name. */
export const crowdReviewType = 'crowdReview'

/** One crowd at a time: whoever has something to look at belongs to it. */
export const crowdWorkflowId = 'crowd'

/** The workflow of a broadcast, by name. */
export const broadcastType = 'broadcast'

/** One run of a broadcast at a time. */
export function broadcastWorkflowId(broadcastId: string): string {
  return `broadcast:${broadcastId}`
}

/** The workflow of a journey that stands still, by name. */
export const journeyPauseType = 'journeyPause'

/** While a journey is paused, and for whoever wants to pause it by a signal. */
export function journeyWorkflowId(journey: string): string {
  return `journey:${journey}`
}

/** The workflow that forgets a person, by name. */
export const erasureType = 'erasure'

/** One erasure of a person at a time. */
export function erasureWorkflowId(customerId: string): string {
  return `erasure:${customerId}`
}

/** The workflow that trains a model, by name. */
export const modelTrainingType = 'modelTraining'

/** One training at a time per kind of model. */
export function modelTrainingWorkflowId(kind: string): string {
  return `model-training:${kind}`
}

/** The workflow that holds what is due against what is open, by name. Its schedule has the same id. */
export const reconciliationType = 'reconciliation'

/** Under which the daily scoring of one kind of model runs. */
export function modelCareScheduleId(kind: string): string {
  return `model-care:${kind}`
}

/** Workflows, and the activities that talk to PostgreSQL only. */
export const lifecycleQueue = 'lifecycle'

/** One queue per channel, so that a slow provider holds up nobody else. */
export const deliveryQueues = { email: 'deliver-email', sms: 'deliver-sms' } as const

/** Pages of broadcasts have workers of their own: what a person waits for never queues behind them. */
export const broadcastQueue = 'broadcast'

/** Fitting models keeps a core busy: it has workers of its own. */
export const trainingQueue = 'training'
