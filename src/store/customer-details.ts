/** Everything that is known of one customer, for people: addresses and personal traits as their role may see them. */

import type { Channel } from '../domain/snapshot.ts'
import type { ListedCustomer } from './customer-list.ts'
import type { Queryable } from './database.ts'
import { openAddress, openPersonalTraits, type PersonalTraits } from './personal-data.ts'
import type { Vault } from './vault.ts'

/** What whoever looks may see of personal data. */
export interface PersonalView {
  traits(personal: PersonalTraits): Readonly<Record<string, unknown>>
  address(channel: Channel, address: string): string
}

/** The newest of each kind. */
const maxRows = 200

export interface CustomerDetails extends Omit<ListedCustomer, 'scores'> {
  readonly mergedInto: string | null
  readonly timeZone: string | null
  readonly locale: string | null
  readonly country: string | null
  readonly traits: Readonly<Record<string, unknown>>
  /** Traits computed by rule, by key. */
  readonly computed: Readonly<Record<string, unknown>>
  /** Personal traits, as a mask for most: `A•••`. */
  readonly personal: Readonly<Record<string, unknown>>
  readonly firstOrderAt: Date | null
  readonly lastOrderAt: Date | null
  readonly refundedCents: number
  readonly dueAt: Date | null
  readonly scores: Readonly<Record<string, ScoreDetails>>
  /** `a•••@example.org` for most. */
  readonly addresses: readonly AddressDetails[]
  readonly consents: readonly object[]
  readonly orders: readonly OrderDetails[]
  readonly events: readonly EventDetails[]
  readonly moves: readonly MoveDetails[]
  readonly runs: readonly RunDetails[]
  readonly messages: readonly MessageDetails[]
  readonly decisions: readonly DecisionDetails[]
}

export interface ScoreDetails {
  readonly value: number
  readonly tier: string | null
  readonly scoredAt: string
  /** Why, in plain words, the most important first. */
  readonly reasons: readonly string[]
}

export interface AddressDetails {
  readonly channel: string
  readonly masked: string
  readonly current: boolean
  /** Why nothing may be sent there, or null. */
  readonly suppressed: string | null
}

/** Instants inside lists are ISO 8601. */
export interface OrderDetails {
  readonly orderKey: string
  readonly orderedAt: string
  readonly revenueCents: number
  readonly refundedCents: number
  readonly discountCents: number
  readonly currency: string
  readonly coupon: string | null
  readonly cancelledAt: string | null
}

export interface EventDetails {
  readonly id: number
  readonly type: string
  readonly name: string | null
  readonly occurredAt: string
  readonly problem: string | null
}

export interface MoveDetails {
  readonly from: string | null
  readonly to: string
  readonly at: string
  readonly reason: string
}

export interface RunDetails {
  readonly id: string
  readonly journey: string
  readonly entryNumber: number
  readonly status: string
  readonly step: string | null
  readonly wakeAt: string | null
  readonly enteredAt: string
  readonly endedAt: string | null
  readonly endReason: string | null
}

export interface MessageDetails {
  readonly id: string
  readonly journey: string
  readonly step: string
  readonly channel: string
  readonly template: string
  readonly status: string
  readonly reason: string | null
  /** The identity that it left under; null: the usual one, or it has not left. */
  readonly sender: string | null
  readonly plannedAt: string
  readonly settledAt: string | null
  readonly deliveredAt: string | null
}

export interface DecisionDetails {
  readonly at: string
  readonly kind: string
  readonly journey: string | null
  readonly step: string | null
  readonly outcome: string
  readonly rule: string
  readonly detail: Readonly<Record<string, unknown>>
}

interface Row extends Omit<CustomerDetails, 'personal' | 'addresses'> {
  readonly sealedPersonal: Buffer | null
  readonly wrappedKey: Buffer | null
}

interface AddressRow {
  readonly id: string
  readonly channel: Channel
  readonly address: Buffer
  readonly current: boolean
  readonly suppressed: string | null
}

/** @returns undefined if nobody has that id. */
export async function findCustomer(
  client: Queryable,
  vault: Vault,
  id: string,
  view: PersonalView,
): Promise<CustomerDetails | undefined> {
  const [{ rows }, points] = await Promise.all([
    client.query<Row>({ name: 'customer-details', text: detailsSql, values: [id] }),
    client.query<AddressRow>(
      `SELECT p.id, p.channel, p.address, p.current, s.reason AS suppressed
       FROM contact_points p
       LEFT JOIN suppressions s ON s.channel = p.channel AND s.address_hash = p.address_hash
       WHERE p.customer_id = $1 ORDER BY p.channel, p.current DESC, p.created_at DESC`,
      [id],
    ),
  ])
  const [row] = rows
  if (row === undefined) return undefined
  const { sealedPersonal, wrappedKey, ...known } = row
  const key = wrappedKey === null ? undefined : vault.openCustomerKey(id, wrappedKey)
  const personal = key && sealedPersonal ? openPersonalTraits(vault, key, id, sealedPersonal) : {}
  return {
    ...known,
    personal: view.traits(personal),
    addresses: points.rows.map(({ id, channel, address, current, suppressed }) => ({
      channel,
      masked: key === undefined ? '•••' : view.address(channel, openAddress(vault, key, id, address)),
      current,
      suppressed,
    })),
  }
}

const list = (columns: string, from: string, order: string): string =>
  `coalesce((SELECT json_agg(row_to_json(one)) FROM (
     SELECT ${columns} FROM ${from} WHERE t.customer_id = c.id ORDER BY ${order} LIMIT ${maxRows}) AS one), '[]')`

const detailsSql = `
  SELECT c.id, c.external_id AS "externalId", c.merged_into AS "mergedInto", c.stage, c.stage_since AS "stageSince",
    c.at_risk AS "atRisk", c.first_seen_at AS "firstSeenAt", c.last_seen_at AS "lastSeenAt",
    c.order_count AS "orderCount", c.revenue_cents AS "revenueCents", c.refunded_cents AS "refundedCents", c.currency,
    c.first_order_at AS "firstOrderAt", c.last_order_at AS "lastOrderAt", c.due_at AS "dueAt",
    c.time_zone AS "timeZone", c.locale, c.country, c.traits, c.personal AS "sealedPersonal",
    coalesce((SELECT json_object_agg(name, value ORDER BY name) FROM computed_traits t WHERE t.customer_id = c.id), '{}')
      AS computed,
    (SELECT wrapped_key FROM customer_keys k WHERE k.customer_id = c.id) AS "wrappedKey",
    coalesce((SELECT json_object_agg(kind, json_build_object('value', value, 'tier', tier, 'scoredAt', scored_at,
                                                              'reasons', reasons))
              FROM scores t WHERE t.customer_id = c.id), '{}') AS scores,
    ${list('channel, topic, status, given_at AS "givenAt", source, method, words', 'consents t', 'given_at DESC, id DESC')} AS consents,
    ${list(
      `order_key AS "orderKey", ordered_at AS "orderedAt", revenue_cents AS "revenueCents",
       refunded_cents AS "refundedCents", discount_cents AS "discountCents", currency, coupon, cancelled_at AS "cancelledAt"`,
      'orders t',
      'ordered_at DESC',
    )} AS orders,
    ${list('id, type, name, occurred_at AS "occurredAt", problem', 'events t', 'occurred_at DESC')} AS events,
    ${list('from_stage AS "from", to_stage AS "to", moved_at AS "at", reason', 'lifecycle_moves t', 'moved_at DESC, id DESC')} AS moves,
    ${list(
      `id, journey, entry_number AS "entryNumber", status, step, wake_at AS "wakeAt", entered_at AS "enteredAt",
       ended_at AS "endedAt", end_reason AS "endReason"`,
      'journey_runs t',
      'entered_at DESC, id',
    )} AS runs,
    ${list(
      `id, journey, step, channel, template, status, reason, planned_at AS "plannedAt", settled_at AS "settledAt",
       delivered_at AS "deliveredAt", sender`,
      'messages t',
      'planned_at DESC, id',
    )} AS messages,
    ${list('decided_at AS "at", kind, journey, step, outcome, rule, detail', 'decision_records t', 'decided_at DESC, id DESC')} AS decisions
  FROM customers c WHERE c.id = $1`
