/** What the reconciliation may ask for. Only types: workflows import nothing else from this folder. */

export interface ReconciliationActivities {
  /** Finds due work without a workflow and workflows without work, and repairs both. Safe to run twice. */
  reconcileWorkflows(): Promise<ReconciliationResult>
}

export interface ReconciliationResult {
  readonly openWorkflows: number
  readonly withoutWorkflow: number
  readonly withoutWork: number
  readonly stuck: number
  readonly repaired: number
}
