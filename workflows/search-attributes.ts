/** What ops can filter customers' workflows by. Ids, numbers and words of the campaigns; nothing about the person. */

import { defineSearchAttributeKey, SearchAttributeType, type SearchAttributeUpdatePair } from '@temporalio/common'
import { upsertSearchAttributes, workflowInfo } from '@temporalio/workflow'
import type { Standing } from '../activities/activity-types.ts'

const lifecycleStage = defineSearchAttributeKey('LifecycleStage', SearchAttributeType.KEYWORD)
const churnRisk = defineSearchAttributeKey('ChurnRisk', SearchAttributeType.DOUBLE)
const lifetimeValue = defineSearchAttributeKey('LifetimeValue', SearchAttributeType.DOUBLE)
const customerSegments = defineSearchAttributeKey('CustomerSegments', SearchAttributeType.KEYWORD_LIST)
const journeys = defineSearchAttributeKey('Journeys', SearchAttributeType.KEYWORD_LIST)
const nextStep = defineSearchAttributeKey('NextStep', SearchAttributeType.KEYWORD)

/** Shows the standing as search attributes. Only what differs is written: each write is an event and an index entry. */
export function showAsSearchAttributes(standing: Standing): void {
  const shown = workflowInfo().typedSearchAttributes
  const wanted: SearchAttributeUpdatePair[] = [
    { key: lifecycleStage, value: standing.stage },
    { key: churnRisk, value: standing.churnRisk ?? null },
    { key: lifetimeValue, value: standing.lifetimeValue ?? null },
    { key: customerSegments, value: listOrNull(standing.segments) },
    { key: journeys, value: listOrNull(standing.journeys) },
    { key: nextStep, value: standing.nextStep ?? null },
  ]
  const changed = wanted.filter(({ key, value }) => JSON.stringify(shown.get(key) ?? null) !== JSON.stringify(value))
  if (changed.length > 0) upsertSearchAttributes(changed)
}

/** An empty list is how the server says "not set". */
function listOrNull(words: readonly string[]): string[] | null {
  return words.length === 0 ? null : [...words]
}
