/**
 * One event after the other, in SQL: each step is one pass over the same sorted rows, however many events there are.
 *
 * A row that is a step of a way knows when the way began, `started_…`. For the row of a later step the way before it is the
 * latest one; a later way never began earlier, so its beginning is the greatest among the rows before.
 */

import type { SequenceCondition } from '../../domain/conditions/happening.ts'
import type { Answer } from './answer.ts'
import type { Desk } from './desk.ts'
import { pickedEvents } from './event-sql.ts'
import { leavesSql, periodSql } from './happening-sql.ts'

export function sequenceSql({ steps, gapMs, period }: SequenceCondition, desk: Desk): Answer {
  const { params } = desk
  const { table, inScope } = desk.events(steps, period)
  const isStep = steps.map((step) => pickedEvents(step, desk))
  const inPeriod = periodSql('e.occurred_at', period, params)
  let sql = `SELECT e.customer_id, e.occurred_at AS at, ${isStep.map((is, i) => `(${is}) AS is_${i}`).join(', ')}
    FROM ${table} e WHERE (${isStep.map((is) => `(${is})`).join(' OR ')})${inScope}${inPeriod}`
  sql = `SELECT *, CASE WHEN is_0 THEN at END AS started_0 FROM (${sql}) AS steps`
  for (let i = 1; i < steps.length; i++) {
    const before = `FILTER (WHERE started_${i - 1} IS NOT NULL) OVER earlier`
    const inTime = gapMs === null ? '' : ` AND at <= max(at) ${before} + ${params.length(gapMs)}`
    sql = `SELECT *, CASE WHEN is_${i}${inTime} THEN max(started_${i - 1}) OVER earlier END AS started_${i}
      FROM (${sql}) AS way_${i}
      WINDOW earlier AS (PARTITION BY customer_id ORDER BY at GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)`
  }
  const last = `max(started_${steps.length - 1})`
  const rows = `SELECT customer_id, ${leavesSql(last, period.withinMs, params)} AS standing
    FROM (${sql}) AS ways GROUP BY customer_id HAVING ${last} IS NOT NULL`
  return desk.standingFact(rows, false, 'moves')
}
