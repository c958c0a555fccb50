/** What the steps of a training need to know of one kind of model. */

import type { Definitions } from '../../src/domain/definitions.ts'
import type { ModelRow } from '../../src/store/models.ts'
import type { TrainingStore } from '../../src/store/training-store.ts'
import type { ScoringResult } from '../training-types.ts'
import type { JobInput, JobName, JobResult } from './jobs.ts'

export interface TrainerNeeds {
  readonly store: TrainingStore
  readonly definitions: { get(): Promise<Definitions> }
  /** Reckons in a thread of its own, which ends when the activity is cancelled. */
  compute<N extends JobName>(job: N, input: JobInput<N>): Promise<JobResult<N>>
}

export type Facts = Readonly<Record<string, unknown>>

/** How one kind of model is made. Every step may run twice. */
export interface Trainer {
  /** Chooses window and method; a method of `rule` comes with the reason why nothing can be learned. */
  draft(needs: TrainerNeeds, nowMs: number): Promise<ModelDraft>
  fit(needs: TrainerNeeds, model: ModelRow): Promise<Facts>
  /** Measures on later data: of the model, of the one in use (if it is comparable) and of a plain baseline. */
  evaluate(needs: TrainerNeeds, model: ModelRow, champion: ModelRow | undefined): Promise<Facts>
  /** Brings probabilities nearer to what came, and measures how near they are on customers not used for that. */
  calibrate?(
    needs: TrainerNeeds,
    model: ModelRow,
    champion: ModelRow | undefined,
  ): Promise<{ readonly parameters: Facts; readonly metrics: Facts }>
  /** What the model does today beside the one in use, without anybody noticing. */
  shadow?(needs: TrainerNeeds, model: ModelRow, champion: ModelRow | undefined, nowMs: number): Promise<Facts>
  judgement(model: ModelRow): Judgement
  /** Does what the model in use is for: scores everybody, or writes down what it found. */
  apply(needs: TrainerNeeds, model: ModelRow, pages: Pages): Promise<ScoringResult>
}

/** A model's own figures, in the form in which all kinds are judged. */
export interface Judgement {
  /** What is compared, in words: `log loss`. */
  readonly measure: string
  readonly value: number
  /** Of the model in use on the same data; undefined if there is none to compare with. */
  readonly champion?: number | undefined
  /** What `champion` is, where it is not the model in use: `by popularity alone`. */
  readonly rival?: string
  readonly higherIsBetter: boolean
  /** By how much a model must be better than the one in use to take its place. */
  readonly margin: number
  /** Why it is no model at all, whatever is in use. */
  readonly useless?: string | undefined
  /** How far its probabilities are from what came, and how far they may be. */
  readonly calibration?: { readonly error: number; readonly bound: number; readonly champion?: number } | undefined
  /** All that was measured, in words. */
  readonly words: string
}

/** Walks long work in pages that a later attempt does not repeat. */
export interface Pages {
  readonly nowMs: number
  /** Where an earlier attempt said it was. */
  readonly start: ScoringProgress
  done(progress: ScoringProgress): Promise<void>
}

export interface ScoringProgress extends ScoringResult {
  readonly after: string | null
}

export interface ModelDraft {
  readonly method: string
  readonly parameters: Facts
  readonly trainedFromMs: number | null
  readonly trainedToMs: number | null
  readonly featureVersion: string | null
  readonly seed?: number
  readonly tooLittle?: string
}

/** For kinds that have no rule to fall back to: until there is enough, there is nothing. */
export function nothingYet(tooLittle: string): ModelDraft {
  return {
    method: 'rule',
    parameters: {},
    trainedFromMs: null,
    trainedToMs: null,
    featureVersion: null,
    tooLittle,
  }
}
