/** What happened over and over, in SQL: rows of a period, grouped by customer, tested once a group. */

import type { MomentTest, ValueTest } from '../../domain/condition.ts'
import { exactPasses } from '../../domain/conditions/exact-test.ts'
import {
  earliestOf,
  failsForGood,
  type HappeningTest,
  type Period,
  thresholdsOf,
} from '../../domain/conditions/happening.ts'
import { passes } from '../../domain/value-test.ts'
import type { Answer } from './answer.ts'
import type { Desk, OnMerge } from './desk.ts'
import { momentStandingSql } from './moment-sql.ts'
import type { SqlParams } from './sql-params.ts'
import { passesSql } from './value-test-sql.ts'

/** The rows that a condition is about. All names are expressions over them. */
export interface Rows {
  /** From FROM to the end of WHERE: one row for each that counts. */
  readonly sql: string
  readonly customerId: string
  readonly at: string
  /** Numeric, NULL where a row has none. */
  readonly amount: string | null
  /** Whether the rows move when customers are merged. */
  readonly onMerge: OnMerge
}

/** For rows one by one; not of what is the same for all. */
export function happeningSql(rows: Rows, test: HappeningTest, withinMs: number | null, desk: Desk): Answer {
  const leaves = (at: string): string => leavesSql(at, withinMs, desk.params)
  switch (test.is) {
    case 'count':
      return countSql(rows, test.test, withinMs, desk)
    case 'first':
    case 'last': {
      const moment = `${test.is === 'first' ? 'min' : 'max'}(${rows.at})`
      return edgeSql(rows, moment, withinMs === null ? null : leaves(moment), test, desk)
    }
    case 'sum':
    case 'min':
    case 'max':
    case 'average':
      return amountSql(rows, test.is, test.test, withinMs, desk)
  }
}

/** In seconds, when a row falls out of the period. */
export function leavesSql(at: string, withinMs: number | null, params: SqlParams): string {
  return `(date_part('epoch', ${at}) + ${params.seconds((withinMs ?? 0) + 1)})`
}

function countSql(rows: Rows, test: ValueTest, withinMs: number | null, desk: Desk): Answer {
  const withoutRow = passes(test, 0)
  const thresholds = thresholdsOf(test)
  const [lowest = 1] = thresholds
  // Below the lowest threshold the answer is that of no row at all; above the only one it is the opposite.
  const enough = `count(*) >= ${desk.params.add(lowest, 'int')}`
  const isOnly = thresholds.length === 1
  const holds = isOnly ? String(!withoutRow) : passesSql(test, { sql: 'count(*)', type: 'numeric' }, desk.params)
  if (withinMs === null) {
    const having = isOnly ? enough : `${enough} AND (${holds}) <> ${withoutRow}`
    return desk.booleanFact(grouped(rows, having), withoutRow, rows.onMerge)
  }
  const flip = leavesSql(nextToLeave(rows.at, thresholds, desk), withinMs, desk.params)
  return desk.standingFact(grouped(rows, enough, signed(holds, flip)), withoutRow, rows.onMerge)
}

/**
 * The row with which the count falls below the threshold that it has reached. Exact for given customers. For everybody
 * that would sort all their rows, so it is the oldest row, which is never too late: when it leaves, whoever is concerned
 * is looked at again, and exactly.
 */
function nextToLeave(at: string, thresholds: readonly number[], desk: Desk): string {
  if (thresholds.length === 1 && thresholds[0] === 1) return `max(${at})`
  if ('all' in desk.scope) return `min(${at})`
  const descending = [...thresholds].reverse()
  const reached = descending.map((count) => {
    const number = desk.params.add(count, 'int')
    return `WHEN count(*) >= ${number} THEN ${number}`
  })
  return `(array_agg(${at} ORDER BY ${at} DESC))[CASE ${reached.join(' ')} END]`
}

function amountSql(
  rows: Rows,
  is: 'sum' | 'min' | 'max' | 'average',
  test: ValueTest,
  withinMs: number | null,
  desk: Desk,
): Answer {
  const amount = rows.amount ?? 'NULL::numeric'
  const withoutRow = is === 'sum' ? exactPasses(test, { units: 0n, scale: 0 }) : passes(test, undefined)
  const counting = { ...rows, sql: `${rows.sql} AND ${amount} IS NOT NULL` }
  const holds = amountPassesSql(is, test, amount, desk.params)
  if (withinMs === null) {
    return desk.booleanFact(grouped(counting, `(${holds}) <> ${withoutRow}`), withoutRow, rows.onMerge)
  }
  const flip = leavesSql(`min(${rows.at})`, withinMs, desk.params)
  const forGood = forGoodSql(is, test, amount)
  const standing = `CASE WHEN ${holds} THEN ${flip} WHEN ${forGood} THEN '-Infinity'::float8 ELSE -${flip} END`
  const having = withoutRow ? 'true' : `(${holds}) OR NOT (${forGood})`
  return desk.standingFact(grouped(counting, having, standing), withoutRow, rows.onMerge)
}

function forGoodSql(is: 'sum' | 'min' | 'max' | 'average', test: ValueTest, amount: string): string {
  if (failsForGood(is, test, true)) return 'true'
  return failsForGood(is, test, false) ? `min(${amount}) >= 0` : 'false'
}

/** @see src/domain/conditions/exact-test.ts */
function amountPassesSql(
  is: 'sum' | 'min' | 'max' | 'average',
  test: ValueTest,
  amount: string,
  params: SqlParams,
): string {
  const aggregate = is === 'average' ? 'sum' : is
  const value = { sql: `${aggregate}(${amount})`, type: 'numeric' } as const
  return passesSql(test, is === 'average' ? { ...value, times: 'count(*)' } : value, params)
}

/** @param leaves when that row falls out of the period; null: never. */
export function edgeSql(
  rows: Rows,
  moment: string,
  leaves: string | null,
  { is, test }: { readonly is: 'first' | 'last'; readonly test: MomentTest },
  desk: Desk,
): Answer {
  const own = momentStandingSql(moment, test, desk.params)
  const isPossible =
    test.is === 'within' ? `${moment} >= ${desk.params.moment(desk.params.nowMs - test.lengthMs)}` : 'true'
  if (leaves === null) return desk.standingFact(grouped(rows, isPossible, own), false, rows.onMerge)
  // The first one that leaves is followed by another, so even "never" may end then. The last one is not.
  const having = is === 'first' ? 'true' : isPossible
  const standing = `sign(${own}) * least(abs(${own}), ${leaves})`
  return desk.standingFact(grouped(rows, having, standing), false, rows.onMerge)
}

function signed(holds: string, flip: string): string {
  return `CASE WHEN ${holds} THEN ${flip} ELSE -${flip} END`
}

function grouped({ sql, customerId }: Rows, having: string, standing?: string): string {
  const columns = `${customerId} AS customer_id${standing === undefined ? '' : `, ${standing} AS standing`}`
  return `SELECT ${columns} ${sql} GROUP BY ${customerId} HAVING ${having}`
}

/** The bounds of a period, joined to a WHERE. */
export function periodSql(at: string, period: Period, params: SqlParams): string {
  const { beforeMs } = period
  const from = earliestOf(period, params.nowMs)
  const start = from === -Infinity ? '' : ` AND ${at} >= ${params.moment(from)}`
  return beforeMs === null ? start : `${start} AND ${at} < ${params.moment(beforeMs)}`
}
