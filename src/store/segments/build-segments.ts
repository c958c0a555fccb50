/**
 * Building segments from nothing, one after the other, in one process at a time. Nothing waits for it: a segment is built
 * beside what counts now, under an id of its own, and takes its place at once.
 *
 * Customers who are evaluated meanwhile are noted, and looked at once more when the new segment counts. Nobody is missed:
 * the building begins when every page of customers that did not know of it has ended, so whatever it does not see yet
 * comes with a page that knows.
 */

import type { Database, Queryable } from '../database.ts'
import { describeError } from '../describe-error.ts'
import { insertNews } from '../news.ts'
import { type MomentProgress, writeMoments } from './build-moments.ts'
import { fillSegment, newsOfRebuild, noteDifference } from './build-statements.ts'
import { countTrait, prepareTrait, writeTrait } from './build-trait.ts'
import type { SegmentInterests } from './evaluate-page.ts'
import { inTransaction } from './in-transaction.ts'
import { type CatalogEntry, readCatalog, takeUpPublished } from './segment-catalog.ts'
import { excludeEvaluation, stopBeingBuilder, tryBecomeBuilder } from './segment-locks.ts'
import { clearEnded } from './segment-upkeep.ts'

export interface BuilderNeeds {
  readonly database: Pick<Database, 'pool'>
  readonly nowMs: () => number
  readonly interests: () => Promise<SegmentInterests>
  /** Told of each segment and trait that counts from now on. */
  readonly onBuilt?: (built: BuiltSegment) => void
  /** Told how many customers have their next moments. */
  readonly onMoments?: (progress: MomentProgress) => void
}

export interface BuiltSegment {
  readonly kind: 'segment' | 'trait'
  readonly key: string
  readonly version: string
  readonly size: number
  readonly seconds: number
}

export interface BuildOutcome {
  readonly built: readonly BuiltSegment[]
  readonly failed: readonly { readonly kind: string; readonly key: string; readonly problem: string }[]
  /** There is something that customers' workflows should look at. */
  readonly hasNews: boolean
}

/**
 * Builds whatever waits to be built, and tidies up. A process that dies in the middle leaves a segment that waits, and the
 * next one begins it anew.
 *
 * @returns undefined if another process is at it.
 */
export async function buildSegments(needs: BuilderNeeds): Promise<BuildOutcome | undefined> {
  const interests = await needs.interests()
  // One connection from beginning to end: should it be lost, the lock is gone, and so is the work.
  const client = await needs.database.pool.connect()
  let isBroken = false
  try {
    if (!(await tryBecomeBuilder(client))) return undefined
    const outcome = await buildWaiting(client, needs, interests)
    await writeMoments(client, needs.onMoments)
    if (isMuch(outcome)) await client.query('ANALYZE segment_members, segment_states')
    await clearEnded(client)
    await stopBeingBuilder(client)
    return outcome
  } catch (error) {
    isBroken = true
    throw error
  } finally {
    client.release(isBroken)
  }
}

/** So many rows are new that what the planner knows of the tables is wrong, until the database would look by itself. */
function isMuch({ built }: BuildOutcome): boolean {
  return built.reduce((rows, { size }) => rows + size, 0) >= 10_000
}

async function buildWaiting(
  client: Queryable,
  needs: BuilderNeeds,
  interests: SegmentInterests,
): Promise<BuildOutcome> {
  await inTransaction(client, () => takeUpPublished(client, needs.nowMs()))
  const built: BuiltSegment[] = []
  const failed: { kind: string; key: string; problem: string }[] = []
  let hasNews = false
  const { levels, next } = await readCatalog(client)
  const live = levels.flat()
  for (const entry of next) {
    try {
      const one = await (entry.kind === 'trait'
        ? buildTrait(client, entry, live, needs, interests)
        : buildSegment(client, entry, live, needs, interests))
      built.push(one)
      needs.onBuilt?.(one)
      hasNews ||= one.hasNews
    } catch (error) {
      const problem = describeError(error).message
      await client.query(`UPDATE segments SET status = 'waiting', problem = $2 WHERE id = $1`, [entry.id, problem])
      failed.push({ kind: entry.kind, key: entry.key, problem })
    }
  }
  return { built, failed, hasNews }
}

async function buildSegment(
  client: Queryable,
  entry: CatalogEntry & { readonly kind: 'segment' },
  others: readonly CatalogEntry[],
  { nowMs }: BuilderNeeds,
  interests: SegmentInterests,
): Promise<BuiltSegment & { readonly hasNews: boolean }> {
  const startedAt = performance.now()
  await beginBuilding(client, entry)

  const beganMs = nowMs()
  const size = await inTransaction(client, async () => {
    const filled = await fillSegment(client, entry, beganMs)
    await client.query('UPDATE segments SET size = $2, moments_at = $3 WHERE id = $1', [
      entry.id,
      filled.size,
      filled.hasMoments ? new Date(beganMs) : null,
    ])
    return filled.size
  })
  // Whoever asks about this segment has to be asked anew, of those whose answer is another one now.
  if (others.some(({ dependsOn }) => dependsOn.includes(entry.node))) await noteDifference(client, entry)

  const hasNews = await inTransaction(client, async () => {
    await excludeEvaluation(client)
    const news = await newsOfRebuild(client, entry, interests.segments, nowMs())
    await insertNews(client, news)
    await goLive(client, entry, nowMs())
    return news.length > 0
  })
  const { kind, key, version } = entry
  return { kind, key, version, size, seconds: (performance.now() - startedAt) / 1_000, hasNews }
}

/** A trait's values change where they stand. Of those whose value a changed document changes, whoever asks is told. */
async function buildTrait(
  client: Queryable,
  entry: CatalogEntry & { readonly kind: 'trait' },
  live: readonly CatalogEntry[],
  { nowMs }: BuilderNeeds,
  interests: SegmentInterests,
): Promise<BuiltSegment & { readonly hasNews: boolean }> {
  const startedAt = performance.now()
  const { kind, key, version, node } = entry
  await beginBuilding(client, entry)
  const beganMs = nowMs()
  const isSame = live.some((other) => other.node === node && other.version === version)
  await prepareTrait(client, entry, beganMs)
  const hasNews = await writeTrait(client, inTransaction, entry, {
    isAskedFor: live.some(({ dependsOn }) => dependsOn.includes(node)),
    isNews: !isSame && interests.traits.has(`computed.${key}`),
    nowMs: beganMs,
  })
  const size = await inTransaction(client, async () => {
    await excludeEvaluation(client)
    const rows = await countTrait(client, entry)
    await client.query('UPDATE segments SET size = $2 WHERE id = $1', [entry.id, rows])
    await goLive(client, entry, nowMs())
    return rows
  })
  return { kind, key, version, size, seconds: (performance.now() - startedAt) / 1_000, hasNews }
}

async function beginBuilding(client: Queryable, { id }: CatalogEntry): Promise<void> {
  await client.query(`UPDATE segments SET status = 'building', problem = NULL WHERE id = $1`, [id])
  await inTransaction(client, () => excludeEvaluation(client)) // From here on, every page knows.
}

async function goLive(client: Queryable, { id, kind, key }: CatalogEntry, nowMs: number): Promise<void> {
  await client.query(`UPDATE segments SET status = 'ended' WHERE kind = $1 AND key = $2 AND status = 'live'`, [
    kind,
    key,
  ])
  await client.query(`UPDATE segments SET status = 'live', built_at = $2 WHERE id = $1`, [id, new Date(nowMs)])
  await client.query(
    `WITH noted AS (DELETE FROM segment_catch_ups RETURNING customer_id)
     INSERT INTO dirty_customers (customer_id, cause) SELECT customer_id, 'catch-up' FROM noted`,
  )
}
