/** What can be learned of a shop. */

import type { ScoreKind } from './snapshot.ts'

/** Kinds that give every customer a score, and kinds that find something else. */
export type ModelKind =
  | ScoreKind
  | 'clusters'
  | 'rules'
  | 'sequences'
  | 'recommender'
  | 'uplift'
  | 'send-hour'
  | 'revenue'

export const scoreKinds: readonly ScoreKind[] = ['churn', 'purchase', 'clv']

export const modelKinds: readonly ModelKind[] = [
  ...scoreKinds,
  'clusters',
  'rules',
  'sequences',
  'recommender',
  'uplift',
  'send-hour',
  'revenue',
]

/** In words. */
export const modelNames: Readonly<Record<ModelKind, string>> = {
  churn: 'churn risk',
  purchase: 'next purchase',
  clv: 'lifetime value',
  clusters: 'groups of customers',
  rules: 'bought together',
  sequences: 'bought one after the other',
  recommender: 'recommendations',
  uplift: 'effect of offers',
  'send-hour': 'hour to write',
  revenue: 'revenue forecast',
}

export function isModelKind(text: string): text is ModelKind {
  return (modelKinds as readonly string[]).includes(text)
}
