/** On a schedule: holds what is due against which workflows are open, and repairs the difference. Finding 0 is the goal. */

import * as wf from '@temporalio/workflow'
import type { ReconciliationActivities, ReconciliationResult } from '../activities/reconciliation-types.ts'

const { reconcileWorkflows } = wf.proxyActivities<ReconciliationActivities>({
  startToCloseTimeout: '30 minutes', // Seconds as a rule; a million open workflows are a thousand pages.
  heartbeatTimeout: '1 minute',
  retry: { initialInterval: '5 seconds', maximumInterval: '5 minutes' },
})

export async function reconciliation(): Promise<ReconciliationResult> {
  wf.setCurrentDetails('Comparing what is due with the workflows that are open.')
  const found = await reconcileWorkflows.executeWithOptions({ summary: 'Compare and repair' }, [])
  wf.setCurrentDetails(
    `${found.openWorkflows} open workflows. Due work without a workflow: ${found.withoutWorkflow}; ` +
      `workflows without work: ${found.withoutWork}; stuck: ${found.stuck}; repaired: ${found.repaired}.`,
  )
  return found
}
