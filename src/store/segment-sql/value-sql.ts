/** Conditions on facts that no passing of time changes: of the customer's row, or of a table beside it. */

import type { OrderFactName, ProfileName, ScoreName, ValueFact, ValueTest } from '../../domain/condition.ts'
import { passes } from '../../domain/value-test.ts'
import { finalStatuses, newestWordFirst } from '../consents.ts'
import { type Answer, booleanAnswer, standingAnswer } from './answer.ts'
import type { Desk } from './desk.ts'
import { passesSql, type SqlValue, valueStandingSql } from './value-test-sql.ts'

export function valueSql(fact: ValueFact, test: ValueTest, desk: Desk): Answer {
  switch (fact.of) {
    case 'orders':
      return ofCustomer(orderValues[fact.name], test, desk)
    case 'profile':
      return ofCustomer({ sql: profileColumns[fact.name], type: 'text' }, test, desk)
    case 'trait':
      return ofTrait(fact.name, test, desk)
    case 'computed':
      return ofComputedTrait(fact.name, test, desk)
    case 'stage':
      return ofCustomer({ sql: 'c.stage', type: 'text' }, test, desk)
    case 'at-risk':
      return ofCustomer({ sql: 'c.at_risk', type: 'boolean' }, test, desk)
    case 'score':
      return ofScore(fact.name, { sql: 'value', type: 'float8' }, test, desk)
    case 'tier':
      return ofScore(fact.name, { sql: 'tier', type: 'text' }, test, desk)
    case 'consent':
      return ofConsent(fact.channel, fact.topic, test, desk)
    case 'reachable':
      return ofReachable(fact.channel, test, desk)
  }
}

/** @see src/domain/evaluate.ts `orderValue` */
const orderValues: Readonly<Record<OrderFactName, SqlValue>> = {
  count: { sql: 'c.order_count', type: 'numeric' },
  revenue: { sql: 'c.revenue_cents', type: 'numeric' },
  refunded: { sql: 'c.refunded_cents', type: 'numeric' },
  discount: { sql: 'c.discount_cents', type: 'numeric' },
  average: { sql: 'c.revenue_cents / nullif(c.order_count, 0)', type: 'numeric' },
  interval: {
    sql: `CASE WHEN c.order_count >= 2
      THEN floor(extract(epoch FROM c.last_order_at - c.first_order_at) * 1000 / (c.order_count - 1)) END`,
    type: 'numeric',
  },
  sensitivity: {
    sql: 'CASE WHEN c.revenue_cents > 0 THEN c.discounted_revenue_cents::float8 / c.revenue_cents::float8 END',
    type: 'float8',
  },
}

const profileColumns: Readonly<Record<ProfileName, string>> = {
  country: 'c.country',
  locale: 'c.locale',
  timeZone: 'c.time_zone',
  emailDomain: 'c.email_domain',
}

function ofCustomer(value: SqlValue, test: ValueTest, { params }: Desk): Answer {
  return booleanAnswer(passesSql(test, value, params))
}

function ofTrait(name: string, test: ValueTest, { params }: Desk): Answer {
  const withNull = `(c.traits -> ${params.text(name)})`
  const value: SqlValue = { sql: `nullif(${withNull}, 'null')`, withNull, type: 'jsonb', isTrait: true }
  const standing = valueStandingSql(test, value, params)
  return standing === undefined ? booleanAnswer(passesSql(test, value, params)) : standingAnswer(standing)
}

function ofComputedTrait(name: string, test: ValueTest, desk: Desk): Answer {
  const value: SqlValue = { sql: `nullif(value, 'null')`, type: 'jsonb' }
  const from = `FROM computed_traits WHERE name = ${desk.params.text(name)}${desk.inScope('customer_id')}`
  const standing = valueStandingSql(test, value, desk.params)
  // Who has no date has none that could come near: a bound that moves is never passed.
  if (standing !== undefined)
    return desk.standingFact(`SELECT customer_id, ${standing} AS standing ${from}`, false, 'stays')
  const withoutRow = passes(test, undefined)
  const rows = `SELECT customer_id ${from} AND ${differs(passesSql(test, value, desk.params), withoutRow)}`
  return desk.booleanFact(rows, withoutRow, 'stays')
}

/** Who has no score passes only what nothing known passes: those who differ from that are the rows. */
function ofScore(kind: ScoreName, value: SqlValue, test: ValueTest, desk: Desk): Answer {
  const withoutRow = passes(test, undefined)
  const rows = `SELECT customer_id FROM scores WHERE kind = ${desk.params.text(kind)}
    AND ${differs(passesSql(test, value, desk.params), withoutRow)}${desk.inScope('customer_id')}`
  return desk.booleanFact(rows, withoutRow, 'stays')
}

/** @see src/domain/contact-policy.ts `consentTo` */
function ofConsent(channel: string, topic: string, test: ValueTest, desk: Desk): Answer {
  const { params } = desk
  const withoutRow = passes(test, 'none')
  const word = `CASE WHEN bool_or(status = 'withdrawn') THEN 'withdrawn' WHEN bool_or(status = 'granted') THEN 'granted'
    ELSE 'none' END`
  const rows = `SELECT customer_id FROM (
      SELECT DISTINCT ON (customer_id, channel, topic) customer_id, status FROM consents
      WHERE channel = ${params.text(channel)} AND topic = ANY (${params.texts(['*', topic])})
        AND status IN ${finalStatuses}${desk.inScope('customer_id')}
      ORDER BY customer_id, channel, topic, ${newestWordFirst}) AS newest
    GROUP BY customer_id HAVING ${differs(passesSql(test, { sql: `(${word})`, type: 'text' }, params), withoutRow)}`
  return desk.booleanFact(rows, withoutRow, 'stays')
}

/** True for those who have an address, false for everybody else. */
function ofReachable(channel: string, test: ValueTest, desk: Desk): Answer {
  const [there, missing] = [passes(test, true), passes(test, false)]
  if (there === missing) return desk.constant(there)
  const rows = `SELECT customer_id FROM contact_points
    WHERE channel = ${desk.params.text(channel)} AND current${desk.inScope('customer_id')}`
  return desk.booleanFact(rows, missing, 'stays')
}

function differs(passing: string, withoutRow: boolean): string {
  return withoutRow ? `NOT (${passing})` : `(${passing})`
}
