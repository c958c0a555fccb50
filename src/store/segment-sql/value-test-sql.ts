/** Tests of a single value in SQL. Says the same as `passes` of src/domain/value-test.ts; never NULL. */

import type { ValueTest } from '../../domain/condition.ts'
import { parsePattern, patternForPostgres } from '../../domain/conditions/pattern.ts'
import { instantForm } from '../../domain/instant.ts'
import type { SqlParams } from './sql-params.ts'

/** An expression for the value, NULL where nothing is known, and the type that it has. */
export interface SqlValue {
  readonly sql: string
  readonly type: 'jsonb' | 'text' | 'boolean' | 'numeric' | 'float8'
  /** Of JSON, the same without a care for JSON's null: for tests that null never passes, which are cheaper so. */
  readonly withNull?: string
  /** A trait: mappings, and lists of other things than texts, are kept but count as not known. */
  readonly isTrait?: true
  /** Of an average: the value is the sum, and bounds are multiplied by this count. Nothing is divided, so it is exact. */
  readonly times?: string
}

type Scalar = string | number | boolean

/** All tests that are given, joined by AND. */
export function passesSql(test: ValueTest, value: SqlValue, params: SqlParams): string {
  const parts: string[] = []
  if (test.exists !== undefined) parts.push(test.exists ? isKnown(value) : `NOT (${isKnown(value)})`)
  if (test.equals !== undefined) parts.push(isOneOf([test.equals as Scalar], value, params))
  if (test.notEquals !== undefined) parts.push(`NOT (${isOneOf([test.notEquals as Scalar], value, params)})`)
  if (test.in !== undefined) parts.push(isOneOf(test.in as readonly Scalar[], value, params))
  if (test.notIn !== undefined) parts.push(`NOT (${isOneOf(test.notIn as readonly Scalar[], value, params)})`)
  if (test.contains !== undefined) parts.push(contains(test.contains, value, params))
  parts.push(...textTests(test, value, params), ...dateTests(test, value, params))
  for (const [operator, bound] of [
    ['>=', test.atLeast],
    ['<=', test.atMost],
    ['>', test.moreThan],
    ['<', test.lessThan],
  ] as const) {
    if (bound !== undefined) parts.push(compares(value, operator, bound, params))
  }
  return parts.length === 0 ? 'true' : parts.map((part) => `(${part})`).join(' AND ')
}

const isPlain = (sql: string): string => `CASE jsonb_typeof(${sql}) WHEN 'object' THEN false
  WHEN 'array' THEN NOT jsonb_path_exists(${sql}, 'strict $[*] ? (@.type() != "string")') ELSE true END`

function isKnown({ sql, isTrait }: SqlValue): string {
  return isTrait ? `${sql} IS NOT NULL AND ${isPlain(sql)}` : `${sql} IS NOT NULL`
}

function isOneOf(list: readonly Scalar[], value: SqlValue, params: SqlParams): string {
  const { sql, type, times } = value
  if (type === 'jsonb') {
    const { withNull = sql } = value
    const [only, ...others] = list
    if (only !== undefined && others.length === 0) return `(${withNull} = ${params.json(only)}) IS TRUE`
    return `(${withNull} = ANY (${params.jsons(list)})) IS TRUE`
  }
  // A value of another type is never equal, and PostgreSQL would not even compare it.
  const wanted = list.filter((item) => typeof item === jsType(type))
  return wanted.length === 0
    ? 'false'
    : `(${wanted.map((item) => `${sql} = ${scalar(item, type, params)}${multiplied(times)}`).join(' OR ')}) IS TRUE`
}

function jsType(type: Exclude<SqlValue['type'], 'jsonb'>): string {
  if (type === 'text') return 'string'
  return type === 'boolean' ? 'boolean' : 'number'
}

function scalar(item: Scalar, type: Exclude<SqlValue['type'], 'jsonb'>, params: SqlParams): string {
  return type === 'numeric' ? params.number(item as number) : params.add(item, type)
}

function multiplied(times: string | undefined): string {
  return times === undefined ? '' : ` * ${times}`
}

function contains(part: string, { sql, type, isTrait }: SqlValue, params: SqlParams): string {
  if (type === 'text') return `(strpos(${sql}, ${params.text(part)}) > 0) IS TRUE`
  if (type !== 'jsonb') return 'false'
  return `(CASE jsonb_typeof(${sql}) WHEN 'string' THEN strpos(${sql} #>> '{}', ${params.text(part)}) > 0
    WHEN 'array' THEN ${sql} ? ${params.text(part)}${isTrait ? ` AND ${isPlain(sql)}` : ''} END) IS TRUE`
}

function textOf({ sql, type }: SqlValue): string {
  return type === 'jsonb' ? `CASE jsonb_typeof(${sql}) WHEN 'string' THEN ${sql} #>> '{}' END` : sql
}

function textTests({ startsWith, endsWith, matches }: ValueTest, value: SqlValue, params: SqlParams): string[] {
  const parts: string[] = []
  const text = `(${textOf(value)})`
  if (startsWith !== undefined) parts.push(`starts_with(${text}, ${params.text(startsWith)})`)
  if (endsWith !== undefined)
    parts.push(`right(${text}, ${params.add(Array.from(endsWith).length, 'int')}) = ${params.text(endsWith)}`)
  if (matches !== undefined) parts.push(`${text} ~ ${params.text(patternForPostgres(parsePattern(matches)))}`)
  const isText = value.type === 'jsonb' || value.type === 'text'
  return parts.map((part) => (isText ? `(${part}) IS TRUE` : 'false'))
}

/** Bounds of the calendar; for those that move with now see `valueStandingSql`. */
function dateTests({ after, before }: ValueTest, value: SqlValue, params: SqlParams): string[] {
  if (after === undefined && before === undefined) return []
  const date = dateOf(value)
  const parts = [`${date} IS NOT NULL`]
  if (after !== undefined && 'atMs' in after) parts.push(`(${date} >= ${params.moment(after.atMs)}) IS TRUE`)
  if (before !== undefined && 'atMs' in before) parts.push(`(${date} < ${params.moment(before.atMs)}) IS TRUE`)
  return parts
}

/** @see src/domain/instant.ts */
function dateOf(value: SqlValue): string {
  if (value.type !== 'jsonb' && value.type !== 'text') return 'NULL::timestamptz'
  const text = `(${textOf(value)})`
  const zone = `CASE WHEN length(${text}) = 10 THEN 'T00:00Z' WHEN ${text} ~ '(Z|[+-][0-9]{2}:[0-9]{2})$' THEN '' ELSE 'Z' END`
  return `(CASE WHEN ${text} ~ '${instantForm}' AND pg_input_is_valid(left(${text}, 10), 'date')
    THEN date_trunc('milliseconds', (${text} || ${zone})::timestamptz) END)`
}

/**
 * The tests of a value as a standing, where a bound moves along with now; undefined where none does.
 *
 * @see src/domain/value-test.ts `valueStanding`
 */
export function valueStandingSql(test: ValueTest, value: SqlValue, params: SqlParams): string | undefined {
  const date = dateOf(value)
  const parts: string[] = []
  for (const [name, bound] of [
    ['after', test.after],
    ['before', test.before],
  ] as const) {
    if (bound === undefined || !('fromNowMs' in bound)) continue
    const isReached = `${date} < ${params.moment(params.nowMs + bound.fromNowMs)}`
    const reached = `(date_part('epoch', ${date}) + ${params.seconds(1 - bound.fromNowMs)})`
    parts.push(
      name === 'after'
        ? `CASE WHEN ${isReached} THEN '-Infinity'::float8 ELSE ${reached} END`
        : `CASE WHEN ${isReached} THEN 'Infinity'::float8 ELSE -${reached} END`,
    )
  }
  if (parts.length === 0) return undefined
  // The tests without time include that there is a date at all.
  return `CASE WHEN ${passesSql(test, value, params)} THEN least(${parts.join(', ')}) ELSE '-Infinity'::float8 END`
}

function compares(value: SqlValue, operator: string, bound: number, params: SqlParams): string {
  const { sql, type, times, withNull = sql } = value
  switch (type) {
    case 'jsonb':
      return `(${withNull} ${operator} ${params.json(bound)} AND jsonb_typeof(${withNull}) = 'number') IS TRUE`
    case 'numeric':
      return `(${sql} ${operator} ${params.number(bound)}${multiplied(times)}) IS TRUE`
    case 'float8':
      return `(${sql} ${operator} ${params.add(bound, 'float8')}) IS TRUE`
    case 'text':
    case 'boolean':
      return 'false'
  }
}
