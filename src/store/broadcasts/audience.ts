/** Putting down whom a broadcast is meant for: one statement, however many they are. */

import { hash } from 'node:crypto'
import { holdOutVariant, type SendTime } from '../../domain/broadcast.ts'
import { offsetMsAt, zoneOr } from '../../domain/local-time.ts'
import type { EpochMs } from '../../domain/time.ts'
import type { Database, Queryable } from '../database.ts'
import type { Broadcast } from './broadcasts.ts'

/** SQL: a number from 0 up to but not including 1, the same for a customer every time; independent for each seed. */
function shareSql(seed: string): string {
  return `((uuid_hash_extended(c.id, ${seed}::bigint) & ${mantissa - 1})::float8 / ${mantissa})`
}

/** A double holds so many whole numbers. */
const mantissa = 2 ** 53

/** SQL: who has an address of the channel and, unless the key is null, is in the segment of that key. */
function meantFor(segment: string, channel: string): string {
  return `c.merged_into IS NULL AND c.erasing_at IS NULL
   AND EXISTS (SELECT FROM contact_points p WHERE p.customer_id = c.id AND p.channel = ${channel} AND p.current)
   AND (${segment}::text IS NULL OR EXISTS (
     SELECT FROM segment_members m JOIN segments s ON s.id = m.segment_id
      WHERE m.customer_id = c.id AND s.kind = 'segment' AND s.key = ${segment} AND s.status = 'live'))`
}

/**
 * Those who are tested on come first, then all others, then who gets nothing; within these by the moment, and at random,
 * so that no receiving domain gets all of its messages at once. Whoever has no address of the channel is not part of it.
 *
 * Running it twice gives the first run's rows.
 */
const snapshotSql = `
  INSERT INTO broadcast_recipients (broadcast_id, position, customer_id, variant, send_at)
  SELECT $1::uuid, row_number() OVER (ORDER BY phase, send_at NULLS FIRST, dice), id,
         CASE phase WHEN 0 THEN ($5::text[])[1 + floor(second_dice * cardinality($5::text[]))::int] WHEN 2 THEN '${holdOutVariant}' END,
         send_at
    FROM (
      SELECT c.id, ${shareSql('$9')} AS dice, ${shareSql('$10')} AS second_dice,
             CASE WHEN ${shareSql('$11')} < $3::float8 THEN 2
                  WHEN ${shareSql('$11')} < $3::float8 + (1 - $3::float8) * $4::float8 THEN 0 ELSE 1 END AS phase,
             coalesce(z.send_at, $8::timestamptz) AS send_at
        FROM customers c
        LEFT JOIN unnest($6::text[], $7::timestamptz[]) AS z (zone, send_at) ON z.zone = c.time_zone
       WHERE ${meantFor('$2', '$12')}
    ) AS chosen`

/** Some of whom it would be for, chosen by chance but the same ones each time, and how many they all are. */
export async function sampleAudience(
  client: Queryable,
  { id, definition }: Broadcast,
  most: number,
): Promise<{ readonly audience: number; readonly ids: readonly string[] }> {
  const { rows } = await client.query<{ id: string; audience: number }>(
    `SELECT c.id, count(*) OVER ()::int AS audience FROM customers c WHERE ${meantFor('$1', '$2')}
      ORDER BY ${shareSql('$3')} LIMIT $4`,
    [definition.segment, definition.channel, seedOf(id, 'sample'), most],
  )
  return { audience: rows[0]?.audience ?? 0, ids: rows.map((row) => row.id) }
}

export interface Audience {
  readonly size: number
  readonly heldOut: number
}

export function takeAudience(database: Database, broadcast: Broadcast, defaultZone: string): Promise<Audience> {
  return database.transaction(async (client) => {
    const { rows } = await client.query<{ audience: number | null; heldOut: number | null }>(
      'SELECT audience, held_out AS "heldOut" FROM broadcasts WHERE id = $1 FOR UPDATE',
      [broadcast.id],
    )
    const [before] = rows
    if (before && before.audience !== null) return { size: before.audience, heldOut: before.heldOut ?? 0 }
    const { channel, sendAt, holdOut, experiment, variants, segment } = broadcast.definition
    const moments = sendAt === null ? [] : await momentsByZone(client, sendAt, defaultZone)
    await client.query(snapshotSql, [
      broadcast.id,
      segment,
      holdOut,
      // Without an experiment all variants go out at random, as in one that never ends.
      experiment?.share ?? 1,
      variants.map(({ id }) => id),
      moments.map(({ zone }) => zone),
      moments.map(({ atMs }) => new Date(atMs)),
      sendAt === null ? null : new Date(momentIn(sendAt, defaultZone)),
      ...['order', 'variant', 'part'].map((what) => seedOf(broadcast.id, what)),
      channel,
    ])
    const { rows: counted } = await client.query<{ size: number; heldOut: number }>(
      `UPDATE broadcasts b SET audience = n.size, held_out = n.held
         FROM (SELECT count(*) AS size, count(*) FILTER (WHERE variant = $2) AS held
                 FROM broadcast_recipients WHERE broadcast_id = $1) AS n
        WHERE b.id = $1 RETURNING n.size, n.held AS "heldOut"`,
      [broadcast.id, holdOutVariant],
    )
    return counted[0] ?? { size: 0, heldOut: 0 }
  })
}

function seedOf(broadcastId: string, what: string): string {
  return hash('sha256', broadcastId + what, 'buffer')
    .readBigInt64BE()
    .toString()
}

async function momentsByZone(
  client: Queryable,
  sendAt: SendTime,
  defaultZone: string,
): Promise<{ readonly zone: string; readonly atMs: EpochMs }[]> {
  if (sendAt.timeZone !== 'recipient') return []
  const { rows } = await client.query<{ zone: string }>(
    'SELECT DISTINCT time_zone AS zone FROM customers WHERE time_zone IS NOT NULL',
  )
  return rows.map(({ zone }) => ({ zone, atMs: momentIn(sendAt, zoneOr(zone, defaultZone)) }))
}

/** When a zone's clock shows that time; where it jumps over it, a little later. */
function momentIn({ local, timeZone }: SendTime, zone: string): EpochMs {
  const where = timeZone === 'recipient' ? zone : timeZone
  const asUtcMs = Date.parse(`${local}Z`)
  const firstMs = asUtcMs - offsetMsAt(where, asUtcMs)
  return asUtcMs - offsetMsAt(where, firstMs)
}

/** Once it is over, only who was held out is of interest. */
export async function clearAudience(client: Queryable, broadcastId: string): Promise<void> {
  await client.query(`DELETE FROM broadcast_recipients WHERE broadcast_id = $1 AND variant IS DISTINCT FROM $2`, [
    broadcastId,
    holdOutVariant,
  ])
}
