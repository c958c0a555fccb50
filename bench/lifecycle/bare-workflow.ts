/** The least that a workflow can be: activities that do nothing. */

import { proxyActivities } from '@temporalio/workflow'

interface Activities {
  nothing(): Promise<void>
}

const { nothing } = proxyActivities<Activities>({ startToCloseTimeout: '10 seconds' })
const elsewhere = proxyActivities<Activities>({ startToCloseTimeout: '10 seconds', taskQueue: 'bench-bare-elsewhere' })

export async function bare(): Promise<void> {
  await nothing()
}

/** The shape of a decision and a delivery. */
export async function bareTwoSteps(): Promise<void> {
  await nothing()
  await elsewhere.nothing()
}
