/** Taking a segment or a computed trait out of use. What is in force may not ask about it any more. */

import { checkReferences, type ReferenceProblem } from '../../domain/campaign-check.ts'
import { interestingSegments } from '../../domain/interests.ts'
import { segmentsIn } from '../../domain/segment-needs.ts'
import { loadDefinitions } from '../campaigns.ts'
import type { Database, Queryable } from '../database.ts'

/** What in force asks about a segment: `segment regulars`, `journeys`. */
export async function usersOfSegment(db: { readonly pool: Queryable }, key: string): Promise<readonly string[]> {
  const definitions = await loadDefinitions(db)
  const segments = [...definitions.segments.values()].filter(({ if: condition }) => segmentsIn(condition).includes(key))
  return [
    ...segments.map((segment) => `segment ${segment.key}`),
    ...definitions.live
      .filter(({ entry }) => entry.some((each) => each.type === 'schedule' && each.segment === key))
      .map((journey) => `the schedule of journey ${journey.key}`),
    ...(interestingSegments(definitions).has(key) ? ['journeys or the lifecycle'] : []),
  ]
}

/** What in force asks about a computed trait, or shows it: `segment regulars`, `journey welcome`, `template picks`. */
export async function usersOfTrait(db: Pick<Database, 'pool'>, key: string): Promise<readonly string[]> {
  const definitions = await loadDefinitions(db)
  const computed = new Map(definitions.computed)
  computed.delete(key)
  const said = ({ kind, key: user, path, rule }: ReferenceProblem): string => JSON.stringify([kind, user, path, rule])
  const before = new Set(checkReferences(definitions, []).map(said))
  // What would lead nowhere without it.
  const users = checkReferences({ ...definitions, computed }, []).filter((problem) => !before.has(said(problem)))
  const { rows } = await db.pool.query<{ key: string }>(
    `SELECT key FROM templates
      WHERE status = 'live' AND position($1 IN concat_ws(' ', subject, html, text)) > 0 ORDER BY key`,
    [`computed.${key}`],
  )
  return [...new Set(users.map((user) => `${user.kind} ${user.key}`)), ...rows.map((row) => `template ${row.key}`)]
}

/** The engine lets its members go within a moment. Publishing the document again brings it back. */
export function archiveSegment(client: Queryable, key: string): Promise<void> {
  return archive(client, 'segment', key)
}

/** The engine clears its values away. Publishing the document again brings them back. */
export function archiveTrait(client: Queryable, key: string): Promise<void> {
  return archive(client, 'trait', key)
}

async function archive(client: Queryable, kind: 'segment' | 'trait', key: string): Promise<void> {
  await client.query(`UPDATE campaigns SET status = 'archived' WHERE kind = $1 AND key = $2 AND status = 'live'`, [
    kind,
    key,
  ])
}
