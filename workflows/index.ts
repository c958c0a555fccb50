/** The entry of the workflow bundle: every workflow that a worker can run. */

export { broadcast } from './broadcast.ts'
export { crowdReview } from './crowd-review.ts'
export { customerLifecycle } from './customer-lifecycle.ts'
export { erasure } from './erasure.ts'
export { journeyPause } from './journey-pause.ts'
export { modelTraining } from './model-training.ts'
export { reconciliation } from './reconciliation.ts'
