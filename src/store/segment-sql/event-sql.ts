/** Conditions on events in SQL: single events where they are needed, daily counts where those say the same. */

import type { ValueTest } from '../../domain/condition.ts'
import {
  type EventCondition,
  type EventPick,
  readsSingleEvents,
  sameForAll,
  thresholdsOf,
} from '../../domain/conditions/happening.ts'
import { wholeDays } from '../../domain/conditions/happening-standing.ts'
import { eventKey } from '../../domain/event-key.ts'
import { dayMs } from '../../domain/time.ts'
import { passes } from '../../domain/value-test.ts'
import type { Answer } from './answer.ts'
import type { Desk } from './desk.ts'
import { edgeSql, happeningSql, leavesSql, periodSql, type Rows } from './happening-sql.ts'
import { numericProperty, propertiesPassSql } from './property-sql.ts'
import { passesSql } from './value-test-sql.ts'

export function eventSql(condition: EventCondition, desk: Desk): Answer {
  const constant = sameForAll(condition.test)
  if (constant !== undefined) return desk.constant(constant)
  if (!readsSingleEvents(condition)) return daysSql(condition, desk)
  const { pick, period, test } = condition
  const { table, inScope } = desk.events([pick], period)
  const rows: Rows = {
    sql: `FROM ${table} e WHERE ${pickedEvents(pick, desk)}${inScope}${periodSql('e.occurred_at', period, desk.params)}`,
    customerId: 'e.customer_id',
    at: 'e.occurred_at',
    amount: 'property' in test ? numericProperty(test.property, desk.params) : null,
    onMerge: 'moves',
  }
  return happeningSql(rows, test, period.withinMs, desk)
}

/** Which events of `events e` are meant, as conditions of a WHERE. */
export function pickedEvents({ kind, name, where }: EventPick, desk: Desk): string {
  const named = name === null ? '' : ` AND e.name = ${desk.params.text(name)}`
  const isKind = `e.type = '${kind}'` // One of three words of ours.
  return `${isKind}${named} AND e.customer_id IS NOT NULL${propertiesPassSql(where, desk.params)}`
}

/** Everything about the period is known here, so the rest of this file sees days only. */
function daysSql({ pick, period, test }: EventCondition, desk: Desk): Answer {
  const { params } = desk
  const days = wholeDays(period, params.nowMs)
  const after = days.afterMs === null ? '' : ` AND d.day >= ${params.day(days.afterMs)}`
  const before = days.beforeMs === null ? '' : ` AND d.day < ${params.day(days.beforeMs)}`
  const name = eventKey(pick.kind, pick.name) ?? ''
  const { table, inScope } = desk.days(name, days.afterMs)
  const rows: Rows = {
    sql: `FROM ${table} d WHERE d.name = ${params.text(name)}${after}${before}${inScope}`,
    customerId: 'd.customer_id',
    at: 'd.day',
    amount: null,
    onMerge: 'stays',
  }
  const { withinMs } = period
  const leaves =
    withinMs === null
      ? null
      : (day: string): string => leavesSql(`(${day})::timestamp AT TIME ZONE 'UTC'`, withinMs + dayMs - 1, params)
  switch (test.is) {
    case 'count':
      return dayCountSql(rows, test.test, leaves, desk)
    case 'first':
      return edgeSql(rows, 'min(d.first_at)', leaves && leaves('min(d.day)'), test, desk)
    case 'last':
      return edgeSql(rows, 'max(d.last_at)', leaves && leaves('max(d.day)'), test, desk)
    case 'sum':
    case 'min':
    case 'max':
    case 'average':
      throw new RangeError(`${test.is}: is not known of whole days`)
  }
}

function dayCountSql(rows: Rows, test: ValueTest, leaves: ((day: string) => string) | null, desk: Desk): Answer {
  const { params } = desk
  const withoutRow = passes(test, 0)
  const [lowest = 1, second] = thresholdsOf(test)
  const holds = passesSql(test, { sql: 'sum(d.count)', type: 'numeric' }, params)
  const enough = `${rows.sql} GROUP BY d.customer_id HAVING sum(d.count) >= ${params.number(lowest)}`
  if (leaves === null) {
    return desk.booleanFact(`SELECT d.customer_id ${enough} AND (${holds}) <> ${withoutRow}`, withoutRow, rows.onMerge)
  }
  // Where one is enough, the newest day decides; else the oldest, which is never too late.
  const isOne = lowest === 1 ? (second === undefined ? 'true' : `sum(d.count) < ${params.number(second)}`) : 'false'
  const next = leaves(`CASE WHEN ${isOne} THEN max(d.day) ELSE min(d.day) END`)
  const standing = `CASE WHEN ${holds} THEN ${next} ELSE -${next} END`
  return desk.standingFact(`SELECT d.customer_id, ${standing} AS standing ${enough}`, withoutRow, rows.onMerge)
}
