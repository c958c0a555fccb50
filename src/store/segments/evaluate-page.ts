/**
 * Bringing the segments of some customers up to date: all live segments, a level at a time, one statement for a page of
 * customers and a group of segments; all in one transaction, so a process that dies in the middle has done nothing.
 *
 * Whoever evaluates a customer holds that customer's row in `segment_states`. What touched them is read by statements
 * that begin after the row is held and after the word of it was taken from `dirty_customers`, so the last evaluation of
 * a customer has seen everything. Intake and reviews never wait for it.
 */

import type { Database, Queryable } from '../database.ts'
import type { DirtyCause } from '../dirty-customers.ts'
import { insertNews, type NewNews } from '../news.ts'
import { readCatalog, type SegmentCatalog } from './segment-catalog.ts'
import { shareEvaluation } from './segment-locks.ts'
import { evaluateSegments, type PageAnswers } from './segment-statements.ts'
import { evaluateTraits } from './trait-statements.ts'

export interface SegmentInterests {
  /** Keys of segments whose entering or exiting may matter to a journey or to the lifecycle. */
  readonly segments: ReadonlySet<string>
  /** Names of traits; `computed.KEY` of those computed by rule. */
  readonly traits: ReadonlySet<string>
}

export interface EvaluationNeeds {
  readonly database: Pick<Database, 'transaction'>
  readonly nowMs: () => number
  /** What decisions care about, as of now. */
  readonly interests: () => Promise<SegmentInterests>
}

export interface EvaluatedPage {
  readonly customers: number
  readonly entered: number
  readonly exited: number
  /** There is something that customers' workflows should look at. */
  readonly hasNews: boolean
}

/** So many that a crowd costs few statements, so few that a page takes about a second. */
export const evaluationPageSize = 5_000

/** What happened long ago, and was only told now, is nothing to react to. */
const silentCause: DirtyCause = 'import'

/**
 * The memory that a page's facts and answers take: else they are written to files and read again for every segment.
 *
 * And the disk is not waited for: should the machine stop in that moment, the customers wait as before, and are evaluated
 * once more. Whatever is done because of a page is committed after it, and its own commit brings the page's to the disk.
 */
const settings = `SELECT set_config('work_mem', '32MB', true), set_config('synchronous_commit', 'off', true)`

/** Takes the oldest customers who wait, at most a page, and evaluates them. */
export async function evaluateNextPage(needs: EvaluationNeeds, pageSize = evaluationPageSize): Promise<EvaluatedPage> {
  const interests = await needs.interests() // Before the transaction: it may need a connection of its own.
  return needs.database.transaction(async (client) => {
    await client.query({ name: 'segments-settings', text: settings })
    await shareEvaluation(client)
    const catalog = await readCatalog(client)
    const dirty = await takeDirty(client, pageSize)
    if (dirty.length === 0) return { customers: 0, entered: 0, exited: 0, hasNews: false }
    const ids = dirty.map(({ customerId }) => customerId)
    await lockStates(client, ids)
    if (catalog.isBuilding) await noteForCatchUp(client, ids)

    const nowMs = needs.nowMs()
    const answers = await evaluate(client, catalog, ids, nowMs)
    await saveMoments(client, ids, answers.moments, nowMs)
    await countChanges(client, answers)
    const silent = new Set(dirty.filter(({ isSilent }) => isSilent).map(({ customerId }) => customerId))
    const news = newsOf(answers, interests, nowMs).filter(({ customerId }) => !silent.has(customerId))
    await insertNews(client, news)
    return {
      customers: ids.length,
      entered: answers.changes.filter(({ change }) => change === 'entered').length,
      exited: answers.changes.filter(({ change }) => change === 'exited').length,
      hasNews: news.length > 0,
    }
  })
}

/** Whether anybody waits: one probe of an index. */
export async function hasDirty(client: Queryable): Promise<boolean> {
  const { rows } = await client.query<{ dirty: boolean }>({
    name: 'has-dirty',
    text: 'SELECT EXISTS (SELECT FROM dirty_customers) AS dirty',
  })
  return rows[0]?.dirty === true
}

interface Dirty {
  readonly customerId: string
  /** Nothing but the import of a past has touched them. */
  readonly isSilent: boolean
}

async function takeDirty(client: Queryable, limit: number): Promise<Dirty[]> {
  const { rows } = await client.query<Dirty>({
    name: 'take-dirty',
    text: `
      WITH taken AS (
        -- An array, not IN: statistics of a queue are always old, and by them a join of everybody with everybody looks cheap.
        DELETE FROM dirty_customers WHERE id = ANY (ARRAY(
          SELECT id FROM dirty_customers ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED))
        RETURNING customer_id, cause
      )
      SELECT customer_id AS "customerId", bool_and(cause IS NOT DISTINCT FROM '${silentCause}') AS "isSilent"
        FROM taken GROUP BY customer_id ORDER BY customer_id`,
    values: [limit],
  })
  return rows
}

/** By ascending id, so that two pages that share customers never wait for each other in a circle. */
export async function lockStates(client: Queryable, ids: readonly string[]): Promise<void> {
  await client.query({
    name: 'create-segment-states',
    text: `INSERT INTO segment_states (customer_id) SELECT id FROM unnest($1::uuid[]) AS given (id) ORDER BY id
           ON CONFLICT DO NOTHING`,
    values: [ids],
  })
  await client.query({
    name: 'lock-segment-states',
    text: 'SELECT FROM segment_states WHERE customer_id = ANY ($1::uuid[]) ORDER BY customer_id FOR UPDATE',
    values: [ids],
  })
}

export async function noteForCatchUp(client: Queryable, ids: readonly string[]): Promise<void> {
  await client.query({
    name: 'note-for-catch-up',
    text: 'INSERT INTO segment_catch_ups SELECT unnest($1::uuid[]) ON CONFLICT DO NOTHING',
    values: [ids],
  })
}

/** Many segments in one statement read the customers' facts once; too many make one that takes long to plan. */
const segmentsAtOnce = 60

async function evaluate(
  client: Queryable,
  { levels }: SegmentCatalog,
  ids: readonly string[],
  nowMs: number,
): Promise<PageAnswers> {
  const all: PageAnswers[] = []
  for (const level of levels) {
    const traits = level.filter((entry) => entry.kind === 'trait')
    for (let from = 0; from < traits.length; from += segmentsAtOnce) {
      all.push(await evaluateTraits(client, traits.slice(from, from + segmentsAtOnce), ids, nowMs))
    }
    const segments = level.filter((entry) => entry.kind === 'segment')
    for (let from = 0; from < segments.length; from += segmentsAtOnce) {
      all.push(await evaluateSegments(client, segments.slice(from, from + segmentsAtOnce), ids, nowMs))
    }
  }
  return {
    changes: all.flatMap(({ changes }) => changes),
    changedTraits: all.flatMap(({ changedTraits }) => changedTraits),
    moments: all.flatMap(({ moments }) => moments),
    sizes: all.flatMap(({ sizes }) => sizes),
  }
}

async function saveMoments(
  client: Queryable,
  ids: readonly string[],
  moments: PageAnswers['moments'],
  nowMs: number,
): Promise<void> {
  await client.query({
    name: 'save-segment-moments',
    text: `
      UPDATE segment_states s SET flips_at = n.flips_at
        FROM (SELECT page.id, min(m.flips_at) AS flips_at
                FROM unnest($1::uuid[]) AS page (id)
                LEFT JOIN unnest($2::uuid[], $3::timestamptz[]) AS m (id, flips_at) ON m.id = page.id
               GROUP BY page.id) AS n
       WHERE s.customer_id = n.id AND s.flips_at IS DISTINCT FROM n.flips_at`,
    values: [
      ids,
      moments.map(({ customerId }) => customerId),
      // A moment that is not to come would be swept at once, for ever.
      moments.map(({ flipsAtMs }) => new Date(Math.max(flipsAtMs, nowMs + 1))),
    ],
  })
}

/** At the end, and by ascending id: other pages wait for these rows. */
async function countChanges(client: Queryable, { sizes }: PageAnswers): Promise<void> {
  if (sizes.length === 0) return
  await client.query({
    name: 'count-segment-changes',
    text: `
      WITH change AS (
        SELECT id, sum(delta)::int AS delta FROM unnest($1::int[], $2::int[]) AS given (id, delta) GROUP BY id
      ), held AS MATERIALIZED (
        SELECT s.id FROM segments s WHERE s.id IN (SELECT id FROM change) ORDER BY s.id FOR UPDATE
      )
      UPDATE segments s SET size = s.size + change.delta FROM held JOIN change USING (id) WHERE s.id = held.id`,
    values: [sizes.map(({ segmentId }) => segmentId), sizes.map(({ delta }) => delta)],
  })
}

/** Segments in order of their names, so that the order of news does not depend on when a segment was made. */
function newsOf({ changes, changedTraits }: PageAnswers, interests: SegmentInterests, atMs: number): NewNews[] {
  const moves = changes
    .filter(({ segment }) => interests.segments.has(segment))
    .toSorted((a, b) => (a.segment < b.segment ? -1 : a.segment > b.segment ? 1 : 0))
    .map(
      ({ customerId, segment, change }): NewNews => ({
        customerId,
        kind: 'segment',
        detail: { segment, change },
        atMs,
      }),
    )
  const profiles = new Set(
    changedTraits.filter(({ trait }) => interests.traits.has(trait)).map(({ customerId }) => customerId),
  )
  return [...moves, ...[...profiles].map((customerId): NewNews => ({ customerId, kind: 'profile', atMs }))]
}
