/** Where a customer stands, in plain words, for the current details in the Temporal UI. */

import type { Standing } from '../activities/activity-types.ts'

/** Markdown, one line each. No personal data: the standing holds none. */
export function standingInWords({ stage, churnRisk, lifetimeValue, segments, journeys, nextStep }: Standing): string {
  const lines = [`Stage: **${stage}**`]
  if (churnRisk !== undefined) lines.push(`Churn risk: ${Math.round(churnRisk * 100)} %`)
  if (lifetimeValue !== undefined) lines.push(`Lifetime value: ${(lifetimeValue / 100).toFixed(2)}`)
  if (segments.length > 0) lines.push(`Segments: ${segments.join(', ')}`)
  lines.push(journeys.length > 0 ? `In: ${journeys.join(', ')}` : 'In no journey')
  lines.push(`Next: ${nextStep ?? 'nothing until there is news'}`)
  return lines.map((line) => `- ${line}`).join('\n')
}
