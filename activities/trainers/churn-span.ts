/** What a model of churn or of the next purchase keeps of its making: how far it looks, and what leaving means. */

import type { ScoreKind } from '../../src/domain/snapshot.ts'
import type { ModelRow } from '../../src/store/models.ts'
import type { ContractEvents } from '../../src/store/training-sources.ts'

interface Window {
  readonly horizonDays: number
  readonly trainAtMs: number
  readonly evaluateAtMs: number
  /** Left out: customers leave by not coming back. */
  readonly contract?: ContractEvents
}

export function windowOf(model: Pick<ModelRow, 'parameters'>): Window {
  return model.parameters as unknown as Window
}

/** Whether a model of churn is about contracts, and which. */
export function contractOf(model: Pick<ModelRow, 'kind' | 'parameters'>): ContractEvents | undefined {
  return model.kind === ('churn' satisfies ScoreKind) ? windowOf(model).contract : undefined
}
