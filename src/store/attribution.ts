/**
 * Which messages orders came of. Last touch: an order counts for the last message that its customer was sent, opened or
 * followed a link of within the window before it; what machines did touches nobody. And what marketing as a whole brought:
 * customers who got messages beside those of the hold-out, who would have.
 */

import type { Queryable } from './database.ts'

/** What counts as a touch. `open` includes clicks. */
export type Touch = 'sent' | 'open' | 'click'

export interface AttributionQuestion {
  readonly fromMs: number
  readonly toMs: number
  readonly windowMs: number
  readonly touch: Touch
}

export interface AttributedStep {
  readonly journey: string
  readonly step: string
  readonly sent: number
  readonly opened: number
  readonly clicked: number
  /** Opened or followed by machines alone. */
  readonly machines: number
  readonly orders: number
  readonly customers: number
  readonly revenueCents: number
}

/** SQL: the messages of the period, with the moment of their touch; `$3` says which touch counts. */
const touchesSql = `
  SELECT m.id, m.customer_id, m.journey, m.step, coalesce(m.transmitting_at, m.settled_at) AS sent_at,
         min(h.first_at) FILTER (WHERE h.verdict = 'person') AS opened_at,
         min(h.first_at) FILTER (WHERE h.verdict = 'person' AND h.kind = 'click') AS clicked_at,
         count(h.*) FILTER (WHERE h.machines > 0 OR h.verdict = 'machine') > 0
           AND count(h.*) FILTER (WHERE h.verdict = 'person') = 0 AS machines_only
    FROM messages m LEFT JOIN message_hits h ON h.message_id = m.id
   WHERE m.message_class = 'marketing' AND m.status = 'sent'
     AND coalesce(m.transmitting_at, m.settled_at) >= $1 AND coalesce(m.transmitting_at, m.settled_at) < $2
   GROUP BY m.id`

const attributionSql = `
  WITH touched AS MATERIALIZED (${touchesSql}
  ), touch AS MATERIALIZED (
    SELECT *, CASE $3 WHEN 'sent' THEN sent_at WHEN 'click' THEN clicked_at ELSE opened_at END AS at FROM touched
  ), attributed AS (
    SELECT o.id, o.customer_id, o.revenue_cents - o.refunded_cents AS cents, t.journey, t.step
      FROM orders o
      CROSS JOIN LATERAL (
        SELECT t.journey, t.step FROM touch t
         WHERE t.customer_id = o.customer_id AND t.at <= o.ordered_at AND t.at > o.ordered_at - $4::interval
         ORDER BY t.at DESC, t.id DESC LIMIT 1) AS t
     WHERE o.cancelled_at IS NULL AND o.ordered_at >= $1 AND o.ordered_at < $2::timestamptz + $4::interval
  ), won AS (
    SELECT journey, step, count(*)::int AS orders, count(DISTINCT customer_id)::int AS customers, sum(cents)::float8 AS cents
      FROM attributed GROUP BY journey, step
  )
  SELECT s.*, coalesce(w.orders, 0) AS orders, coalesce(w.customers, 0) AS customers,
         coalesce(w.cents, 0) AS "revenueCents"
    FROM (SELECT journey, step, count(*)::int AS sent, count(opened_at)::int AS opened, count(clicked_at)::int AS clicked,
                 count(*) FILTER (WHERE machines_only)::int AS machines
            FROM touched GROUP BY journey, step) AS s
    LEFT JOIN won w USING (journey, step)
   ORDER BY s.journey, s.step`

export async function attributeOrders(
  client: Queryable,
  { fromMs, toMs, windowMs, touch }: AttributionQuestion,
): Promise<AttributedStep[]> {
  const { rows } = await client.query<AttributedStep>(attributionSql, [
    new Date(fromMs),
    new Date(toMs),
    touch,
    `${windowMs} ms`,
  ])
  return rows
}

export interface HoldOutArm {
  readonly customers: number
  /** Who ordered within the window after the first message that they got, or would have got. */
  readonly ordered: number
  readonly revenueCents: number
}

export interface HoldOutArms {
  readonly treated: HoldOutArm
  readonly heldOut: HoldOutArm
}

/**
 * Both arms begin with the first message of the period: the one that was sent, or the one that the hold-out kept back. Who
 * was in both (the share has changed) is in neither.
 */
export async function holdOutArms(
  client: Queryable,
  { fromMs, toMs, windowMs }: Omit<AttributionQuestion, 'touch'>,
): Promise<HoldOutArms> {
  const { rows } = await client.query<HoldOutArm & { arm: 'treated' | 'held-out' }>(
    `WITH exposure AS (
       SELECT customer_id, 'treated' AS arm, coalesce(transmitting_at, settled_at) AS at FROM messages
        WHERE message_class = 'marketing' AND status = 'sent'
          AND coalesce(transmitting_at, settled_at) >= $1 AND coalesce(transmitting_at, settled_at) < $2
       UNION ALL
       SELECT customer_id, 'held-out', decided_at FROM decision_records
        WHERE rule = 'hold-out' AND kind = 'message' AND outcome IN ('refused', 'skipped')
          AND decided_at >= $1 AND decided_at < $2
     ), first AS (
       SELECT customer_id, min(arm) AS arm, min(at) AS at FROM exposure
        GROUP BY customer_id HAVING min(arm) = max(arm)
     ), outcome AS (
       SELECT f.arm, f.customer_id, count(o.id) AS orders, coalesce(sum(o.revenue_cents - o.refunded_cents), 0) AS cents
         FROM first f
         LEFT JOIN orders o ON o.customer_id = f.customer_id AND o.cancelled_at IS NULL
                           AND o.ordered_at >= f.at AND o.ordered_at < f.at + $3::interval
        GROUP BY f.arm, f.customer_id
     )
     SELECT arm, count(*)::int AS customers, count(*) FILTER (WHERE orders > 0)::int AS ordered,
            sum(cents)::float8 AS "revenueCents"
       FROM outcome GROUP BY arm`,
    [new Date(fromMs), new Date(toMs), `${windowMs} ms`],
  )
  const armOf = (name: string): HoldOutArm => {
    const found = rows.find(({ arm }) => arm === name)
    return found === undefined
      ? { customers: 0, ordered: 0, revenueCents: 0 }
      : { customers: found.customers, ordered: found.ordered, revenueCents: found.revenueCents }
  }
  return { treated: armOf('treated'), heldOut: armOf('held-out') }
}
