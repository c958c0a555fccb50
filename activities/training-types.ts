/** What the training workflow may ask for. Only types: workflows import nothing else from this folder. */

import type { ModelKind } from '../src/domain/model-kind.ts'

export interface TrainingActivities {
  /** Chooses the data of this training and writes the model's row. Run twice by one workflow, it gives the same row. */
  extractTrainingData(kind: ModelKind): Promise<TrainingDraft>
  /** Fits the model on the earlier data of its window and stores its parameters. */
  fitModel(modelId: string): Promise<void>
  /** Judges the fitted model on the later data, beside the one in use and a plain baseline. */
  evaluateModel(modelId: string): Promise<void>
  /** Brings its probabilities nearer to what came, where it has any. */
  calibrateModel(modelId: string): Promise<void>
  /** Scores today's customers with it beside the one in use, without anybody noticing. */
  shadowModel(modelId: string): Promise<void>
  /** Puts the model into use if it is good enough. */
  publishModel(modelId: string): Promise<TrainingResult>
  /** Notes why a model could not be made; the one in use stays. */
  giveUpModel(modelId: string, reason: string): Promise<void>
  /** Scores everybody with the model in use, a page at a time, with a heartbeat each; resumes after a crash. */
  scoreEveryone(kind: ModelKind): Promise<ScoringResult>
  /** How far features and scores have moved since the model in use was made. */
  measureDrift(kind: ModelKind): Promise<DriftResult>
}

export interface TrainingDraft {
  readonly modelId: string
  /** Why nothing can be learned yet, in a sentence; then a stated rule takes the model's place. */
  readonly tooLittle?: string
}

export interface TrainingResult {
  readonly modelId: string
  readonly promoted: boolean
  /** In plain words: "better on later data: log loss 0.41 against 0.46". */
  readonly reason: string
}

export interface ScoringResult {
  readonly customers: number
  /** How many scores crossed a threshold of the lifecycle; each is news for the customer. */
  readonly crossings: number
}

export interface DriftResult {
  /** The column that has moved most; null while there is nothing to compare with. */
  readonly largest: { readonly what: string; readonly psi: number } | null
}
