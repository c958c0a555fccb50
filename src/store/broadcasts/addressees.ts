/** What the contact policy and a template need to know of a page of customers: locked, a set at a time. */

import type { QueryResultRow } from 'pg'
import { broadcastJourney } from '../../domain/broadcast.ts'
import type { Addressee } from '../../domain/contact-policy.ts'
import type { MessageStatus } from '../../domain/delivery.ts'
import { usualSender } from '../../domain/mail-sender.ts'
import type { Channel, RecentMessageFacts } from '../../domain/snapshot.ts'
import { type ConsentChannel, trackingChannel } from '../../domain/tracking.ts'
import { uuidArray } from '../binary-arrays.ts'
import { finalStatuses, newestWordFirst } from '../consents.ts'
import type { Queryable } from '../database.ts'
import { findPauses, type SendingPause } from '../sending-pauses.ts'
import type { BulkContext } from './bulk-page.ts'

export interface BulkAddressee {
  readonly addressee: Addressee
  /** Null: there is no address, or it cannot be opened any more. */
  readonly sealed: SealedForBulk | null
  /** Why nothing leaves to them for a while: their domain, or all of it, is paused. */
  readonly pause: string | null
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

/** A plan that is made while a table is empty must not be to read all of it. */
const byIndexSql = 'SET LOCAL enable_seqscan = off'

/** By ascending id, as everybody locks customers. */
const lockSql = `
  SELECT id FROM customers WHERE id = ANY ($1::uuid[]) AND merged_into IS NULL AND erasing_at IS NULL
   ORDER BY id FOR UPDATE`

const counted: readonly MessageStatus[] = ['planned', 'claimed', 'transmitting', 'sent', 'in_doubt']
const recentDays = 30

/*
 * Each looks up customer by customer ("OFFSET 0" holds the planner to it), so that a plan can be kept while tables grow. Left
 * to itself the planner takes conditions that nearly all rows fulfil for rare ones, and holds every message there is
 * against every customer.
 */

/** `$2`: the channel, also below. */
const peopleSql = `
  SELECT given.id, c.time_zone, c.last_order_at, c.locale, c.email_domain, c.traits, c.personal,
         p.id AS point_id, p.address, p.address_hash, k.wrapped_key, s.reason AS suppressed
    FROM unnest($1::uuid[]) AS given (id)
   CROSS JOIN LATERAL (
     SELECT time_zone, last_order_at, locale, email_domain, traits::text AS traits, personal FROM customers
      WHERE id = given.id AND merged_into IS NULL AND erasing_at IS NULL OFFSET 0) AS c
    LEFT JOIN LATERAL (SELECT wrapped_key FROM customer_keys WHERE customer_id = given.id OFFSET 0) AS k ON true
    LEFT JOIN LATERAL (
     SELECT id, address, address_hash FROM contact_points
      WHERE customer_id = given.id AND channel = $2 AND current OFFSET 0) AS p ON true
    LEFT JOIN LATERAL (
     SELECT reason FROM suppressions WHERE channel = $2 AND address_hash = p.address_hash OFFSET 0) AS s ON true`

/** The word that counts on each topic: of the channel, and of being measured. */
const wordsSql = `
  SELECT DISTINCT ON (given.customer, channel, topic) given.customer AS customer_id, channel, topic, status
    FROM unnest($1::uuid[]) AS given (customer)
   CROSS JOIN LATERAL (
     SELECT channel, topic, status, given_at, id FROM consents
      WHERE customer_id = given.customer AND channel IN ($2, '${trackingChannel}') AND status IN ${finalStatuses}
     OFFSET 0) AS w
   ORDER BY given.customer, channel, topic, ${newestWordFirst}`

const inquiriesSql = `
  SELECT given.customer AS customer_id, max(w.given_at) AS at FROM unnest($1::uuid[]) AS given (customer)
   CROSS JOIN LATERAL (
     SELECT given_at FROM consents
      WHERE customer_id = given.customer AND channel = $2 AND status = 'implied' OFFSET 0) AS w
   GROUP BY 1`

/** `$3`: the moment; `$5`: messages that are asked about themselves. */
const recentSql = `
  SELECT given.id AS customer_id, m.journey, m.message_class, m.at
    FROM unnest($1::uuid[]) AS given (id)
   CROSS JOIN LATERAL (
     SELECT journey, message_class, coalesce(settled_at, planned_at) AS at FROM messages
      WHERE customer_id = given.id AND channel = $2 AND status = ANY ($4) AND id <> ALL ($5::uuid[])
        AND planned_at > $3::timestamptz - interval '${2 * recentDays} days' OFFSET 0) AS m
   WHERE m.at > $3::timestamptz - interval '${recentDays} days'`

const computedSql = `
  SELECT t.customer_id, json_object_agg(t.name, t.value)::text AS computed
    FROM unnest($1::uuid[]) AS given (id)
   CROSS JOIN LATERAL (SELECT customer_id, name, value FROM computed_traits WHERE customer_id = given.id OFFSET 0) AS t
   GROUP BY 1`

interface PersonRow {
  readonly id: string
  readonly time_zone: string | null
  readonly last_order_at: Date | null
  readonly locale: string | null
  readonly email_domain: string | null
  readonly traits: string
  readonly personal: Buffer | null
  readonly point_id: string | null
  readonly address: Buffer | null
  readonly address_hash: Buffer | null
  readonly wrapped_key: Buffer | null
  readonly suppressed: string | null
}

interface WordRow {
  readonly customer_id: string
  readonly channel: ConsentChannel
  readonly topic: string
  readonly status: 'granted' | 'withdrawn' | 'lifted'
}

interface RecentRow {
  readonly customer_id: string
  readonly journey: string
  readonly message_class: RecentMessageFacts['messageClass']
  readonly at: Date
}

/** What is known of somebody beside their own row. */
interface Around {
  readonly words: readonly WordRow[]
  readonly inquired: Date | undefined
  readonly recent: readonly RecentRow[]
  readonly computed: string | undefined
}

/**
 * Locks the customers until the end of the transaction and loads them, by id. Who is erased or merged is left out.
 *
 * @param except messages that are not counted among the recent ones.
 */
export async function lockAddressees(
  client: Queryable,
  customerIds: readonly string[],
  context: AddresseeContext,
  except: readonly string[] = [],
): Promise<Map<string, BulkAddressee>> {
  // Each statement sees what was committed before it began, and all but the first begin when everybody is locked.
  const [, , known] = await Promise.all([
    client.query(byIndexSql),
    client.query({ name: 'broadcast-lock', text: lockSql, values: [uuidArray(customerIds)] }),
    readAddressees(client, customerIds, context, except),
  ])
  return known
}

type AddresseeContext = Pick<BulkContext, 'broadcast' | 'policy' | 'nowMs' | 'sender'>

/** As they are at this moment, without holding them. */
export async function readAddressees(
  client: Queryable,
  customerIds: readonly string[],
  { broadcast, policy, nowMs, sender }: AddresseeContext,
  except: readonly string[] = [],
): Promise<Map<string, BulkAddressee>> {
  const ids = uuidArray(customerIds)
  const { channel, topic } = broadcast.definition
  const { caps, impliedFor } = policy.channels[channel]
  const recentValues = [ids, channel, new Date(nowMs), counted, uuidArray(except)]
  const asked = <Row extends QueryResultRow>(name: string, text: string, values: unknown[]) =>
    client.query<Row>({ name: `broadcast-${name}`, text, values })
  const [people, words, computed, pauses, recent, inquiries] = await Promise.all([
    asked<PersonRow>('people', peopleSql, [ids, channel]),
    asked<WordRow>('words', wordsSql, [ids, channel]),
    asked<{ customer_id: string; computed: string }>('computed', computedSql, [ids]),
    findPauses(client),
    Object.keys(caps).length === 0 ? none : asked<RecentRow>('recent', recentSql, recentValues),
    impliedFor === null ? none : asked<{ customer_id: string; at: Date }>('inquiries', inquiriesSql, [ids, channel]),
  ])
  const wordsOf = Map.groupBy(words.rows, (row) => row.customer_id)
  const recentOf = Map.groupBy(recent.rows, (row) => row.customer_id)
  const computedOf = new Map(computed.rows.map((row) => [row.customer_id, row.computed]))
  const inquiredOf = new Map(inquiries.rows.map((row) => [row.customer_id, row.at]))
  const pausedFor = pauseFinder(pauses, channel, broadcastJourney(broadcast.key), sender.key ?? usualSender)
  return new Map(
    people.rows.map((row) => {
      const around = {
        words: wordsOf.get(row.id) ?? [],
        inquired: inquiredOf.get(row.id),
        recent: recentOf.get(row.id) ?? [],
        computed: computedOf.get(row.id),
      }
      const sealed = sealedOf(row, around, topic)
      return [row.id, { addressee: addresseeOf(row, channel, around), sealed, pause: pausedFor(row.email_domain) }]
    }),
  )
}

const none = { rows: [] }

/** The reason why marketing of a journey may not leave to a domain, under an identity, now; null if it may. */
function pauseFinder(
  pauses: readonly SendingPause[],
  channel: Channel,
  journey: string,
  sender: string,
): (domain: string | null) => string | null {
  if (pauses.length === 0) return () => null
  // As `pauseOf`: rates are those of mail, and so is what they pause altogether (`*`) or by domain.
  const concerns = ({ scope, key }: SendingPause, domain: string | null): boolean =>
    (scope === 'all' && (channel === 'email' || key !== '*')) ||
    (scope === 'channel' && key === channel) ||
    (scope === 'journey' && key === journey) ||
    (scope === 'sender' && channel === 'email' && key === sender) ||
    (scope === 'domain' && channel === 'email' && key === domain)
  return (domain) => pauses.find((pause) => concerns(pause, domain))?.reason ?? null
}

function addresseeOf(row: PersonRow, asked: Channel, { words, inquired, recent }: Around): Addressee {
  return {
    customerId: row.id,
    timeZone: row.time_zone,
    contact: {
      reachable: row.point_id !== null,
      suppressed: row.suppressed,
      consents: Object.fromEntries(
        words.flatMap(({ channel, topic, status }) =>
          channel === asked && status !== 'lifted' ? [[topic, status] as const] : [],
        ),
      ),
      ...(inquired === undefined ? {} : { inquiredMs: inquired.getTime() }),
    },
    lastOrderMs: row.last_order_at?.getTime() ?? null,
    recentMessages: recent.map(({ journey, message_class: messageClass, at }) => ({
      channel: asked,
      journey,
      messageClass,
      atMs: at.getTime(),
    })),
  }
}

function sealedOf(row: PersonRow, { words, computed }: Around, topic: string): SealedForBulk | null {
  const { point_id: contactPointId, address, address_hash: addressHash, wrapped_key: wrappedKey } = row
  if (contactPointId === null || address === null || addressHash === null || wrappedKey === null) return null
  // Of a word on the topic and one on everything the stricter counts.
  const mayBeMeasured = !words.some(
    (word) =>
      word.channel === trackingChannel && word.status === 'withdrawn' && (word.topic === topic || word.topic === '*'),
  )
  return {
    contactPointId,
    address,
    addressHash,
    wrappedKey,
    personal: row.personal,
    traits: row.traits,
    computed: computed ?? null,
    locale: row.locale,
    timeZone: row.time_zone,
    mayBeMeasured,
  }
}
