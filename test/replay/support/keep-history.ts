/** Puts a recorded history where the replay test finds it. */

import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { WorkflowHandle } from '@temporalio/client'
import { historyToPlain } from '../../support/histories.ts'

/** What the recordings of this run are called; undefined unless asked to record. */
export const recordAs = process.env['PERENNIAL_RECORD']

/** @returns how many events it has. */
export async function keepHistory(story: string, workflow: Pick<WorkflowHandle, 'fetchHistory'>): Promise<number> {
  const history = historyToPlain(await workflow.fetchHistory())
  const path = fileURLToPath(new URL(`../histories/${recordAs}.${story}.json`, import.meta.url))
  writeFileSync(path, `${JSON.stringify(history, withoutTraces, 1)}\n`)
  return (history['events'] as unknown[]).length
}

/** Where it was recorded is nobody's business, and no replay looks at it. */
function withoutTraces(key: string, value: unknown): unknown {
  if (key === 'stackTrace') return ''
  const isProcess = typeof value === 'string' && /^\d+@/.test(value)
  return isProcess ? 'recorded' : value
}
