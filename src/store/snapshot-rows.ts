/** What a snapshot is read by, and its rows as PostgreSQL hands them over. */

import { confirmationJourney } from '../domain/consent-rule.ts'
import type {
  Channel,
  CouponFacts,
  MessageClass,
  News,
  OfferFacts,
  PastRunFacts,
  RecentMessageFacts,
  RunFacts,
  ScoreKind,
  Stage,
} from '../domain/snapshot.ts'
import type { EpochMs } from '../domain/time.ts'
import { finalStatuses, isStillOpen, newestWordFirst } from './consents.ts'

export interface OpenMessage {
  readonly id: string
  readonly channel: Channel
  readonly journey: string
  readonly step: string
  readonly messageClass: MessageClass
  /** Postponed until then. */
  readonly notBeforeMs: EpochMs | null
}

/** By ascending id, so that two pages that overlap never wait for each other in a circle. */
export const lockCustomers = `
  SELECT id, stage, stage_since, at_risk, traits, time_zone, first_seen_at, last_seen_at,
         first_order_at, last_order_at, order_count, revenue_cents, refunded_cents, scored_at
    FROM customers
   WHERE id = ANY ($1::uuid[]) AND merged_into IS NULL AND erasing_at IS NULL
   ORDER BY id
     FOR UPDATE`

/** Of the customers in `$1`: at `$2`, messages of the last `$3`, at most `$4` news each, messages of the statuses `$5`. */
export const loadFacts = `
  SELECT c.id,
    (SELECT json_agg(s.key ORDER BY s.key) FROM segment_members m JOIN segments s ON s.id = m.segment_id
      WHERE m.customer_id = c.id AND s.status = 'live') AS segments,

    (SELECT json_agg(json_build_object('kind', kind, 'value', value, 'tier', tier, 'scoredAt', scored_at))
       FROM scores WHERE customer_id = c.id) AS scores,

    (SELECT json_agg(json_build_object('channel', p.channel, 'suppressed', s.reason))
       FROM contact_points p
       LEFT JOIN suppressions s ON s.channel = p.channel AND s.address_hash = p.address_hash
      WHERE p.customer_id = c.id AND p.current) AS addresses,

    (SELECT json_agg(newest) FROM (
       SELECT DISTINCT ON (channel, topic) channel, topic, status
         FROM consents WHERE customer_id = c.id AND status IN ${finalStatuses}
        ORDER BY channel, topic, ${newestWordFirst}) AS newest
      WHERE status <> 'lifted') AS consents,

    -- Yeses to confirm: not withdrawn since, not in force already, and not yet asked about.
    (SELECT json_agg(asked) FROM (
       SELECT DISTINCT ON (w.channel, w.topic) w.id, w.channel, w.topic, w.given_at AS given
         FROM consents w
        WHERE w.customer_id = c.id AND w.status = 'pending' AND ${isStillOpen('w')}
          AND NOT EXISTS (SELECT FROM messages m WHERE m.customer_id = c.id AND m.journey = '${confirmationJourney}'
                            AND m.data -> 'consents' ? w.id::text)
        ORDER BY w.channel, w.topic, w.given_at DESC, w.id DESC) AS asked) AS unconfirmed,

    (SELECT json_object_agg(channel, at) FROM (
       SELECT channel, max(given_at) AS at FROM consents
        WHERE customer_id = c.id AND status = 'implied' GROUP BY channel) AS inquired) AS inquiries,

    (SELECT json_agg(json_build_object(
              'id', id, 'journey', journey, 'version', version, 'entryNumber', entry_number, 'step', step,
              'stepSince', step_since, 'wakeAt', wake_at, 'enteredAt', entered_at, 'memory', memory)
              ORDER BY entered_at, id)
       FROM journey_runs WHERE customer_id = c.id AND status = 'active') AS runs,

    -- All that re-entry asks of each journey: when the last run ended, and how many there were. After a merge the last
    -- one to end need not have the highest number.
    (SELECT json_agg(ended) FROM (
       SELECT DISTINCT ON (journey) journey, max(entry_number) OVER (PARTITION BY journey) AS "entryNumber",
              entered_at AS "enteredAt", ended_at AS "endedAt", end_reason AS "endReason"
         FROM journey_runs WHERE customer_id = c.id AND status <> 'active'
        ORDER BY journey, ended_at DESC, entry_number DESC) AS ended) AS past_runs,

    (SELECT json_agg(recent) FROM (
       SELECT channel, journey, message_class AS "messageClass", coalesce(settled_at, planned_at) AS at
         FROM messages
        WHERE customer_id = c.id AND status = ANY ($5) AND coalesce(settled_at, planned_at) > $2::timestamptz - $3::interval
        ORDER BY at DESC) AS recent) AS recent_messages,

    (SELECT json_agg(open) FROM (
       SELECT id, channel, journey, step, message_class AS "messageClass", not_before AS "notBefore"
         FROM messages WHERE customer_id = c.id AND settled_at IS NULL AND broadcast_id IS NULL
        ORDER BY planned_at, id) AS open) AS open_messages,

    (SELECT json_agg(json_build_object('id', id, 'offer', offer, 'code', code, 'expiresAt', expires_at)
              ORDER BY issued_at, id)
       FROM coupons
      WHERE customer_id = c.id AND status = 'issued' AND (expires_at IS NULL OR expires_at > $2)) AS coupons,

    (SELECT json_object_agg(l.offer, json_build_object('had', coalesce(given.had, 0), 'exhausted', CASE
              WHEN l.issued >= l.max_coupons THEN 'offer-budget'
              WHEN l.from_pool AND NOT EXISTS (SELECT FROM offer_codes o WHERE o.offer = l.offer AND coupon_id IS NULL)
              THEN 'offer-pool-empty' END,
              'centsLeft', l.max_cost_cents - l.cost_cents))
       FROM offer_limits l
       LEFT JOIN (SELECT offer, count(*) AS had FROM coupons WHERE customer_id = c.id GROUP BY offer) AS given
         USING (offer)) AS offers,

    (SELECT json_object_agg(experiment, variant) FROM experiment_assignments WHERE customer_id = c.id) AS assignments,

    (SELECT json_agg(unread) FROM (
       SELECT n.id, n.kind, n.detail, n.created_at AS "createdAt", e.occurred_at AS "occurredAt",
              coalesce(e.name, e.type) AS name, e.properties
         FROM news n LEFT JOIN events e
           ON e.id = n.event_id AND e.received_at >= coalesce(n.event_received_at, '-infinity')
              AND e.received_at <= coalesce(n.event_received_at, 'infinity') -- Leaves one partition to look at.
        WHERE n.customer_id = c.id AND n.consumed_at IS NULL
        ORDER BY n.id LIMIT $4) AS unread) AS news
  FROM unnest($1::uuid[]) AS c (id)`

export interface CustomerRow {
  readonly id: string
  readonly stage: Stage
  readonly stage_since: Date
  readonly at_risk: boolean
  readonly traits: Record<string, unknown>
  readonly time_zone: string | null
  readonly first_seen_at: Date
  readonly last_seen_at: Date
  readonly first_order_at: Date | null
  readonly last_order_at: Date | null
  readonly order_count: number
  readonly revenue_cents: number
  readonly refunded_cents: number
  readonly scored_at: Date | null
}

/** Inside JSON, PostgreSQL writes instants as ISO 8601. */
export type Iso = string

/** Facts as they come out of JSON: `atMs` as `at`, in ISO 8601. */
type Written<Facts> = {
  readonly [Name in keyof Facts as Name extends `${infer Moment}Ms` ? Moment : Name]: Name extends `${string}Ms`
    ? Iso | Extract<Facts[Name], null>
    : Facts[Name]
}

export interface FactsRow {
  readonly id: string
  readonly segments: readonly string[] | null
  readonly scores:
    | readonly { kind: ScoreKind; value: number; tier: 'high' | 'middle' | 'low' | null; scoredAt: Iso }[]
    | null
  readonly addresses: readonly { channel: Channel; suppressed: string | null }[] | null
  readonly consents: readonly { channel: Channel; topic: string; status: 'granted' | 'withdrawn' }[] | null
  readonly unconfirmed: readonly { id: number; channel: Channel; topic: string; given: Iso }[] | null
  readonly inquiries: Readonly<Partial<Record<Channel, Iso>>> | null
  readonly runs: readonly Written<RunFacts>[] | null
  readonly past_runs: readonly Written<PastRunFacts>[] | null
  readonly recent_messages: readonly Written<RecentMessageFacts>[] | null
  readonly open_messages: readonly Written<OpenMessage>[] | null
  readonly coupons: readonly Written<CouponFacts>[] | null
  readonly offers: Record<string, OfferFacts> | null
  readonly assignments: Record<string, string> | null
  readonly news: readonly NewsRow[] | null
}

export interface NewsRow {
  readonly id: number
  readonly kind: News['kind']
  readonly detail: Record<string, unknown>
  readonly createdAt: Iso
  readonly occurredAt: Iso | null
  readonly name: string | null
  readonly properties: Record<string, unknown> | null
}
