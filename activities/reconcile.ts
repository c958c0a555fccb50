/** Finding and repairing what got lost between what is due and the workflows. */

import { Context } from '@temporalio/activity'
import { heartbeatMs } from './deliver.ts'
import type { ReconciliationActivities, ReconciliationResult } from './reconciliation-types.ts'

export interface ReconciliationNeeds {
  readonly checkAndRepair: () => Promise<ReconciliationResult>
}

export function createReconciliationActivities({ checkAndRepair }: ReconciliationNeeds): ReconciliationActivities {
  return {
    async reconcileWorkflows() {
      const heartbeat = setInterval(() => Context.current().heartbeat(), heartbeatMs)
      try {
        const { openWorkflows, withoutWorkflow, withoutWork, stuck, repaired } = await checkAndRepair()
        return { openWorkflows, withoutWorkflow, withoutWork, stuck, repaired }
      } finally {
        clearInterval(heartbeat)
      }
    },
  }
}
