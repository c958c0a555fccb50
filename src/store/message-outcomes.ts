/**
 * What became of messages: delivered, opened and clicked by people, bought, unsubscribed, cost; beside the decision that
 * caused each, with the scores and model versions of that moment.
 */

import type { EpochMs } from '../domain/time.ts'
import type { Queryable } from './database.ts'

export interface OutcomesWanted {
  readonly sinceMs: EpochMs
  readonly nowMs: EpochMs
  /** For so long after a message a purchase or an unsubscribe is counted as its outcome. */
  readonly withinDays: number
  readonly journey?: string | undefined
}

/** One journey's step, or one offer, and what came of its messages. */
export interface OutcomeSum {
  readonly journey: string
  readonly step: string
  readonly offer: string | null
  readonly sent: number
  readonly delivered: number
  readonly opened: number
  readonly clicked: number
  readonly bought: number
  readonly revenueCents: number
  readonly unsubscribed: number
  readonly couponCostCents: number
}

export interface MessageOutcome extends Omit<OutcomeSum, 'sent' | 'delivered' | 'opened' | 'clicked' | 'unsubscribed'> {
  readonly messageId: string
  readonly customerId: string
  readonly sentAt: Date
  readonly delivered: boolean
  readonly opened: boolean
  readonly clicked: boolean
  readonly unsubscribed: boolean
  /** As the decision saw them. */
  readonly scores: Readonly<Record<string, number>> | null
  /** By kind: the version of the model that was in use then. */
  readonly models: Readonly<Record<string, number>>
}

const outcomes = `
  WITH sent AS (
    SELECT m.*, coalesce(m.settled_at, m.planned_at) AS sent_at
      FROM messages m
     WHERE m.status = 'sent' AND m.message_class = 'marketing' AND coalesce(m.settled_at, m.planned_at) >= $1
       AND ($3::text IS NULL OR m.journey = $3)
  ), told AS (
    SELECT s.id, s.customer_id, s.journey, s.step, s.version, s.entry_number, s.planned_at, s.sent_at, c.offer,
           s.delivered_at IS NOT NULL AS delivered,
           coalesce(bool_or(r.kind IN ('open', 'click') AND r.verdict = 'person'), false) AS opened,
           coalesce(bool_or(r.kind = 'click' AND r.verdict = 'person'), false) AS clicked,
           coalesce(max(c.cost_cents) FILTER (WHERE c.status = 'redeemed'), 0)::float8 AS coupon_cost
      FROM sent s
      LEFT JOIN message_hits r ON r.message_id = s.id
      LEFT JOIN coupons c ON c.id = s.coupon_id
     GROUP BY s.id, s.customer_id, s.journey, s.step, s.version, s.entry_number, s.planned_at, s.sent_at, c.offer,
              s.delivered_at
  ), outcome AS (
    SELECT t.*, o.revenue IS NOT NULL AS bought, coalesce(o.revenue, 0)::float8 AS revenue,
           EXISTS (SELECT FROM consents w WHERE w.customer_id = t.customer_id AND w.status = 'withdrawn'
                      AND w.given_at >= t.sent_at AND w.given_at < t.sent_at + make_interval(days => $2)) AS unsubscribed
      FROM told t
      LEFT JOIN LATERAL (
        SELECT sum(revenue_cents - refunded_cents) AS revenue FROM orders o
         WHERE o.customer_id = t.customer_id AND o.cancelled_at IS NULL AND o.ordered_at >= t.sent_at
           AND o.ordered_at < t.sent_at + make_interval(days => $2)) AS o ON true
  )`

/** By step and offer, what came of all messages of a stretch of time. */
export async function outcomeSums(db: Queryable, wanted: OutcomesWanted): Promise<OutcomeSum[]> {
  const { rows } = await db.query<OutcomeSum>(
    `${outcomes}
     SELECT journey, step, offer, count(*)::int AS sent, count(*) FILTER (WHERE delivered)::int AS delivered,
            count(*) FILTER (WHERE opened)::int AS opened, count(*) FILTER (WHERE clicked)::int AS clicked,
            count(*) FILTER (WHERE bought)::int AS bought, sum(revenue)::float8 AS "revenueCents",
            count(*) FILTER (WHERE unsubscribed)::int AS unsubscribed, sum(coupon_cost)::float8 AS "couponCostCents"
       FROM outcome GROUP BY 1, 2, 3 ORDER BY sent DESC, 1, 2`,
    values(wanted),
  )
  return rows
}

/** Message by message, the newest first, with what the decision saw. */
export async function messageOutcomes(db: Queryable, wanted: OutcomesWanted, limit: number): Promise<MessageOutcome[]> {
  const { rows } = await db.query<MessageOutcome>(
    `${outcomes}, latest AS (SELECT * FROM outcome ORDER BY sent_at DESC, id LIMIT $4)
     SELECT l.id AS "messageId", l.customer_id AS "customerId", l.journey, l.step, l.offer, l.sent_at AS "sentAt",
            l.delivered, l.opened, l.clicked, l.bought, l.revenue AS "revenueCents", l.unsubscribed,
            l.coupon_cost AS "couponCostCents", d.scores,
            coalesce((SELECT json_object_agg(kind, version) FROM (
              SELECT DISTINCT ON (u.kind) u.kind, m.version FROM model_uses u JOIN models m ON m.id = u.model_id
               WHERE u.since <= l.planned_at ORDER BY u.kind, u.id DESC) AS used), '{}') AS models
       FROM latest l
       LEFT JOIN LATERAL (
         SELECT scores FROM decision_records d
          WHERE d.customer_id = l.customer_id AND d.journey = l.journey AND d.entry_number = l.entry_number
            AND d.step = l.step AND d.decided_at <= l.planned_at + interval '1 second'
          ORDER BY d.decided_at DESC, d.id DESC LIMIT 1) AS d ON true
      ORDER BY l.sent_at DESC, l.id`,
    [...values(wanted), limit],
  )
  return rows
}

/** One side of a comparison that chance has made. */
export interface Arm {
  readonly customers: number
  readonly buyers: number
  readonly revenueCents: number
  readonly revenueSquares: number
}

/** What a journey, or an experiment in it, has done beside those who were held out of it. */
export interface HoldOutRow {
  readonly journey: string
  /** `journey/step` of an experiment, or null: against those held out from all marketing. */
  readonly experiment: string | null
  readonly variant: string | null
  readonly heldOut: boolean
  readonly arm: Arm
}

const arm = `count(*)::int AS customers, count(*) FILTER (WHERE revenue IS NOT NULL)::int AS buyers,
            coalesce(sum(revenue), 0)::float8 AS "revenueCents", coalesce(sum(revenue * revenue), 0)::float8 AS "revenueSquares"`

const boughtAfter = (moment: string): string => `LEFT JOIN LATERAL (
        SELECT sum(revenue_cents - refunded_cents)::float8 AS revenue FROM orders o
         WHERE o.customer_id = a.customer_id AND o.cancelled_at IS NULL AND o.ordered_at >= ${moment}
           AND o.ordered_at < ${moment} + make_interval(days => $2)) AS o ON true`

/**
 * Those whose days to react are over. Everybody counts on the side to which chance put them, whatever they got: that is
 * what makes the sides comparable.
 */
export async function holdOutRows(
  db: Queryable,
  { sinceMs, nowMs, withinDays }: OutcomesWanted,
): Promise<HoldOutRow[]> {
  interface Row extends Arm {
    readonly journey: string
    readonly experiment: string | null
    readonly variant: string | null
    readonly heldOut: boolean
  }
  const { rows } = await db.query<Row>(
    `SELECT split_part(a.experiment, '/', 1) AS journey, a.experiment, a.variant, false AS "heldOut", ${arm}
       FROM experiment_assignments a ${boughtAfter('a.assigned_at')}
      WHERE a.assigned_at >= $1 AND a.assigned_at < $3::timestamptz - make_interval(days => $2)
      GROUP BY 1, 2, 3
     UNION ALL
     SELECT a.journey, NULL, NULL, a.held, ${arm}
       FROM (SELECT customer_id, journey, min(decided_at) AS at, bool_or(rule = 'hold-out') AS held
               FROM decision_records
              WHERE kind = 'message' AND journey IS NOT NULL AND decided_at >= $1
                AND rule IN ('hold-out', 'planned')
              GROUP BY 1, 2) AS a ${boughtAfter('a.at')}
      WHERE a.at < $3::timestamptz - make_interval(days => $2)
      GROUP BY 1, 4
      ORDER BY 1, 2, 3`,
    [new Date(sinceMs), withinDays, new Date(nowMs)],
  )
  return rows.map(({ journey, experiment, variant, heldOut, ...sums }) => ({
    journey,
    experiment,
    variant,
    heldOut,
    arm: sums,
  }))
}

function values({ sinceMs, withinDays, journey }: OutcomesWanted): unknown[] {
  return [new Date(sinceMs), withinDays, journey ?? null]
}
