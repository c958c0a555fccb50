/** Conditions on facts that no passing of time changes: of the customer's row, or of a table beside it. */

import type { ValueFact, ValueTest } from '../../domain/condition.ts'
import type { ScoreKind } from '../../domain/snapshot.ts'
import { passes } from '../../domain/value-test.ts'
import { finalStatuses, newestWordFirst } from '../consents.ts'
import { type Answer, booleanAnswer } from './answer.ts'
import type { Desk } from './desk.ts'
import { passesSql, type SqlValue } from './value-test-sql.ts'

export function valueSql(fact: ValueFact, test: ValueTest, desk: Desk): Answer {
  switch (fact.of) {
    case 'orders':
      return ofCustomer({ sql: orderColumns[fact.name], type: 'numeric' }, test, desk)
    case 'trait':
      return ofCustomer(
        { sql: `nullif(c.traits -> ${desk.params.text(fact.name)}, 'null')`, type: 'jsonb' },
        test,
        desk,
      )
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
    case 'reachable': {
      const rows = `SELECT customer_id FROM contact_points
        WHERE channel = ${desk.params.text(fact.channel)} AND current${desk.inScope('customer_id')}`
      return ofPresence(rows, test, desk)
    }
  }
}

const orderColumns = { count: 'c.order_count', revenue: 'c.revenue_cents', refunded: 'c.refunded_cents' } as const

function ofCustomer(value: SqlValue, test: ValueTest, { params }: Desk): Answer {
  return booleanAnswer(passesSql(test, value, params))
}

/** Who has no score passes only what nothing known passes: those who differ from that are the rows. */
function ofScore(kind: ScoreKind, value: SqlValue, test: ValueTest, desk: Desk): Answer {
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

/** Of a fact that is true for those who have a row, and false for everybody else. */
function ofPresence(rows: string, test: ValueTest, desk: Desk): Answer {
  const [there, missing] = [passes(test, true), passes(test, false)]
  if (there === missing) return booleanAnswer(there ? 'true' : 'false')
  return desk.booleanFact(rows, missing, 'stays')
}

function differs(passing: string, withoutRow: boolean): string {
  return withoutRow ? `NOT (${passing})` : `(${passing})`
}
