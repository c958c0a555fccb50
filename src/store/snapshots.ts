/**
 * Snapshots: everything a decision may depend on, of one customer or of a page of them, under a lock on the customers.
 *
 * Two statements, not one: after waiting for a row lock, a statement still sees the other tables as they were when it
 * began; only the next one sees what the former holder of the lock wrote.
 */

import type { Needs } from '../domain/conditions/needs.ts'
import { confirmationJourney } from '../domain/consent-rule.ts'
import type { MessageStatus } from '../domain/delivery.ts'
import type {
  Channel,
  ContactFacts,
  CouponFacts,
  MessageClass,
  News,
  OfferFacts,
  PastRunFacts,
  RecentMessageFacts,
  RunFacts,
  ScoreKind,
  Snapshot,
  Stage,
  TraitValue,
} from '../domain/snapshot.ts'
import type { EpochMs } from '../domain/time.ts'
import { finalStatuses, isStillOpen, newestWordFirst } from './consents.ts'
import type { Queryable } from './database.ts'
import { loadMoreFacts } from './segment-facts.ts'

export interface LoadedSnapshot {
  readonly snapshot: Snapshot
  /** Planned, or left over from a crash: neither settled nor given up. */
  readonly openMessages: readonly OpenMessage[]
  /** Keys of the segments that hold the customer, in order. */
  readonly segments: readonly string[]
  /** There is more unread news than one page holds. */
  readonly hasMoreNews: boolean
}

export interface OpenMessage {
  readonly id: string
  readonly channel: Channel
  readonly journey: string
  readonly step: string
  readonly messageClass: MessageClass
  /** Postponed until then. */
  readonly notBeforeMs: EpochMs | null
}

export interface SnapshotOptions {
  readonly nowMs: EpochMs
  /** At most this many unread news a customer, oldest first. Default: 500. */
  readonly newsPage?: number
  /**
   * Which messages count as recent. `planned`: also those that are about to go out, for who plans more. `left`: only
   * those that have left, or may have, for who asks whether one of the others may leave. Default: `planned`.
   */
  readonly recent?: keyof typeof recentStatuses
  /** What conditions will ask for beyond that. Default: nothing. */
  readonly needs?: Needs | undefined
}

const defaultNewsPage = 500
const recentDays = 30

const left: readonly MessageStatus[] = ['transmitting', 'sent', 'in_doubt']
const recentStatuses = { planned: ['planned', 'claimed', ...left] satisfies MessageStatus[], left } as const

/** By ascending id, so that two pages that overlap never wait for each other in a circle. */
const lockCustomers = `
  SELECT id, stage, stage_since, at_risk, traits, time_zone, first_seen_at, last_seen_at,
         first_order_at, last_order_at, order_count, revenue_cents, refunded_cents, scored_at
    FROM customers
   WHERE id = ANY ($1::uuid[]) AND merged_into IS NULL AND erasing_at IS NULL
   ORDER BY id
     FOR UPDATE`

const loadFacts = `
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

/**
 * Locks the customers and loads what is known of them, by ascending id. Who is unknown, erased or merged into another
 * one is left out. Call it inside a transaction: the locks last until its end.
 */
export async function lockAndLoadSnapshots(
  client: Queryable,
  customerIds: readonly string[],
  { nowMs, newsPage = defaultNewsPage, recent = 'planned', needs }: SnapshotOptions,
): Promise<LoadedSnapshot[]> {
  // Sent together: where the connection pipelines, both statements cost one round trip. They still run in this order.
  const [customers, facts] = await Promise.all([
    client.query<CustomerRow>({ name: 'snapshot-lock', text: lockCustomers, values: [customerIds] }),
    client.query<FactsRow>({
      name: 'snapshot-facts',
      text: loadFacts,
      values: [customerIds, new Date(nowMs), `${recentDays} days`, newsPage + 1, recentStatuses[recent]],
    }),
  ])
  const factsById = new Map(facts.rows.map((row) => [row.id, row]))
  const loaded = customers.rows.flatMap((row) => {
    const known = factsById.get(row.id)
    return known ? [toSnapshot(row, known, newsPage)] : []
  })
  return needs === undefined ? loaded : addMoreFacts(client, loaded, needs, nowMs)
}

async function addMoreFacts(
  client: Queryable,
  loaded: readonly LoadedSnapshot[],
  needs: Needs,
  nowMs: EpochMs,
): Promise<LoadedSnapshot[]> {
  const ids = loaded.map(({ snapshot }) => snapshot.customer.id)
  const facts = await loadMoreFacts(client, ids, needs, nowMs)
  return loaded.map((each) => {
    const more = facts.get(each.snapshot.customer.id)
    return more === undefined ? each : { ...each, snapshot: { ...each.snapshot, more } }
  })
}

/** One customer's snapshot, locked; undefined if unknown, erased or merged into another customer. */
export async function lockAndLoadSnapshot(
  client: Queryable,
  customerId: string,
  options: SnapshotOptions,
): Promise<LoadedSnapshot | undefined> {
  return (await lockAndLoadSnapshots(client, [customerId], options))[0]
}

interface CustomerRow {
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
type Iso = string

/** Facts as they come out of JSON: `atMs` as `at`, in ISO 8601. */
type Written<Facts> = {
  readonly [Name in keyof Facts as Name extends `${infer Moment}Ms` ? Moment : Name]: Name extends `${string}Ms`
    ? Iso | Extract<Facts[Name], null>
    : Facts[Name]
}

interface FactsRow {
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

interface NewsRow {
  readonly id: number
  readonly kind: News['kind']
  readonly detail: Record<string, unknown>
  readonly createdAt: Iso
  readonly occurredAt: Iso | null
  readonly name: string | null
  readonly properties: Record<string, unknown> | null
}

function toSnapshot(row: CustomerRow, facts: FactsRow, newsPage: number): LoadedSnapshot {
  const news = facts.news ?? []
  return {
    snapshot: {
      customer: {
        id: row.id,
        stage: row.stage,
        stageSinceMs: row.stage_since.getTime(),
        atRisk: row.at_risk,
        traits: plainTraits(row.traits),
        timeZone: row.time_zone,
        firstSeenMs: row.first_seen_at.getTime(),
        lastSeenMs: row.last_seen_at.getTime(),
        scoredMs: row.scored_at?.getTime() ?? null,
      },
      orders: {
        count: row.order_count,
        revenueCents: row.revenue_cents,
        refundedCents: row.refunded_cents,
        firstOrderMs: row.first_order_at?.getTime() ?? null,
        lastOrderMs: row.last_order_at?.getTime() ?? null,
      },
      scores: Object.fromEntries(
        (facts.scores ?? []).map(({ kind, value, tier, scoredAt }) => [
          kind,
          { value, tier, scoredAtMs: ms(scoredAt) },
        ]),
      ),
      contact: { email: contact('email', facts), sms: contact('sms', facts) },
      runs: (facts.runs ?? []).map(({ stepSince, wakeAt, enteredAt, ...run }) => ({
        ...run,
        stepSinceMs: ms(stepSince),
        wakeAtMs: msOrNull(wakeAt),
        enteredAtMs: ms(enteredAt),
      })),
      pastRuns: (facts.past_runs ?? [])
        .map(({ enteredAt, endedAt, ...run }) => ({ ...run, enteredAtMs: ms(enteredAt), endedAtMs: ms(endedAt) }))
        .sort((a, b) => b.endedAtMs - a.endedAtMs),
      recentMessages: (facts.recent_messages ?? []).map(({ at, ...message }) => ({ ...message, atMs: ms(at) })),
      news: news.slice(0, newsPage).map(toNews),
      coupons: (facts.coupons ?? []).map(({ expiresAt, ...coupon }) => ({
        ...coupon,
        expiresAtMs: msOrNull(expiresAt),
      })),
      ...(facts.offers === null ? {} : { offers: facts.offers }),
      ...(facts.assignments === null ? {} : { assignments: facts.assignments }),
    },
    openMessages: (facts.open_messages ?? []).map(({ notBefore, ...message }) => ({
      ...message,
      notBeforeMs: msOrNull(notBefore),
    })),
    segments: facts.segments ?? [],
    hasMoreNews: news.length > newsPage,
  }
}

function contact(channel: Channel, facts: FactsRow): ContactFacts {
  const address = facts.addresses?.find((candidate) => candidate.channel === channel)
  const consents = facts.consents?.filter((consent) => consent.channel === channel) ?? []
  const unconfirmed = (facts.unconfirmed ?? [])
    .filter((one) => one.channel === channel)
    .map(({ id, topic, given }) => ({ id, topic, givenMs: ms(given) }))
  const inquired = facts.inquiries?.[channel]
  return {
    reachable: address !== undefined,
    suppressed: address?.suppressed ?? null,
    consents: Object.fromEntries(consents.map(({ topic, status }) => [topic, status])),
    ...(unconfirmed.length === 0 ? {} : { unconfirmed }),
    ...(inquired === undefined ? {} : { inquiredMs: ms(inquired) }),
  }
}

function toNews({ id, kind, detail, createdAt, occurredAt, name, properties }: NewsRow): News {
  const atMs = ms(occurredAt ?? createdAt)
  switch (kind) {
    case 'event':
      return { id, atMs, kind, name: name ?? '', properties: properties ?? {} }
    case 'task':
      return { id, atMs, kind, taskId: String(detail['taskId']), outcome: String(detail['outcome']) }
    case 'entry':
      return {
        id,
        atMs,
        kind,
        journey: String(detail['journey']),
        ...(detail['by'] === 'schedule' && { by: 'schedule' }),
        properties: (detail['properties'] ?? {}) as Record<string, unknown>,
      }
    case 'score':
      return { id, atMs, kind, score: detail['score'] as ScoreKind, crossed: detail['crossed'] as 'up' | 'down' }
    case 'segment':
      return { id, atMs, kind, segment: String(detail['segment']), change: detail['change'] as 'entered' | 'exited' }
    case 'journey':
      return { id, atMs, kind, journey: String(detail['journey']) }
    case 'contact':
    case 'profile':
    case 'arrived':
      return { id, atMs, kind }
  }
}

/** Conditions read plain values; a nested object is kept in the profile but decides nothing. */
function plainTraits(traits: Record<string, unknown>): Record<string, TraitValue> {
  return Object.fromEntries(Object.entries(traits).filter((entry): entry is [string, TraitValue] => isPlain(entry[1])))
}

function isPlain(value: unknown): value is TraitValue {
  if (Array.isArray(value)) return value.every((item) => typeof item === 'string')
  return value === null || typeof value !== 'object'
}

function ms(iso: Iso): EpochMs {
  return Date.parse(iso)
}

function msOrNull(iso: Iso | null): EpochMs | null {
  return iso === null ? null : Date.parse(iso)
}
