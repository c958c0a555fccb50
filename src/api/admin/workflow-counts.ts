/** How many workflows there are, as Temporal counts them. */

import type { WorkflowClient } from '@temporalio/client'

export interface WorkflowCounts {
  readonly open: number
  readonly completed: number
  /** Ended by an error or by running out of time. */
  readonly failed: number
  /** Ended by somebody: terminated or cancelled. */
  readonly ended: number
}

const timeoutMs = 3_000

/** One small query. Null while Temporal cannot be reached. */
export async function countWorkflows(client: WorkflowClient): Promise<WorkflowCounts | null> {
  const byStatus = new Map<string, number>()
  try {
    const { groups } = await client.withDeadline(Date.now() + timeoutMs, () => client.count('GROUP BY ExecutionStatus'))
    for (const { count, groupValues } of groups) byStatus.set(String(groupValues[0]), count)
  } catch {
    return null
  }
  const sum = (...statuses: readonly string[]): number =>
    statuses.reduce((total, status) => total + (byStatus.get(status) ?? 0), 0)
  return {
    open: sum('Running'),
    completed: sum('Completed'),
    failed: sum('Failed', 'TimedOut'),
    ended: sum('Terminated', 'Canceled'),
  }
}
