/** Traits computed by rule, as one SQL statement for a set of customers. Says the same as src/domain/computed-trait.ts. */

import { type ComputedTrait, mostUnique } from '../../domain/computed-trait.ts'
import { dayMs } from '../../domain/time.ts'
import { Desk, type Scope } from './desk.ts'
import { pickedEvents } from './event-sql.ts'
import { leavesSql, periodSql } from './happening-sql.ts'
import { propertyAt } from './property-sql.ts'
import type { SqlParams } from './sql-params.ts'

/**
 * A SELECT of `customer_id` (uuid), `value` (jsonb) and `changes_at` (timestamptz: the earliest moment at which the value
 * may change without news) as of `params.nowMs`, for those who have a value; nobody else has a row.
 *
 * The text holds nothing of the document, only `$n`.
 */
export function compileComputedTrait(trait: ComputedTrait, params: SqlParams, scope: Scope): string {
  const desk = new Desk(params, scope)
  const period = { withinMs: trait.withinMs, afterMs: null, beforeMs: null }
  const value = trait.property === null ? 'NULL::jsonb' : propertyAt(trait.property, params)
  const { table, inScope } = desk.events([trait.pick], period)
  const rows = `SELECT e.customer_id, e.occurred_at AS at, ${value} AS v
    FROM ${table} e WHERE ${pickedEvents(trait.pick, desk)}${inScope}${periodSql('e.occurred_at', period, params)}`
  const leaves = `to_timestamp(${leavesSql('min(at)', trait.withinMs, params)})`
  const grouped = (expression: string, from: string): string =>
    `SELECT customer_id, ${expression} AS value, ${leaves} AS changes_at FROM (${from}) AS found GROUP BY customer_id`
  const plain = (types: string): string => `SELECT * FROM (${rows}) AS told WHERE jsonb_typeof(v) IN (${types})`
  const scalars = plain(`'string', 'number', 'boolean'`)
  switch (trait.compute) {
    case 'count':
      return grouped('to_jsonb(count(*))', rows)
    case 'days_since':
      return daysSince(rows, trait.withinMs, params)
    case 'sum':
      return grouped('to_jsonb(sum(v::numeric)::float8)', plain(`'number'`))
    case 'first':
      return grouped(`(array_agg(v ORDER BY at, ${byText}))[1]`, scalars)
    case 'last':
      return grouped(`(array_agg(v ORDER BY at DESC, ${byText}))[1]`, scalars)
    case 'most_frequent':
      return grouped(`(array_agg(v ORDER BY times DESC, ${byText}))[1]`, different(scalars))
    case 'unique':
      return grouped(`to_jsonb((array_agg(v ORDER BY ${byText}))[1:${mostUnique}])`, different(scalars))
  }
}

/** In the order of the bytes, whatever the database's language. */
const byText = 'v::text COLLATE "C"'

/** Each value once, with how often it came and when first. */
function different(rows: string): string {
  return `SELECT customer_id, v, count(*) AS times, min(at) AS at FROM (${rows}) AS each GROUP BY customer_id, v`
}

function daysSince(rows: string, withinMs: number, params: SqlParams): string {
  const day = params.seconds(dayMs)
  const last = `date_part('epoch', max(at))`
  const days = `greatest(0, floor(extract(epoch FROM ${params.moment(params.nowMs)} - max(at)) / ${params.number(dayMs / 1_000)}))`
  const next = `to_timestamp(least(${last} + (${days} + 1)::float8 * ${day}, ${leavesSql('max(at)', withinMs, params)}))`
  return `SELECT customer_id, to_jsonb(${days}::int) AS value, ${next} AS changes_at
    FROM (${rows}) AS found GROUP BY customer_id`
}
