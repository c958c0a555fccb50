/** What the steps of a training need to know of one kind of model. */

import type { ModelRow } from '../src/store/models.ts'
import type { TrainingStore } from '../src/store/training-store.ts'

/** How one kind of model is made. */
export interface Trainer {
  /** Chooses window and method; a method of `rule` comes with the reason why nothing can be learned. */
  draft(store: TrainingStore, nowMs: number): Promise<ModelDraft>
  fit(store: TrainingStore, model: ModelRow): Promise<Readonly<Record<string, unknown>>>
  /** Measures on later data: of the model, of the one in use (if it is comparable) and of a plain baseline. */
  evaluate(
    store: TrainingStore,
    model: ModelRow,
    champion: ModelRow | undefined,
  ): Promise<Readonly<Record<string, unknown>>>
  /** Whether the model should be used, by what was measured. */
  verdict(model: ModelRow): { readonly promote: boolean; readonly reason: string }
}

export interface ModelDraft {
  readonly method: string
  readonly parameters: Readonly<Record<string, unknown>>
  readonly trainedFromMs: number | null
  readonly trainedToMs: number | null
  readonly featureVersion: string | null
  readonly tooLittle?: string
}
