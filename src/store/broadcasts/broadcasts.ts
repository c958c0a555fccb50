/** Broadcasts: their documents and how far they are. Who gets them is beside, and what they got is in the ledger. */

import { randomUUID } from 'node:crypto'
import { type BroadcastDefinition, broadcastDocument, broadcastJourney, broadcastStep } from '../../domain/broadcast.ts'
import { type Problem, problemsOf } from '../../domain/problem.ts'
import type { Channel } from '../../domain/snapshot.ts'
import { moneyOf, type SegmentPrice, type TextMoney } from '../../domain/text-cost.ts'
import type { EpochMs } from '../../domain/time.ts'
import { contentVersion } from '../content-version.ts'
import type { Queryable } from '../database.ts'
import { keptCounts } from '../kept-counts.ts'

export type BroadcastStatus = 'draft' | 'running' | 'paused' | 'done' | 'cancelled'

export interface Broadcast {
  readonly id: string
  readonly key: string
  readonly name: string
  readonly version: string
  readonly status: BroadcastStatus
  readonly definition: BroadcastDefinition
  /** As it was written. */
  readonly document: unknown
  readonly createdAt: Date
  readonly startedAt: Date | null
  readonly finishedAt: Date | null
  readonly audience: number | null
  readonly heldOut: number | null
  readonly winner: string | null
  readonly verdict: unknown
}

export type Created = { readonly broadcast: Broadcast } | { readonly problems: readonly Problem[] } | 'taken'

const columns = `id, key, name, version, document, status, created_at AS "createdAt", started_at AS "startedAt",
  finished_at AS "finishedAt", audience, held_out AS "heldOut", winner, verdict`

type Row = Omit<Broadcast, 'definition'>

function toBroadcast(row: Row): Broadcast {
  return { ...row, definition: broadcastDocument.parse(row.document) }
}

/**
 * Also checks that what it names is there. A draft of that name is replaced; one that has started is not.
 *
 * @param replaces the version of the draft whose place it takes; null: there must be none. Left out: whichever there is.
 */
export async function createBroadcast(
  client: Queryable,
  broadcastKey: string,
  document: unknown,
  nowMs: EpochMs,
  replaces?: string | null,
): Promise<Created> {
  const read = broadcastDocument.safeParse(document)
  if (!read.success) return { problems: problemsOf(read.error, document) }
  const problems = await missing(client, read.data)
  if (problems.length > 0) return { problems }
  const { rows } = await client.query<Row>(
    `INSERT INTO broadcasts (id, key, name, version, document, status, created_at)
     VALUES ($1, $2, $3, $4, $5, 'draft', $6)
     ON CONFLICT (key) DO UPDATE SET name = excluded.name, version = excluded.version, document = excluded.document,
                                     created_at = excluded.created_at
      WHERE broadcasts.status = 'draft' AND ($7 OR broadcasts.version = $8)
     RETURNING ${columns}`,
    [
      randomUUID(),
      broadcastKey,
      read.data.name,
      contentVersion(document),
      JSON.stringify(document),
      new Date(nowMs),
      replaces === undefined,
      replaces ?? null,
    ],
  )
  return rows[0] ? { broadcast: toBroadcast(rows[0]) } : 'taken'
}

async function missing(client: Queryable, definition: BroadcastDefinition): Promise<Problem[]> {
  const templates = definition.variants.map(({ template }) => template)
  const { rows } = await client.query<{
    segment: boolean
    templates: Record<string, Channel> | null
    policy: { topics?: object } | null
  }>(
    `SELECT EXISTS (SELECT FROM segments WHERE kind = 'segment' AND key = $1 AND status = 'live') AS segment,
            (SELECT json_object_agg(key, channel) FROM templates WHERE key = ANY ($2) AND status = 'live') AS templates,
            (SELECT document FROM campaigns WHERE kind = 'contact-policy' AND status = 'live') AS policy`,
    [definition.segment, templates],
  )
  const known = rows[0]
  const problems: Problem[] = []
  if (definition.segment !== null && known?.segment !== true) {
    problems.push({ path: ['segment'], value: definition.segment, rule: 'there is no live segment with this key' })
  }
  templates.forEach((template, i) => {
    const found = known?.templates?.[template]
    if (found === definition.channel) return
    const path = templates.length === 1 ? ['template'] : ['variants', i, 'template']
    problems.push({ path, value: template, rule: templateRule(definition.channel, found) })
  })
  return problems
}

const templateNouns: Readonly<Record<Channel, string>> = { email: 'email', sms: 'text message' }

function templateRule(wanted: Channel, found: Channel | undefined): string {
  if (found === undefined) return `there is no published ${templateNouns[wanted]} template with this key`
  return `is a template of the other channel: a broadcast of it says "channel: ${found}"`
}

/** By key or id; undefined if there is none. */
export async function findBroadcast(client: Queryable, keyOrId: string): Promise<Broadcast | undefined> {
  const { rows } = await client.query<Row>({
    name: 'broadcast-find',
    text: `SELECT ${columns} FROM broadcasts WHERE key = $1 OR id::text = $1`,
    values: [keyOrId],
  })
  return rows[0] && toBroadcast(rows[0])
}

/** The newest first. */
export async function listBroadcasts(client: Queryable, limit: number): Promise<Broadcast[]> {
  const { rows } = await client.query<Row>(`SELECT ${columns} FROM broadcasts ORDER BY created_at DESC, key LIMIT $1`, [
    limit,
  ])
  return rows.map(toBroadcast)
}

/**
 * @param version Default: any.
 * @returns the broadcast as it is now; undefined if it was in none of the former states, or of another version.
 */
export async function moveBroadcast(
  client: Queryable,
  id: string,
  from: readonly BroadcastStatus[],
  to: BroadcastStatus,
  nowMs: EpochMs,
  version?: string,
): Promise<Broadcast | undefined> {
  const { rows } = await client.query<Row>(
    `UPDATE broadcasts
        SET status = $3,
            started_at = CASE WHEN $3 = 'running' THEN coalesce(started_at, $4) ELSE started_at END,
            finished_at = CASE WHEN $3 IN ('done', 'cancelled') THEN $4::timestamptz END
      WHERE id = $1 AND status = ANY ($2) AND ($5::text IS NULL OR version = $5) RETURNING ${columns}`,
    [id, from, to, new Date(nowMs), version ?? null],
  )
  return rows[0] && toBroadcast(rows[0])
}

export async function saveWinner(
  client: Queryable,
  id: string,
  winner: string,
  verdict: object,
  nowMs: EpochMs,
): Promise<void> {
  await client.query(
    `UPDATE broadcasts SET winner = $2, verdict = $3, decided_at = $4 WHERE id = $1 AND winner IS NULL`,
    [id, winner, JSON.stringify(verdict), new Date(nowMs)],
  )
}

/** What became of its messages, by status; of those that did not arrive, by reason: only these are read. */
export async function countMessages(
  client: Queryable,
  broadcastKey: string,
): Promise<{ readonly status: string; readonly reason: string | null; readonly count: number }[]> {
  const { rows } = await client.query<{ status: string; reason: string | null; count: number }>(
    `SELECT labels ->> 'status' AS status, NULL AS reason, sum(change)::bigint AS count
       FROM ${keptCounts('messages')} AS kept
      WHERE labels ->> 'journey' = $1 AND labels ->> 'status' NOT IN ('refused', 'failed')
      GROUP BY 1 HAVING sum(change) > 0
     UNION ALL
     SELECT status, reason, count(*) FROM messages
      WHERE journey = $1 AND step = '${broadcastStep}' AND status IN ('refused', 'failed') GROUP BY 1, 2
      ORDER BY 1, 3 DESC`,
    [broadcastJourney(broadcastKey)],
  )
  return rows
}

/** Parts of its text messages that have left, and what they cost where a price is known. */
export async function sumSegments(
  client: Queryable,
  broadcastKey: string,
  price: SegmentPrice | undefined,
): Promise<{ readonly segments: number; readonly money: TextMoney | null }> {
  const { rows } = await client.query<{ segments: number }>(
    `SELECT coalesce(sum(segments), 0)::int AS segments FROM messages WHERE journey = $1 AND step = '${broadcastStep}'`,
    [broadcastJourney(broadcastKey)],
  )
  const segments = rows[0]?.segments ?? 0
  return { segments, money: price === undefined ? null : moneyOf(segments, price) }
}

/** Of the people who got a variant, how many did what is measured since. Machines' clicks are not counted. */
export async function countConversions(
  client: Queryable,
  { key: broadcastKey, definition }: Broadcast,
): Promise<{ readonly variant: string; readonly n: number; readonly conversions: number }[]> {
  const did =
    definition.experiment?.measure === 'order'
      ? `EXISTS (SELECT FROM orders o WHERE o.customer_id = m.customer_id AND o.ordered_at >= m.settled_at)`
      : `EXISTS (SELECT FROM message_hits h WHERE h.message_id = m.id AND h.kind = 'click' AND h.verdict = 'person')`
  const { rows } = await client.query<{ variant: string; n: number; conversions: number }>(
    `SELECT m.data ->> 'variant' AS variant, count(*) AS n, count(*) FILTER (WHERE ${did}) AS conversions
       FROM messages m WHERE m.journey = $1 AND m.status = 'sent' AND m.data ? 'variant' GROUP BY 1 ORDER BY 1`,
    [broadcastJourney(broadcastKey)],
  )
  return rows
}
