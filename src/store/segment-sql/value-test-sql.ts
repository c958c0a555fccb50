/** Tests of a single value in SQL. Says the same as `passes` of src/domain/value-test.ts; never NULL. */

import type { ValueTest } from '../../domain/condition.ts'
import type { SqlParams } from './sql-params.ts'

/** An expression for the value, NULL where nothing is known, and the type that it has. */
export interface SqlValue {
  readonly sql: string
  readonly type: 'jsonb' | 'text' | 'boolean' | 'numeric' | 'float8'
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
  for (const [operator, bound] of [
    ['>=', test.atLeast],
    ['<=', test.atMost],
    ['>', test.moreThan],
    ['<', test.lessThan],
  ] as const) {
    if (bound !== undefined) parts.push(compares(value, operator, bound, params))
  }
  return parts.map((part) => `(${part})`).join(' AND ')
}

/** A profile may hold what no condition reads: mappings, and lists of other things than texts. */
const isPlain = (sql: string): string => `CASE jsonb_typeof(${sql}) WHEN 'object' THEN false
  WHEN 'array' THEN NOT jsonb_path_exists(${sql}, 'strict $[*] ? (@.type() != "string")') ELSE true END`

function isKnown({ sql, type }: SqlValue): string {
  return type === 'jsonb' ? `${sql} IS NOT NULL AND ${isPlain(sql)}` : `${sql} IS NOT NULL`
}

function isOneOf(list: readonly Scalar[], { sql, type }: SqlValue, params: SqlParams): string {
  const [only, ...others] = list
  if (type === 'jsonb' && only !== undefined && others.length === 0) return `(${sql} = ${params.json(only)}) IS TRUE`
  if (type === 'jsonb') return `(${sql} = ANY (${params.jsons(list)})) IS TRUE`
  // A value of another type is never equal, and PostgreSQL would not even compare it.
  const wanted = list.filter((item) => typeof item === jsType(type))
  return wanted.length === 0
    ? 'false'
    : `(${wanted.map((item) => `${sql} = ${scalar(item, type, params)}`).join(' OR ')}) IS TRUE`
}

function jsType(type: Exclude<SqlValue['type'], 'jsonb'>): string {
  if (type === 'text') return 'string'
  return type === 'boolean' ? 'boolean' : 'number'
}

function scalar(item: Scalar, type: Exclude<SqlValue['type'], 'jsonb'>, params: SqlParams): string {
  return type === 'numeric' ? params.number(item as number) : params.add(item, type)
}

function contains(part: string, { sql, type }: SqlValue, params: SqlParams): string {
  if (type === 'text') return `(strpos(${sql}, ${params.text(part)}) > 0) IS TRUE`
  if (type !== 'jsonb') return 'false'
  return `(CASE jsonb_typeof(${sql}) WHEN 'string' THEN strpos(${sql} #>> '{}', ${params.text(part)}) > 0
    WHEN 'array' THEN ${sql} ? ${params.text(part)} AND ${isPlain(sql)} END) IS TRUE`
}

function compares({ sql, type }: SqlValue, operator: string, bound: number, params: SqlParams): string {
  switch (type) {
    case 'jsonb':
      return `(jsonb_typeof(${sql}) = 'number' AND ${sql} ${operator} ${params.json(bound)}) IS TRUE`
    case 'numeric':
      return `(${sql} ${operator} ${params.number(bound)}) IS TRUE`
    case 'float8':
      return `(${sql} ${operator} ${params.add(bound, 'float8')}) IS TRUE`
    case 'text':
    case 'boolean':
      return 'false'
  }
}
