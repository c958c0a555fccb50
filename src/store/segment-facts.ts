/**
 * The facts beyond the snapshot that conditions ask for, of a page of customers: one statement for each kind of fact that
 * is needed, and none for the others.
 */

import type { EventKind } from '../domain/conditions/happening.ts'
import type {
  EventDayFacts,
  EventFacts,
  MoreFacts,
  ProfileFacts,
  SingleOrderFacts,
} from '../domain/conditions/more-facts.ts'
import type { Needs } from '../domain/conditions/needs.ts'
import type { EpochMs } from '../domain/time.ts'
import type { Queryable } from './database.ts'

/** Of each of these customers, whether they have such facts or not. */
export async function loadMoreFacts(
  client: Queryable,
  customerIds: readonly string[],
  needs: Needs,
  nowMs: EpochMs,
): Promise<ReadonlyMap<string, MoreFacts>> {
  const ids = [...customerIds]
  const [events, eventDays, orders, profiles, segments, journeys, matches, computed] = await Promise.all([
    needs.events.length === 0 ? none : loadEvents(client, ids, needs.events, nowMs),
    needs.eventDays.length === 0 ? none : loadEventDays(client, ids, needs.eventDays),
    needs.orders ? loadOrders(client, ids) : none,
    needs.profile ? loadProfiles(client, ids) : none,
    needs.segments ? loadSegments(client, ids) : none,
    needs.journeys ? loadJourneys(client, ids) : none,
    needs.matches ? loadMatches(client, ids) : none,
    needs.computed ? loadComputed(client, ids) : none,
  ])
  return new Map(
    ids.map((id): [string, MoreFacts] => [
      id,
      {
        events: events.get(id) ?? [],
        eventDays: eventDays.get(id) ?? [],
        orders: orders.get(id) ?? [],
        profile: profiles.get(id)?.[0] ?? unknownProfile,
        segments: new Set(segments.get(id)),
        journeys: journeys.get(id) ?? [],
        matches: matches.get(id) ?? [],
        computed: Object.fromEntries(computed.get(id) ?? []),
      },
    ]),
  )
}

const none: ReadonlyMap<string, never[]> = new Map()

/** Of somebody of whom nothing is known. */
export const unknownProfile: ProfileFacts = {
  country: null,
  locale: null,
  emailDomain: null,
  timeZone: null,
  discountCents: 0,
  discountedRevenueCents: 0,
}

type Row = { readonly customerId: string }

function byCustomer<R extends Row, Fact>(rows: readonly R[], toFact: (row: R) => Fact): Map<string, Fact[]> {
  const found = new Map<string, Fact[]>()
  for (const row of rows) {
    const known = found.get(row.customerId)
    if (known === undefined) found.set(row.customerId, [toFact(row)])
    else known.push(toFact(row))
  }
  return found
}

async function loadEvents(client: Queryable, ids: string[], wanted: Needs['events'], nowMs: EpochMs) {
  const { rows } = await client.query<
    Row & { kind: EventKind; name: string | null; at: Date; properties: Record<string, unknown> }
  >({
    name: 'segment-facts-events',
    text: `
      SELECT e.customer_id AS "customerId", e.type AS kind, e.name, e.occurred_at AS at, e.properties
      FROM events e
      WHERE e.customer_id = ANY ($1::uuid[]) AND e.occurred_at >= $2::timestamptz - ($6::text || ' milliseconds')::interval
        AND EXISTS (
          SELECT FROM unnest($3::text[], $4::text[], $5::float8[]) AS wanted (kind, name, within_ms)
          WHERE wanted.kind = e.type AND (wanted.name IS NULL OR wanted.name = e.name)
            AND e.occurred_at >= $2::timestamptz - make_interval(secs => wanted.within_ms / 1000))`,
    values: [
      ids,
      new Date(nowMs),
      wanted.map(({ kind }) => kind),
      wanted.map(({ name }) => name),
      wanted.map(({ withinMs }) => withinMs),
      String(Math.max(...wanted.map(({ withinMs }) => withinMs))),
    ],
  })
  return byCustomer(
    rows,
    ({ kind, name, at, properties }): EventFacts => ({ kind, name, atMs: at.getTime(), properties }),
  )
}

async function loadEventDays(client: Queryable, ids: string[], keys: readonly string[]) {
  const { rows } = await client.query<Row & { key: string; dayMs: number; count: number; first: Date; last: Date }>({
    name: 'segment-facts-event-days',
    text: `
      SELECT customer_id AS "customerId", name AS key, date_part('epoch', day) * 1000 AS "dayMs", count,
             first_at AS first, last_at AS last
      FROM event_days WHERE customer_id = ANY ($1::uuid[]) AND name = ANY ($2::text[])`,
    values: [ids, keys],
  })
  return byCustomer(
    rows,
    ({ key, dayMs, count, first, last }): EventDayFacts => ({
      key,
      dayMs,
      count,
      firstMs: first.getTime(),
      lastMs: last.getTime(),
    }),
  )
}

async function loadOrders(client: Queryable, ids: string[]) {
  const { rows } = await client.query<
    Row & { at: Date; revenueCents: number | null; products: string[]; categories: string[] }
  >({
    name: 'segment-facts-orders',
    text: `
      SELECT o.customer_id AS "customerId", o.ordered_at AS at,
             CASE WHEN o.currency = c.currency THEN o.revenue_cents END AS "revenueCents",
             ARRAY (SELECT l.product_key FROM order_lines l WHERE l.order_id = o.id) AS products,
             ARRAY (SELECT p.category FROM order_lines l JOIN products p ON p.product_key = l.product_key
                    WHERE l.order_id = o.id AND p.category IS NOT NULL) AS categories
      FROM orders o JOIN customers c ON c.id = o.customer_id
      WHERE o.customer_id = ANY ($1::uuid[]) AND o.cancelled_at IS NULL`,
    values: [ids],
  })
  return byCustomer(
    rows,
    ({ at, revenueCents, products, categories }): SingleOrderFacts => ({
      atMs: at.getTime(),
      revenueCents,
      products,
      categories,
    }),
  )
}

async function loadProfiles(client: Queryable, ids: string[]) {
  const { rows } = await client.query<Row & ProfileFacts>({
    name: 'segment-facts-profiles',
    text: `
      SELECT id AS "customerId", country, locale, email_domain AS "emailDomain", time_zone AS "timeZone",
             discount_cents AS "discountCents", discounted_revenue_cents AS "discountedRevenueCents"
      FROM customers WHERE id = ANY ($1::uuid[])`,
    values: [ids],
  })
  return byCustomer(rows, (row): ProfileFacts => row)
}

async function loadSegments(client: Queryable, ids: string[]) {
  const { rows } = await client.query<Row & { key: string }>({
    name: 'segment-facts-segments',
    text: `
      SELECT m.customer_id AS "customerId", s.key
      FROM segment_members m JOIN segments s ON s.id = m.segment_id AND s.kind = 'segment' AND s.status = 'live'
      WHERE m.customer_id = ANY ($1::uuid[])`,
    values: [ids],
  })
  return byCustomer(rows, ({ key }) => key)
}

async function loadJourneys(client: Queryable, ids: string[]) {
  const { rows } = await client.query<Row & { journey: string; status: string }>({
    name: 'segment-facts-journeys',
    text: `
      SELECT DISTINCT customer_id AS "customerId", journey, status
      FROM journey_runs WHERE customer_id = ANY ($1::uuid[])`,
    values: [ids],
  })
  return byCustomer(rows, ({ journey, status }) => ({ journey, status }))
}

async function loadMatches(client: Queryable, ids: string[]) {
  const { rows } = await client.query<Row & { kind: string; key: string }>({
    name: 'segment-facts-matches',
    text: 'SELECT customer_id AS "customerId", kind, key FROM customer_matches WHERE customer_id = ANY ($1::uuid[])',
    values: [ids],
  })
  return byCustomer(rows, ({ kind, key }) => ({ kind, key }))
}

async function loadComputed(client: Queryable, ids: string[]) {
  const { rows } = await client.query<Row & { name: string; value: unknown }>({
    name: 'segment-facts-computed',
    text: 'SELECT customer_id AS "customerId", name, value FROM computed_traits WHERE customer_id = ANY ($1::uuid[])',
    values: [ids],
  })
  return byCustomer(rows, ({ name, value }): [string, unknown] => [name, value])
}
