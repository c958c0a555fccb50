/** Fifty segments such as shops have them, and for some of them the SQL that somebody who knows the tables would write. */

import { contentVersion } from '../../src/store/content-version.ts'
import type { Queryable } from '../../src/store/database.ts'

interface Document {
  readonly name: string
  readonly if: Readonly<Record<string, unknown>>
}

/** The segment that the events of the latency measurement bring customers into. */
export const signalSegment = 'signalled'
export const signalEvent = 'Wishlist Shared'

/** The names of the segments for which there is a hand-written reference, with it. `$1` is the present. */
export const references: Readonly<Record<string, string>> = {
  'orders-1': `SELECT id FROM customers WHERE order_count >= 1 AND merged_into IS NULL`,
  'plan-pro': `SELECT id FROM customers WHERE traits ->> 'plan' = 'pro' AND merged_into IS NULL`,
  'older-50': `SELECT id FROM customers WHERE (traits ->> 'age')::numeric >= 50 AND merged_into IS NULL`,
  'quiet-60': `SELECT id FROM customers WHERE last_order_at < $1::timestamptz - interval '60 days' AND merged_into IS NULL`,
  'views-3-in-30': `SELECT customer_id FROM events WHERE type = 'track' AND name = 'Product Viewed'
                       AND occurred_at >= $1::timestamptz - interval '30 days' AND customer_id IS NOT NULL
                     GROUP BY customer_id HAVING count(*) >= 3`,
  // The counts of a customer who became part of another one stay where they are.
  'opened-5': `SELECT customer_id FROM event_days d JOIN customers c ON c.id = d.customer_id WHERE name = 'Newsletter Opened'
                  AND merged_into IS NULL GROUP BY customer_id HAVING sum(count) >= 5`,
  'jazz-90': `SELECT DISTINCT customer_id FROM events WHERE type = 'track' AND name = 'Product Viewed'
                 AND occurred_at >= $1::timestamptz - interval '90 days' AND properties ->> 'category' = 'Jazz'
                 AND customer_id IS NOT NULL`,
  'added-not-bought-14': `SELECT DISTINCT e.customer_id FROM events e WHERE e.type = 'track' AND e.name = 'Product Added'
                 AND e.occurred_at >= $1::timestamptz - interval '14 days' AND e.customer_id IS NOT NULL
                 AND NOT EXISTS (SELECT FROM events o WHERE o.customer_id = e.customer_id AND o.type = 'track'
                   AND o.name = 'Order Completed' AND o.occurred_at >= $1::timestamptz - interval '14 days')`,
}

const event = (name: string, rest: Readonly<Record<string, unknown>>): Document['if'] => ({ event: { name, ...rest } })

/** By key, the typical ones first. */
export function segmentDocuments(count: number): Readonly<Record<string, Document>> {
  const all: [string, Document['if']][] = [
    ['orders-1', { 'orders.count': { at_least: 1 } }],
    ['plan-pro', { 'trait.plan': 'pro' }],
    ['older-50', { 'trait.age': { at_least: 50 } }],
    ['quiet-60', { 'orders.last': { before: '60 days' } }],
    ['views-3-in-30', event('Product Viewed', { within: '30 days', count: { at_least: 3 } })],
    ['opened-5', event('Newsletter Opened', { count: { at_least: 5 } })],
    ['jazz-90', event('Product Viewed', { within: '90 days', where: { category: 'Jazz' } })],
    [
      'added-not-bought-14',
      {
        all: [event('Product Added', { within: '14 days' }), { not: event('Order Completed', { within: '14 days' }) }],
      },
    ],
    [signalSegment, event(signalEvent, { within: '30 days' })],
    ['spent-100-in-90', event('Order Completed', { within: '90 days', sum: { of: 'total', at_least: 100 } })],
    ['loyal-pro', { all: [{ segment: 'plan-pro' }, { 'orders.count': { at_least: 3 } }] }],
    ['not-pro', { not: { segment: 'plan-pro' } }],
    ...[2, 3, 5, 8].map((n): [string, Document['if']] => [`orders-${n}`, { 'orders.count': { at_least: n } }]),
    ...[5, 10, 20, 40].map((n): [string, Document['if']] => [
      `spent-${n}0`,
      { 'orders.revenue_cents': { at_least: n * 1_000 } },
    ]),
    ...[7, 14, 30, 90].map((n): [string, Document['if']] => [
      `bought-in-${n}`,
      { 'orders.last': { within: `${n} days` } },
    ]),
    ...[30, 120, 200].map((n): [string, Document['if']] => [`gone-${n}`, { 'orders.last': { before: `${n} days` } }]),
    ...[1, 7, 30].map((n): [string, Document['if']] => [`seen-in-${n}`, { 'seen.last': { within: `${n} days` } }]),
    ...['retain', 'activate'].map((stage): [string, Document['if']] => [`stage-${stage}`, { stage }]),
    ...[3, 17, 42].map((n): [string, Document['if']] => [`city-${n}`, { 'trait.city': `city-${n}` }]),
    ...[7, 60, 180].map((n): [string, Document['if']] => [
      `views-${n}`,
      event('Product Viewed', { within: `${n} days`, count: { at_least: Math.ceil(n / 10) } }),
    ]),
    ...['Rock', 'Folk', 'Soul'].map((category): [string, Document['if']] => [
      `likes-${category.toLowerCase()}`,
      event('Product Added', { within: '60 days', where: { category }, count: { at_least: 2 } }),
    ]),
    ...[2, 10].map((n): [string, Document['if']] => [`asked-${n}`, event('Support Asked', { count: { at_least: n } })]),
    ...[30, 60, 90].map((n): [string, Document['if']] => [
      `cooling-${n}`,
      {
        all: [
          { 'orders.count': { at_least: 2 } },
          { 'orders.last': { before: `${n} days` } },
          { 'orders.last': { within: `${3 * n} days` } },
        ],
      },
    ]),
    ...[30, 90].map((n): [string, Document['if']] => [
      `no-mail-${n}`,
      { all: [{ 'orders.count': { at_least: 1 } }, { not: event('Newsletter Opened', { within: `${n} days` }) }] },
    ]),
    ['young-or-pro', { any: [{ 'trait.age': { less_than: 25 } }, { 'trait.plan': 'pro' }] }],
    ['unreachable', { all: [{ 'reachable.email': false }, { 'orders.count': { at_least: 1 } }] }],
  ]
  const chosen = all.slice(0, count)
  for (let n = chosen.length; n < count; n++) {
    chosen.push([
      `age-${n}`,
      { all: [{ 'trait.age': { at_least: n % 60 } }, { 'orders.count': { at_least: 1 + (n % 3) } }] },
    ])
  }
  return Object.fromEntries(chosen.map(([key, condition]) => [key, { name: key, if: condition }]))
}

/** Puts documents into force in place of all others, also of traits, as publishing does. */
export async function putInForce(client: Queryable, documents: Readonly<Record<string, Document>>): Promise<void> {
  await client.query(`UPDATE campaigns SET status = 'archived' WHERE kind IN ('segment', 'trait')`)
  const rows = Object.entries(documents).map(([key, document]) => ({
    key,
    document,
    version: contentVersion(document),
  }))
  await client.query(
    `INSERT INTO campaigns (kind, key, version, name, status, document, published_at)
     SELECT 'segment', key, version, key, 'live', document, now()
       FROM jsonb_to_recordset($1) AS given (key text, version text, document jsonb)
     ON CONFLICT (kind, key, version) DO UPDATE SET status = 'live'`,
    [JSON.stringify(rows)],
  )
}
