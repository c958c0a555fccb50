/** Which segments and computed traits the engine keeps, with their definitions, in the order in which they are worked out. */

import { checkDocument } from '../../domain/campaign-documents.ts'
import type { ComputedTraitDefinition, SegmentDefinition } from '../../domain/definitions.ts'
import { sayProblem } from '../../domain/problem.ts'
import { computedIn, segmentsIn } from '../../domain/segment-needs.ts'
import { inOrder } from '../../domain/segment-order.ts'
import type { Queryable } from '../database.ts'

export type Kept =
  | { readonly kind: 'segment'; readonly definition: SegmentDefinition }
  | { readonly kind: 'trait'; readonly definition: ComputedTraitDefinition }

/** One version of a segment or computed trait. */
export type CatalogEntry = Kept & {
  readonly id: number
  readonly key: string
  readonly version: string
  readonly status: 'waiting' | 'building' | 'live'
  /** `segment:regulars` */
  readonly node: string
  readonly dependsOn: readonly string[]
}

export interface SegmentCatalog {
  /** Those that count, level by level: each level only asks about those before it. */
  readonly levels: readonly (readonly CatalogEntry[])[]
  /** Those that are to take the place of a live one, or are new, in the order in which they can be built. */
  readonly next: readonly CatalogEntry[]
  /** One of them is being built right now. */
  readonly isBuilding: boolean
}

interface SegmentRow {
  readonly id: number
  readonly kind: Kept['kind']
  readonly key: string
  readonly version: string
  readonly status: 'waiting' | 'building' | 'live'
}

/** A version never changes, so what one process has read once it need not read again, from whatever database. */
const definitions = new Map<string, Kept>()

function definitionOf({ kind, key, version }: Pick<SegmentRow, 'kind' | 'key' | 'version'>): Kept | undefined {
  return definitions.get(`${kind} ${key} ${version}`)
}

/** @throws RangeError if a document cannot be read by this version of the product. */
export async function readCatalog(client: Queryable): Promise<SegmentCatalog> {
  const { rows } = await client.query<SegmentRow>({
    name: 'segment-catalog',
    text: `SELECT id, kind, key, version, status FROM segments WHERE status <> 'ended' ORDER BY id`,
  })
  await readDefinitions(
    client,
    rows.filter((row) => definitionOf(row) === undefined).map(({ id }) => id),
  )
  const entries = rows.flatMap((row): CatalogEntry[] => {
    const kept = definitionOf(row)
    return kept === undefined
      ? []
      : [{ ...row, ...kept, node: `${row.kind}:${row.key}`, dependsOn: dependenciesOf(kept) }]
  })
  return {
    levels: inOrder(entries.filter(({ status }) => status === 'live')).levels,
    next: inOrder(entries.filter(({ status }) => status !== 'live')).levels.flat(),
    isBuilding: entries.some(({ status }) => status === 'building'),
  }
}

function dependenciesOf(kept: Kept): readonly string[] {
  if (kept.kind === 'trait') return []
  const { if: condition } = kept.definition
  return [
    ...segmentsIn(condition).map((key) => `segment:${key}`),
    ...computedIn(condition).map((key) => `trait:${key}`),
  ]
}

async function readDefinitions(client: Queryable, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return
  const { rows } = await client.query<SegmentRow & { document: unknown }>(
    `SELECT s.id, s.kind, s.key, s.version, c.document
       FROM segments s JOIN campaigns c ON c.kind = s.kind AND c.key = s.key AND c.version = s.version
      WHERE s.id = ANY ($1)`,
    [ids],
  )
  for (const row of rows) {
    const result = checkDocument(row)
    if (!('checked' in result)) {
      throw new RangeError(`${row.kind} ${row.key} (${row.version}): ${result.problems.map(sayProblem).join('; ')}`)
    }
    const { checked } = result
    if (checked.kind === 'segment' || checked.kind === 'trait')
      definitions.set(`${row.kind} ${row.key} ${row.version}`, checked)
  }
}

/**
 * Takes up what has been published and archived since: new versions wait to be built, what is gone ends. Only for the
 * builder.
 */
export async function takeUpPublished(client: Queryable, nowMs: number): Promise<void> {
  const wanted = `SELECT kind, key, version FROM campaigns WHERE status = 'live' AND kind IN ('segment', 'trait')`
  // A trait's values are changed where they stand: if the next ones were given up half-way, those before are restored.
  const { rows: givenUp } = await client.query<{ key: string }>(
    `DELETE FROM segments s WHERE s.kind = 'trait' AND s.built_at IS NULL AND (s.status = 'building' OR s.problem IS NOT NULL)
        AND NOT EXISTS (SELECT FROM (${wanted}) w WHERE w.kind = s.kind AND w.key = s.key AND w.version = s.version)
     RETURNING s.key`,
  )
  if (givenUp.length > 0) {
    await client.query(
      `INSERT INTO segments (kind, key, version, status, created_at)
       SELECT s.kind, s.key, s.version, 'waiting', $1 FROM segments s JOIN (${wanted}) w USING (kind, key, version)
        WHERE s.kind = 'trait' AND s.status = 'live' AND s.key = ANY ($2)
       ON CONFLICT DO NOTHING`,
      [new Date(nowMs), givenUp.map(({ key }) => key)],
    )
  }
  // A next version that nobody wants any more. While it is built it has rows already: they go with it.
  await client.query(
    `WITH unwanted AS (
       DELETE FROM segments s WHERE s.built_at IS NULL AND NOT EXISTS (
         SELECT FROM (${wanted}) w WHERE w.kind = s.kind AND w.key = s.key AND w.version = s.version)
       RETURNING id
     )
     DELETE FROM segment_members m USING unwanted u WHERE m.segment_id = u.id`,
  )
  await client.query(
    `INSERT INTO segments (kind, key, version, status, created_at)
     SELECT w.kind, w.key, w.version, 'waiting', $1 FROM (${wanted}) w
      WHERE NOT EXISTS (
        SELECT FROM segments s
         WHERE s.kind = w.kind AND s.key = w.key AND s.version = w.version AND s.status <> 'ended')
     ON CONFLICT DO NOTHING`,
    [new Date(nowMs)],
  )
  await client.query(
    `UPDATE segments s SET status = 'ended'
      WHERE s.status = 'live' AND NOT EXISTS (SELECT FROM (${wanted}) w WHERE w.kind = s.kind AND w.key = s.key)`,
  )
}

/**
 * Has everything worked out anew, from nothing, beside what counts now: after a shop's past was imported this is faster
 * than looking at everybody, and nothing of it is news.
 *
 * @returns how many segments that is.
 */
export async function rebuildSegments(client: Queryable, nowMs: number): Promise<number> {
  const { rowCount } = await client.query(
    `INSERT INTO segments (kind, key, version, status, created_at)
     SELECT kind, key, version, 'waiting', $1 FROM segments WHERE status = 'live'
     ON CONFLICT DO NOTHING`,
    [new Date(nowMs)],
  )
  return rowCount ?? 0
}

/** Whether there is something for the builder: new or changed documents, something half done, something to clear away. */
export async function hasBuilderWork(client: Queryable): Promise<boolean> {
  const { rows } = await client.query<{ work: boolean }>({
    name: 'has-builder-work',
    text: `
      SELECT EXISTS (SELECT FROM segments WHERE built_at IS NULL)
          OR EXISTS (SELECT FROM segment_moments)
          OR EXISTS (SELECT FROM segments WHERE status = 'live' AND moments_at IS NOT NULL)
          OR EXISTS (SELECT FROM campaigns c WHERE c.status = 'live' AND c.kind IN ('segment', 'trait') AND NOT EXISTS (
               SELECT FROM segments s
                WHERE s.kind = c.kind AND s.key = c.key AND s.version = c.version AND s.status <> 'ended'))
          OR EXISTS (SELECT FROM segments s WHERE s.status = 'live' AND NOT EXISTS (
               SELECT FROM campaigns c WHERE c.kind = s.kind AND c.key = s.key AND c.status = 'live'))
          OR EXISTS (SELECT FROM segments s WHERE s.status = 'ended' AND s.kind = 'trait'
                       AND EXISTS (SELECT FROM computed_traits t WHERE t.name = s.key)
                       AND NOT EXISTS (SELECT FROM segments o WHERE o.kind = 'trait' AND o.key = s.key AND o.status <> 'ended'))
          -- LIMIT: a probe of the index each, never a walk through all members.
          OR EXISTS (SELECT FROM segments s, LATERAL (SELECT FROM segment_members m WHERE m.segment_id = s.id LIMIT 1) AS one
                      WHERE s.status = 'ended') AS work`,
  })
  return rows[0]?.work === true
}
