/**
 * A segment as one SQL statement for a set of customers.
 *
 * Facts of the customer's own row are expressions. Facts of other tables (events, orders, consent, …) are small derived
 * tables, grouped by customer and holding only those for whom they make a difference, joined once each: the cost is
 * that of reading the fact's rows once, never a query a customer.
 */

import type { Condition } from '../../domain/condition.ts'
import { type Answer, allAnswer, anyAnswer, notAnswer } from './answer.ts'
import { Desk, type GivenCustomers, type Scope } from './desk.ts'
import { eventSql } from './event-sql.ts'
import { listSql } from './list-sql.ts'
import { momentSql } from './moment-sql.ts'
import { orderSql } from './order-sql.ts'
import { sequenceSql } from './sequence-sql.ts'
import type { SqlParams } from './sql-params.ts'
import { valueSql } from './value-sql.ts'

/**
 * A SELECT of `customer_id` (uuid), `holds` (boolean) and `flips_at` (timestamptz: the earliest moment at which the answer
 * may change without news, or NULL) as of `params.nowMs`. Every customer has at most one row.
 *
 * For customers given by id, each of them has a row, except who is unknown, merged into another one or about to be
 * erased. For all customers, whoever is not in the segment and cannot come into it without news has none.
 *
 * The text holds nothing of the document, only `$n`. Several segments may share the `params` of one statement.
 */
export function compileSegment(condition: Condition, params: SqlParams, scope: Scope): string {
  const desk = new Desk(params, scope)
  const answer = compile(condition, desk)
  const source = 'all' in scope ? fromAll(answer, desk) : fromGiven(scope, desk)
  if (answer.type === 'boolean') {
    const holds = 'all' in scope ? 'true' : `(${answer.sql})` // Of all customers only those of whom it holds have a row.
    return `SELECT ${source.id} AS customer_id, ${holds} AS holds, NULL::timestamptz AS flips_at ${source.sql}`
  }
  return `SELECT customer_id, standing > 0 AS holds, to_timestamp(nullif(abs(standing), 'Infinity')) AS flips_at
    FROM (SELECT ${source.id} AS customer_id, ${answer.sql} AS standing ${source.sql}) AS answered`
}

function compile(condition: Condition, desk: Desk): Answer {
  switch (condition.type) {
    case 'all':
      return allAnswer(condition.of.map((each) => compile(each, desk)))
    case 'any':
      return anyAnswer(condition.of.map((each) => compile(each, desk)))
    case 'not':
      return notAnswer(compile(condition.of, desk))
    case 'value':
      return valueSql(condition.fact, condition.test, desk)
    case 'moment':
      return momentSql(condition.fact, condition.test, desk.params)
    case 'listed':
      return listSql(condition.list, condition.keys, desk)
    case 'event':
      return eventSql(condition, desk)
    case 'order':
      return orderSql(condition, desk)
    case 'sequence':
      return sequenceSql(condition, desk)
  }
}

interface Source {
  /** The expression for the customer's id. */
  readonly id: string
  /** From FROM on. */
  readonly sql: string
}

const isCustomer = 'c.merged_into IS NULL AND c.erasing_at IS NULL'

function fromGiven({ customerIds, shared }: GivenCustomers, { tables }: Desk): Source {
  const joins = tables.map(({ alias, sql }) => `LEFT JOIN (${sql}) AS ${alias} ON ${alias}.customer_id = c.id`)
  const inPage = `c.id IN (SELECT unnest(${customerIds}))` // The planner is to know how many.
  if (shared !== undefined) return { id: 'c.id', sql: `FROM ${shared.customers} c ${joins.join(' ')}` }
  return { id: 'c.id', sql: `FROM customers c ${joins.join(' ')} WHERE ${inPage} AND ${isCustomer}` }
}

/** From the fewest rows that may hold a member: the tables of rare facts where there are such, else all customers. */
function fromAll({ cover, possible, readsCustomer }: Answer, { tables }: Desk): Source {
  if (cover === null) {
    const joins = tables.map(({ alias, sql }) => `LEFT JOIN (${sql}) AS ${alias} ON ${alias}.customer_id = c.id`)
    return { id: 'c.id', sql: `FROM customers c ${joins.join(' ')} WHERE ${isCustomer} AND (${possible})` }
  }
  const joined = [
    ...tables.filter(({ alias }) => cover.includes(alias)),
    ...tables.filter(({ alias }) => !cover.includes(alias)),
  ]
  const from = joined.map(({ alias, sql }, i) => {
    if (i === 0) return `(${sql}) AS ${alias}`
    return `${i < cover.length ? 'FULL' : 'LEFT'} JOIN (${sql}) AS ${alias} USING (customer_id)`
  })
  // Facts hang on customers who are there: merging and erasing move or delete them in the same transaction.
  const customers = readsCustomer ? ` JOIN customers c ON c.id = customer_id AND ${isCustomer}` : ''
  return { id: 'customer_id', sql: `FROM ${from.join(' ')}${customers} WHERE ${possible}` }
}
