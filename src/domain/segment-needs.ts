/** What a segment's answer depends on besides the customer's own facts. */

import { type Condition, factsOf } from './condition.ts'

/** The keys of the segments that a condition asks about, each once. */
export function segmentsIn(condition: Condition): readonly string[] {
  return keysAfter('segment.', condition)
}

/** The keys of the computed traits that a condition asks about, each once. */
export function computedIn(condition: Condition): readonly string[] {
  return keysAfter('computed.', condition)
}

function keysAfter(prefix: string, condition: Condition): readonly string[] {
  const facts = factsOf(condition).filter((fact) => fact.startsWith(prefix))
  return [...new Set(facts.map((fact) => fact.slice(prefix.length)))]
}
