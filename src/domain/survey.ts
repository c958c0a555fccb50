/** Surveys of one question: which answers there are, and how they are written down. */

import type { TraitValue } from './snapshot.ts'

/** NPS: how likely to recommend, 0 to 10. CSAT: how satisfied, 1 to 5. */
export type SurveyScale = 'nps' | 'csat'

export interface SurveyQuestion {
  /** The id of the step that asks. */
  readonly survey: string
  readonly question: string
  readonly scale: SurveyScale
  /** The trait that keeps the answer. */
  readonly trait: string
}

/** The event that an answer is. Its properties: survey, score, scale, journey. */
export const surveyAnswered = 'Survey Answered'

const scales: Readonly<Record<SurveyScale, { readonly from: number; readonly to: number }>> = {
  nps: { from: 0, to: 10 },
  csat: { from: 1, to: 5 },
}

/** The words at both ends of a scale. */
export const scaleEnds: Readonly<Record<SurveyScale, readonly [string, string]>> = {
  nps: ['not at all likely', 'extremely likely'],
  csat: ['very dissatisfied', 'very satisfied'],
}

/** All answers of a scale, in order. */
export function scoresOf(scale: SurveyScale): readonly number[] {
  const { from, to } = scales[scale]
  return Array.from({ length: to - from + 1 }, (_, i) => from + i)
}

/** The question that a message asks, from the values that its step gave it; undefined if it asks none. */
export function questionOf(data: Readonly<Record<string, TraitValue>>): SurveyQuestion | undefined {
  const { survey, survey_question: question, survey_scale: scale, survey_trait: trait } = data
  if (typeof survey !== 'string' || typeof question !== 'string' || typeof trait !== 'string') return undefined
  return scale === 'nps' || scale === 'csat' ? { survey, question, scale, trait } : undefined
}
