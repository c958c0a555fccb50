/** What customers did, for replaying it: pages of them with their orders, words and events, a statement for each kind. */

import type { PastCustomer } from '../domain/past-customer.ts'
import type { Channel } from '../domain/snapshot.ts'
import type { EpochMs } from '../domain/time.ts'
import type { Queryable } from './database.ts'

export interface PastQuery {
  readonly fromMs: EpochMs
  readonly toMs: EpochMs
  /** Of which events. */
  readonly events: readonly string[]
  /** At most so many customers, chosen by chance, always the same ones. */
  readonly limit: number
}

const pageSize = 1_000

/** Whoever is known by `toMs`, a page at a time. */
export async function* customerPasts(client: Queryable, query: PastQuery): AsyncGenerator<readonly PastCustomer[]> {
  const { rows } = await client.query<{ id: string }>(
    `SELECT id FROM customers WHERE merged_into IS NULL AND erasing_at IS NULL AND first_seen_at < $1
      ORDER BY md5(id::text) LIMIT $2`,
    [new Date(query.toMs), query.limit],
  )
  for (let i = 0; i < rows.length; i += pageSize)
    yield await loadPage(
      client,
      rows.slice(i, i + pageSize).map(({ id }) => id),
      query,
    )
}

const ms = (column: string): string => `(extract(epoch FROM ${column}) * 1000)::float8`

/** What belongs to a customer, as a list; none is an empty one. */
const listed = (columns: string, from: string): string =>
  `coalesce((SELECT json_agg(json_build_object(${columns})) FROM ${from}), '[]')`

async function loadPage(client: Queryable, ids: readonly string[], query: PastQuery): Promise<readonly PastCustomer[]> {
  const { rows } = await client.query<PastCustomer & { channels: Channel[] }>(
    `SELECT c.id, c.time_zone AS "timeZone", ${ms('c.first_seen_at')} AS "firstSeenMs", c.traits,
       ARRAY(SELECT channel FROM contact_points p WHERE p.customer_id = c.id AND current) AS channels,
       ${listed(
         `'atMs', ${ms('ordered_at')}, 'key', order_key, 'revenueCents', revenue_cents, 'currency', currency`,
         'orders o WHERE o.customer_id = c.id AND cancelled_at IS NULL AND ordered_at < $3',
       )} AS orders,
       ${listed(
         `'atMs', ${ms('x.changed_at')}, 'orderKey', x.order_key, 'amountCents', coalesce(x.amount_cents, o.revenue_cents)`,
         `order_changes x JOIN orders o USING (order_key) WHERE o.customer_id = c.id AND x.kind = 'refund'
            AND x.changed_at >= $2 AND x.changed_at < $3`,
       )} AS refunds,
       ${listed(
         `'atMs', ${ms('given_at')}, 'channel', channel, 'topic', topic, 'status', status`,
         `(SELECT * FROM consents w WHERE w.customer_id = c.id AND w.channel IN ('email', 'sms') AND given_at < $3
             AND status IN ('granted', 'withdrawn', 'pending') ORDER BY given_at, id) AS w`,
       )} AS words,
       ${listed(
         `'atMs', ${ms('s.since')}, 'channel', s.channel, 'reason', s.reason`,
         `suppressions s JOIN contact_points p ON p.channel = s.channel AND p.address_hash = s.address_hash AND p.current
           WHERE p.customer_id = c.id AND s.since < $3`,
       )} AS suppressions,
       ${listed(
         `'atMs', ${ms('occurred_at')}, 'name', name, 'properties', properties`,
         `events e WHERE e.customer_id = c.id AND e.type = 'track' AND e.name = ANY ($4)
            AND e.occurred_at >= $2 AND e.occurred_at < $3`,
       )} AS events
     FROM unnest($1::uuid[]) WITH ORDINALITY AS page (id, place) JOIN customers c USING (id) ORDER BY page.place`,
    [ids, new Date(query.fromMs), new Date(query.toMs), query.events],
  )
  return rows.map(({ channels, ...past }) => ({
    ...past,
    reachable: { email: channels.includes('email'), sms: channels.includes('sms') },
  }))
}
