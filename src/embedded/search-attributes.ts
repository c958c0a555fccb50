/** What ops can filter customers' workflows by, in the Temporal UI and its command line. Ids and numbers only. */

import type { Connection } from '@temporalio/client'

/** Temporal's own numbers for the kinds of search attributes (`IndexedValueType`). */
const kinds = { Keyword: 2, Double: 4, KeywordList: 7 } as const

/** A server with SQL visibility has room for 10 of kind Keyword and 3 of each other. */
const wanted = {
  LifecycleStage: kinds.Keyword,
  ChurnRisk: kinds.Double,
  LifetimeValue: kinds.Double,
  CustomerSegments: kinds.KeywordList,
  Journeys: kinds.KeywordList,
  NextStep: kinds.Keyword,
} as const

const grpcAlreadyExists = 6

/**
 * Registers the search attributes that the namespace lacks. On a server that reserves this to its administrators the
 * error says so.
 */
export async function ensureSearchAttributes(connection: Connection, namespace: string): Promise<void> {
  const missing = await missingSearchAttributes(connection, namespace)
  if (missing.length === 0) return
  const searchAttributes = Object.fromEntries(missing.map((name) => [name, wanted[name]]))
  try {
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes })
  } catch (error) {
    if ((error as { code?: unknown }).code !== grpcAlreadyExists) throw error // Another process was first.
  }
}

/** The names of ours that the namespace does not know. */
export async function missingSearchAttributes(
  connection: Connection,
  namespace: string,
): Promise<(keyof typeof wanted)[]> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace })
  return (Object.keys(wanted) as (keyof typeof wanted)[]).filter((name) => !(name in customAttributes))
}
