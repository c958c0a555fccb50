/** The least that a workflow can be: one activity that does nothing. */

import { proxyActivities } from '@temporalio/workflow'

const { nothing } = proxyActivities<{ nothing(): Promise<void> }>({ startToCloseTimeout: '10 seconds' })

export async function bare(): Promise<void> {
  await nothing()
}
