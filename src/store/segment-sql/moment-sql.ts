/** Conditions on how long ago a moment of the customer's row was. */

import type { MomentFact, MomentTest } from '../../domain/condition.ts'
import { type Answer, standingAnswer } from './answer.ts'
import type { SqlParams } from './sql-params.ts'

const columns: Readonly<Record<MomentFact, string>> = {
  'orders.first': 'c.first_order_at',
  'orders.last': 'c.last_order_at',
  'seen.first': 'c.first_seen_at',
  'seen.last': 'c.last_seen_at',
  'stage.since': 'c.stage_since',
}

export function momentSql(fact: MomentFact, test: MomentTest, params: SqlParams): Answer {
  const column = columns[fact]
  return standingAnswer(momentStandingSql(column, test, params), momentPossibleSql(column, test, params))
}

/** @see src/domain/standing.ts `within` and `longerAgo` */
export function momentStandingSql(moment: string, { is, lengthMs }: MomentTest, params: SqlParams): string {
  const isRecent = `${moment} >= ${params.moment(params.nowMs - lengthMs)}`
  const flip = `date_part('epoch', ${moment}) + ${params.seconds(lengthMs + 1)}`
  return is === 'within'
    ? `CASE WHEN ${isRecent} THEN ${flip} ELSE '-Infinity'::float8 END`
    : `CASE WHEN ${moment} IS NULL THEN '-Infinity'::float8 WHEN ${isRecent} THEN -(${flip}) ELSE 'Infinity'::float8 END`
}

function momentPossibleSql(moment: string, { is, lengthMs }: MomentTest, params: SqlParams): string {
  return is === 'within' ? `${moment} >= ${params.moment(params.nowMs - lengthMs)}` : `${moment} IS NOT NULL`
}
