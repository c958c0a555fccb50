/** Publishing one segment by itself, as the console does: checked as a file would be, previewed, and in force at once. */

import { checkReferences, type ReferenceProblem } from '../../domain/campaign-check.ts'
import { checkDocument } from '../../domain/campaign-documents.ts'
import type { SegmentDefinition } from '../../domain/definitions.ts'
import { key as keySchema } from '../../domain/document-parts.ts'
import { type Change, diffDocuments } from '../../domain/journey-diff.ts'
import type { Problem } from '../../domain/problem.ts'
import type { EpochMs } from '../../domain/time.ts'
import { noteChange } from '../audit.ts'
import { loadDefinitions } from '../campaigns.ts'
import { contentVersion } from '../content-version.ts'
import type { Database, Queryable } from '../database.ts'
import { archiveSegment, usersOfSegment } from '../segments/archive-segment.ts'
import { lockPublishing, publish } from './publish-campaigns.ts'

export interface SegmentToPublish {
  readonly key: string
  /** As it would stand in a file. */
  readonly document: unknown
  /** The version that is to be replaced; null: there is none of this key. */
  readonly replaces: string | null
}

/** What publishing it would do. */
export interface SegmentPlan {
  readonly segment: SegmentDefinition
  /** None of a new one: all of it is. */
  readonly changes: readonly Change[]
  /** What asks about it: `segment regulars`, `journeys or the lifecycle`. */
  readonly users: readonly string[]
}

export type SegmentAnswer<Good> = Good | { readonly problems: readonly Problem[] }

/** What publishing would change, or why it cannot be published. Nothing is written. */
export async function planSegment(
  db: Pick<Database, 'pool'>,
  toPublish: SegmentToPublish,
): Promise<SegmentAnswer<SegmentPlan>> {
  const checked = await checkSegment(db.pool, toPublish)
  if ('problems' in checked) return checked
  const { segment, before } = checked
  return {
    segment,
    changes: before === undefined ? [] : diffDocuments(before, toPublish.document),
    users: before === undefined ? [] : await usersOfSegment(db, toPublish.key),
  }
}

/** Publishes it, or says why not. What is in force already stays as it is. */
export function publishSegment(
  db: Pick<Database, 'transaction'>,
  toPublish: SegmentToPublish,
  { by, nowMs }: { readonly by: string; readonly nowMs: EpochMs },
): Promise<SegmentAnswer<{ readonly version: string }>> {
  return db.transaction(async (client) => {
    await lockPublishing(client)
    const checked = await checkSegment(client, toPublish)
    if ('problems' in checked) return checked
    const { key, document } = toPublish
    const { version } = checked.segment
    const documents = [{ kind: 'segment' as const, key, version, document }]
    await publish(client, { documents, templates: [], inFlight: new Map(), journeys: [] }, nowMs, { by })
    return { version }
  })
}

/** Takes it out of use, unless something asks about it. @returns what does. */
export function takeSegmentOut(
  db: Pick<Database, 'transaction'>,
  key: string,
  by: string,
): Promise<{ readonly users: readonly string[] }> {
  return db.transaction(async (client) => {
    await lockPublishing(client)
    const users = await usersOfSegment({ pool: client }, key)
    if (users.length > 0) return { users }
    await archiveSegment(client, key)
    await noteChange(client, { actor: by, action: 'archive', detail: { what: `segment ${key}` } })
    return { users }
  })
}

type Checked = SegmentAnswer<{ readonly segment: SegmentDefinition; readonly before: unknown }>

async function checkSegment(client: Queryable, { key, document, replaces }: SegmentToPublish): Promise<Checked> {
  const named = keySchema.safeParse(key)
  if (!named.success) return refused('id', key, named.error.issues[0]?.message ?? 'must be a key')
  const version = contentVersion(document)
  const result = checkDocument({ kind: 'segment', key, version, document })
  if ('problems' in result) return result
  const { definition: segment } = result.checked as { readonly definition: SegmentDefinition }

  const inForce = await findInForce(client, key)
  if ((inForce?.version ?? null) !== replaces) {
    return replaces === null
      ? refused('id', key, 'must be a new one: there is a segment of this name already')
      : refused('id', key, 'was changed or archived by somebody else meanwhile: begin with what is in force now')
  }
  const problems = await newProblems(client, segment)
  return problems.length > 0 ? { problems } : { segment, before: inForce?.document }
}

function refused(field: string, value: string, rule: string): { readonly problems: readonly Problem[] } {
  return { problems: [{ path: [field], value, rule }] }
}

async function findInForce(
  client: Queryable,
  key: string,
): Promise<{ readonly version: string; readonly document: unknown } | undefined> {
  const { rows } = await client.query<{ version: string; document: unknown }>(
    `SELECT version, document FROM campaigns WHERE kind = 'segment' AND key = $1 AND status = 'live'`,
    [key],
  )
  return rows[0]
}

/** What it names must be in force, and nothing may ask about itself through it. What was wrong before is not its fault. */
async function newProblems(client: Queryable, segment: SegmentDefinition): Promise<readonly Problem[]> {
  const definitions = await loadDefinitions({ pool: client })
  const said = ({ kind, key, path, rule }: ReferenceProblem): string => JSON.stringify([kind, key, path, rule])
  const before = new Set(checkReferences(definitions, []).map(said))
  const segments = new Map(definitions.segments).set(segment.key, segment)
  return checkReferences({ ...definitions, segments }, [])
    .filter((problem) => !before.has(said(problem)))
    .map(({ kind, key, path, rule }) => {
      const isOwn = kind === 'segment' && key === segment.key
      return { path: isOwn ? path : [`${kind} ${key}`, ...path], value: undefined, rule }
    })
}

/** One publication of a segment. */
export interface SegmentVersion {
  readonly number: number
  readonly version: string
  readonly publishedAt: Date
  readonly document: unknown
}

/** All publications of a segment, newest first; also of one that is archived. */
export async function segmentVersions(client: Queryable, key: string): Promise<readonly SegmentVersion[]> {
  const { rows } = await client.query<SegmentVersion>(
    `SELECT p.number, p.version, p.published_at AS "publishedAt", c.document
       FROM campaign_publications p JOIN campaigns c USING (kind, key, version)
      WHERE p.kind = 'segment' AND p.key = $1 ORDER BY p.number DESC LIMIT 100`,
    [key],
  )
  return rows
}

/** Segments that are out of use; the newest content of each. */
export async function archivedSegments(
  client: Queryable,
): Promise<readonly { readonly key: string; readonly name: string; readonly version: string }[]> {
  const { rows } = await client.query<{ key: string; name: string; version: string }>(
    `SELECT DISTINCT ON (key) key, name, version FROM campaigns c
      WHERE kind = 'segment' AND status = 'archived'
        AND NOT EXISTS (SELECT FROM campaigns live WHERE live.kind = 'segment' AND live.key = c.key AND live.status = 'live')
      ORDER BY key, published_at DESC LIMIT 200`,
  )
  return rows
}
