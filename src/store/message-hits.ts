/**
 * That messages were opened and links in them followed. One row for each message and link, however often: a scanner that
 * comes a million times makes no million rows.
 */

import { trackingChannel } from '../domain/tracking.ts'
import { finalStatuses, newestWordFirst } from './consents.ts'
import type { Queryable } from './database.ts'

export interface Hit {
  readonly messageId: string
  readonly kind: 'open' | 'click' | 'trap'
  /** Of a click. */
  readonly linkId: string
  /** By what a machine was known; undefined: it looked like a person. */
  readonly machineSign: string | undefined
  readonly atMs: number
}

/** After so long somebody who comes again is not the machine any more that was there before them. */
const machineGone = '60 seconds'

/**
 * SQL: the customer of message `m` has not said that they do not want to be measured. Of a word on the topic and one on
 * everything the stricter counts.
 */
export function mayBeMeasured(m: string): string {
  const word = (topic: string): string =>
    `(SELECT w.status FROM consents w WHERE w.customer_id = ${m}.customer_id AND w.channel = '${trackingChannel}'
        AND w.topic = ${topic} AND w.status IN ${finalStatuses} ORDER BY ${newestWordFirst} LIMIT 1)`
  return `(${word(`'*'`)} IS DISTINCT FROM 'withdrawn' AND ${word(`${m}.topic`)} IS DISTINCT FROM 'withdrawn')`
}

/** Counts a hit, unless its message is gone or its recipient does not want to be measured. */
export async function noteHit(client: Queryable, hit: Hit): Promise<void> {
  const isPerson = hit.machineSign === undefined
  const comesBack = `(excluded.people > 0 AND h.verdict = 'machine' AND excluded.seen_at > h.seen_at + interval '${machineGone}')`
  const begins = `(excluded.people > 0 AND h.people = 0 OR ${comesBack})`
  await client.query({
    name: 'note-hit',
    text: `
      INSERT INTO message_hits AS h (message_id, kind, link, people, machines, machine_sign, first_at, last_at, seen_at)
      SELECT m.id, $2, $3, $4, 1 - $4, $5, CASE WHEN $4 = 1 THEN $6::timestamptz END, $6, clock_timestamp()
        FROM messages m WHERE m.id = $1 AND ${mayBeMeasured('m')}
      ON CONFLICT (message_id, kind, link) DO UPDATE SET
        people       = least(h.people + excluded.people, 1000000),
        machines     = least(h.machines + excluded.machines, 1000000),
        machine_sign = coalesce(excluded.machine_sign, h.machine_sign),
        last_at      = greatest(h.last_at, excluded.last_at),
        first_at     = CASE WHEN ${begins} THEN excluded.first_at ELSE h.first_at END,
        seen_at      = CASE WHEN ${begins} OR h.kind = 'trap' THEN excluded.seen_at ELSE h.seen_at END,
        verdict      = CASE WHEN ${comesBack} THEN NULL ELSE h.verdict END`,
    values: [hit.messageId, hit.kind, hit.linkId, isPerson ? 1 : 0, hit.machineSign ?? null, new Date(hit.atMs)],
  })
}
