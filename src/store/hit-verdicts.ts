/**
 * Who was it that opened a message or followed a link? A program that reads mail before people do cannot always be told
 * by its name, but by its company: it follows the link that no person sees, or several within seconds, or comes before the
 * message has arrived. So each first hit waits a few seconds; what a person did is then an event like any other, which
 * journeys may wait for, and what a machine did is only counted.
 */

import type { Channel } from '../domain/snapshot.ts'
import { type HitKind, hitEvents } from '../domain/tracking.ts'
import type { Database, Queryable } from './database.ts'
import type { NewEvent } from './events.ts'
import { insertEvents } from './insert-events.ts'
import { ownIdentities } from './own-identity.ts'

/** How long a hit waits for its company, in real time. */
export const judgedAfterMs = 10_000

const page = 500

/** SQL over the hits `h`: distinct links followed within so many seconds of it. */
function linksWithin(seconds: number): string {
  return `(SELECT count(*) FROM message_hits o WHERE o.message_id = h.message_id AND o.kind = 'click' AND o.people > 0
             AND o.seen_at BETWEEN h.seen_at - interval '${seconds} s' AND h.seen_at + interval '${seconds} s')`
}

const judgeSql = `
  WITH ready AS MATERIALIZED (
    SELECT h.* FROM message_hits h
     WHERE h.verdict IS NULL AND h.people > 0 AND h.kind <> 'trap'
       AND h.seen_at <= clock_timestamp() - $1::interval
     ORDER BY h.seen_at LIMIT ${page} FOR UPDATE SKIP LOCKED
  ), judged AS (
    SELECT h.message_id, h.kind, h.link, CASE
             WHEN EXISTS (SELECT FROM message_hits t WHERE t.message_id = h.message_id AND t.kind = 'trap'
                            AND t.seen_at BETWEEN h.seen_at - interval '60 s' AND h.seen_at + interval '60 s') THEN 'trap'
             WHEN ${linksWithin(5)} >= 3 OR ${linksWithin(1)} >= 2 THEN 'all links'
             -- Before the server has taken it, or in the same second, no person has it.
             WHEN m.settled_at IS NULL OR h.first_at < m.settled_at + interval '1 s' THEN 'too soon'
           END AS sign
      FROM ready h JOIN messages m ON m.id = h.message_id
  )
  UPDATE message_hits t
     SET verdict = CASE WHEN j.sign IS NULL THEN 'person' ELSE 'machine' END, machine_sign = coalesce(j.sign, t.machine_sign)
    FROM judged j
    JOIN messages m ON m.id = j.message_id
    LEFT JOIN customers c ON c.id = m.customer_id
    LEFT JOIN tracked_links l ON l.id = j.link
   WHERE t.message_id = j.message_id AND t.kind = j.kind AND t.link = j.link
  RETURNING t.message_id AS "messageId", t.kind, t.link AS "linkId", t.verdict, t.first_at AS "firstAt", l.target,
            m.customer_id AS "customerId", m.channel, m.journey, m.step, m.template, m.topic,
            c.external_id AS "externalId"`

interface Judged {
  readonly messageId: string
  readonly kind: HitKind
  readonly linkId: string
  readonly verdict: 'person' | 'machine'
  readonly firstAt: Date
  readonly target: string | null
  readonly customerId: string
  readonly channel: Channel
  readonly journey: string
  readonly step: string
  readonly template: string
  readonly topic: string
  readonly externalId: string | null
}

/** @returns whether there may be more. */
export function judgeHits(database: Database, nowMs: number, waitMs: number = judgedAfterMs): Promise<boolean> {
  return database.transaction(async (client) => {
    const { rows } = await client.query<Judged>({ name: 'judge-hits', text: judgeSql, values: [`${waitMs} ms`] })
    await tell(
      client,
      rows.filter(({ verdict }) => verdict === 'person'),
      nowMs,
    )
    return rows.length === page
  })
}

async function tell(client: Queryable, hits: readonly Judged[], nowMs: number): Promise<void> {
  const nameless = hits.filter(({ externalId }) => externalId === null).map(({ customerId }) => customerId)
  const ownIdentity = await ownIdentities(client, nameless, nowMs)
  await insertEvents(
    client,
    hits.map(({ messageId, kind, linkId, target, customerId, externalId, firstAt, channel, ...of }): NewEvent => {
      const { journey, step, template, topic } = of
      const link = kind === 'click' ? { link: target } : {}
      return {
        messageId: kind === 'open' ? `opened:${messageId}` : `clicked:${messageId}:${linkId}`,
        type: 'track',
        name: hitEvents[channel][kind],
        userId: externalId,
        anonymousId: externalId === null ? ownIdentity(customerId) : null,
        occurredAtMs: Math.min(firstAt.getTime(), nowMs),
        receivedAtMs: nowMs,
        properties: JSON.stringify({ message_id: messageId, journey, step, template, topic, ...link }),
        context: null,
        sealed: null,
      }
    }),
  )
}
