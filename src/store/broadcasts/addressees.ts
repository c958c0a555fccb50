/** What the contact policy and a template need to know of a page of customers: locked, in two statements. */

import type { Addressee } from '../../domain/contact-policy.ts'
import type { MessageStatus } from '../../domain/delivery.ts'
import type { RecentMessageFacts } from '../../domain/snapshot.ts'
import type { EpochMs } from '../../domain/time.ts'
import { finalStatuses, newestWordFirst } from '../consents.ts'
import type { Queryable } from '../database.ts'
import { mayBeMeasured } from '../message-hits.ts'
import { pauseOf } from '../sending-pauses.ts'

export interface BulkAddressee {
  readonly addressee: Addressee
  /** Null: there is no address, or it cannot be opened any more. */
  readonly sealed: SealedForBulk | null
}

/** As in `SealedRecipient`; what is JSON stays text until somebody needs it. */
export interface SealedForBulk {
  readonly contactPointId: string
  readonly address: Buffer
  readonly addressHash: Buffer
  readonly wrappedKey: Buffer
  readonly personal: Buffer | null
  readonly traits: string
  readonly computed: string | null
  readonly locale: string | null
  readonly timeZone: string | null
  readonly mayBeMeasured: boolean
}

/** By ascending id, as everybody locks customers. */
const lockSql = `
  SELECT id FROM customers WHERE id = ANY ($1::uuid[]) AND merged_into IS NULL AND erasing_at IS NULL
   ORDER BY id FOR UPDATE`

const counted: readonly MessageStatus[] = ['planned', 'claimed', 'transmitting', 'sent', 'in_doubt']
const recentDays = 30

/** \`$4\`: messages that are asked about themselves. */
const factsSql = `
  SELECT c.id, c.time_zone, c.last_order_at, c.locale, c.traits::text AS traits, c.personal,
         p.id AS point_id, p.address, p.address_hash, k.wrapped_key,
         -- Where sending is paused, nobody is written to this time.
         coalesce(s.reason, CASE WHEN ${pauseOf('w', 'c.email_domain')} IS NOT NULL THEN 'paused' END) AS suppressed,
         (SELECT json_object_agg(newest.topic, newest.status) FROM (
            SELECT DISTINCT ON (topic) topic, status FROM consents
             WHERE customer_id = c.id AND channel = 'email' AND status IN ${finalStatuses}
             ORDER BY topic, ${newestWordFirst}) AS newest WHERE newest.status <> 'lifted') AS consents,
         (SELECT max(given_at) FROM consents
           WHERE customer_id = c.id AND channel = 'email' AND status = 'implied') AS inquired,
         (SELECT json_agg(json_build_array(m.journey, m.message_class,
                   extract(epoch FROM coalesce(m.settled_at, m.planned_at)) * 1000)) FROM messages m
           WHERE m.customer_id = c.id AND m.channel = 'email' AND m.status = ANY ($3) AND m.id <> ALL ($4::uuid[])
             AND m.planned_at > $2::timestamptz - interval '${2 * recentDays} days'
             AND coalesce(m.settled_at, m.planned_at) > $2::timestamptz - interval '${recentDays} days') AS recent,
         (SELECT json_object_agg(t.name, t.value)::text FROM computed_traits t WHERE t.customer_id = c.id) AS computed,
         ${mayBeMeasured('w')} AS measured
    FROM unnest($1::uuid[]) AS given (id)
    JOIN customers c ON c.id = given.id AND c.merged_into IS NULL AND c.erasing_at IS NULL
    CROSS JOIN LATERAL (
      SELECT c.id AS customer_id, $5::text AS topic, 'marketing' AS message_class, 'email' AS channel, NULL::text AS journey) AS w
    LEFT JOIN customer_keys k ON k.customer_id = c.id
    LEFT JOIN contact_points p ON p.customer_id = c.id AND p.channel = 'email' AND p.current
    LEFT JOIN suppressions s ON s.channel = 'email' AND s.address_hash = p.address_hash`

interface FactsRow {
  readonly id: string
  readonly time_zone: string | null
  readonly last_order_at: Date | null
  readonly locale: string | null
  readonly traits: string
  readonly personal: Buffer | null
  readonly point_id: string | null
  readonly address: Buffer | null
  readonly address_hash: Buffer | null
  readonly wrapped_key: Buffer | null
  readonly suppressed: string | null
  readonly consents: Record<string, 'granted' | 'withdrawn'> | null
  readonly inquired: Date | null
  readonly recent: readonly (readonly [string, RecentMessageFacts['messageClass'], number])[] | null
  readonly computed: string | null
  readonly measured: boolean
}

/**
 * Locks the customers until the end of the transaction and loads them, by id. Who is erased or merged is left out.
 *
 * @param except messages that are not counted among the recent ones.
 */
export async function lockAddressees(
  client: Queryable,
  customerIds: readonly string[],
  topic: string,
  nowMs: EpochMs,
  except: readonly string[] = [],
): Promise<Map<string, BulkAddressee>> {
  const [, { rows }] = await Promise.all([
    client.query({ name: 'broadcast-lock', text: lockSql, values: [customerIds] }),
    client.query<FactsRow>({
      name: 'broadcast-facts',
      text: factsSql,
      values: [customerIds, new Date(nowMs), counted, except, topic],
    }),
  ])
  return new Map(rows.map((row) => [row.id, { addressee: addresseeOf(row), sealed: sealedOf(row) }]))
}

function addresseeOf(row: FactsRow): Addressee {
  return {
    customerId: row.id,
    timeZone: row.time_zone,
    contact: {
      reachable: row.point_id !== null,
      suppressed: row.suppressed,
      consents: row.consents ?? {},
      ...(row.inquired === null ? {} : { inquiredMs: row.inquired.getTime() }),
    },
    lastOrderMs: row.last_order_at?.getTime() ?? null,
    recentMessages: (row.recent ?? []).map(([journey, messageClass, atMs]) => ({
      channel: 'email' as const,
      journey,
      messageClass,
      atMs,
    })),
  }
}

function sealedOf(row: FactsRow): SealedForBulk | null {
  const { point_id: contactPointId, address, address_hash: addressHash, wrapped_key: wrappedKey } = row
  if (contactPointId === null || address === null || addressHash === null || wrappedKey === null) return null
  return {
    contactPointId,
    address,
    addressHash,
    wrappedKey,
    personal: row.personal,
    traits: row.traits,
    computed: row.computed,
    locale: row.locale,
    timeZone: row.time_zone,
    mayBeMeasured: row.measured,
  }
}
