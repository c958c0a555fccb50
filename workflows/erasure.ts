/**
 * Forgetting a person: stop what is under way for them, let go what is already leaving, delete every row, make sure
 * that nothing was written meanwhile, date the proof. A worker may die at any point: the next one carries on.
 */

import * as wf from '@temporalio/workflow'
import type { ErasureActivities, ErasureRequest } from '../activities/erasure-types.ts'
import { customerWorkflowId } from './ids.ts'
import { erasedSignal } from './messages.ts'

const { beginErasure, deliveriesUnderWay, eraseRows, completeErasure } = wf.proxyActivities<ErasureActivities>({
  startToCloseTimeout: '1 minute', // Some thousands of rows take a second. More means that the worker died.
  // For ever: somebody has a right to this, and every step may run twice.
  retry: { initialInterval: '500 milliseconds', backoffCoefficient: 2, maximumInterval: '30 seconds' },
})

export interface ErasureResult {
  /** Rows that were deleted, by table. */
  readonly rows: Readonly<Record<string, number>>
}

export async function erasure(request: ErasureRequest): Promise<ErasureResult> {
  wf.setCurrentDetails('Stopping what is under way.')
  const customerIds = await beginErasure.executeWithOptions({ summary: 'Stop everything' }, [request])
  for (const customerId of customerIds) await endWorkflow(customerId)

  wf.setCurrentDetails('Waiting for messages that are leaving right now.')
  while ((await deliveriesUnderWay(customerIds)) > 0) await wf.sleep('1 second', { summary: 'A message is leaving' })

  const rows: Record<string, number> = {}
  for (;;) {
    wf.setCurrentDetails('Deleting.')
    const found = await eraseRows.executeWithOptions({ summary: 'Delete every row' }, [request.erasureId, customerIds])
    if (Object.keys(found).length === 0) break
    for (const [table, count] of Object.entries(found)) rows[table] = (rows[table] ?? 0) + count
    // Whoever had read a row before it went may still write another one about it: look again.
    await wf.sleep('1 second', { summary: 'Let writers end' })
  }
  await completeErasure(request.erasureId)
  wf.setCurrentDetails(`Forgotten: ${Object.values(rows).reduce((sum, count) => sum + count, 0)} rows.`)
  return { rows }
}

/** Most customers have no workflow at the moment. */
async function endWorkflow(customerId: string): Promise<void> {
  try {
    await wf.getExternalWorkflowHandle(customerWorkflowId(customerId)).signal(erasedSignal)
  } catch (error) {
    if (wf.isCancellation(error)) throw error
  }
}
