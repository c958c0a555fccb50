/** Taking a segment out of use. What is in force may not ask about it any more. */

import { interestingSegments } from '../../domain/interests.ts'
import { segmentsIn } from '../../domain/segment-needs.ts'
import { loadDefinitions } from '../campaigns.ts'
import type { Database, Queryable } from '../database.ts'

/** What in force asks about a segment: `segment regulars`, `journeys`. */
export async function usersOfSegment(db: Pick<Database, 'pool'>, key: string): Promise<readonly string[]> {
  const definitions = await loadDefinitions(db)
  const segments = [...definitions.segments.values()].filter(({ if: condition }) => segmentsIn(condition).includes(key))
  return [
    ...segments.map((segment) => `segment ${segment.key}`),
    ...(interestingSegments(definitions).has(key) ? ['journeys or the lifecycle'] : []),
  ]
}

/** The engine lets its members go within a moment. Publishing the document again brings it back. */
export async function archiveSegment(client: Queryable, key: string): Promise<void> {
  await client.query(
    `UPDATE campaigns SET status = 'archived' WHERE kind = 'segment' AND key = $1 AND status = 'live'`,
    [key],
  )
}
