/** Answers to surveys: to which message, of whom, and how they come in as events. */

import type { TraitValue } from '../domain/snapshot.ts'
import { questionOf, type SurveyQuestion, surveyAnswered } from '../domain/survey.ts'
import type { Queryable } from './database.ts'
import type { NewEvent } from './events.ts'
import { insertEvents } from './insert-events.ts'
import { ownIdentities } from './own-identity.ts'

export interface AskedSurvey extends SurveyQuestion {
  readonly messageId: string
  readonly customerId: string
  readonly externalId: string | null
  readonly journey: string
}

/** The survey that a message asked, of whoever its customer is today; undefined if it asked none, or they are gone. */
export async function findSurvey(client: Queryable, messageId: string): Promise<AskedSurvey | undefined> {
  const { rows } = await client.query<{
    customerId: string
    externalId: string | null
    journey: string
    data: Record<string, TraitValue>
  }>(
    `WITH RECURSIVE person AS (
       SELECT c.id, c.merged_into, c.external_id FROM messages m JOIN customers c ON c.id = m.customer_id WHERE m.id = $1
       UNION ALL
       SELECT c.id, c.merged_into, c.external_id FROM person p JOIN customers c ON c.id = p.merged_into
     )
     SELECT p.id AS "customerId", p.external_id AS "externalId", m.journey, m.data
     FROM messages m, person p WHERE m.id = $1 AND p.merged_into IS NULL`,
    [messageId],
  )
  const [row] = rows
  const asked = row && questionOf(row.data)
  if (row === undefined || asked === undefined) return undefined
  const { customerId, externalId, journey } = row
  return { messageId, customerId, externalId, journey, ...asked }
}

/**
 * Writes an answer as the events that it is: the trait, then "Survey Answered". The same answer twice counts once;
 * another answer later replaces the trait. Call it in a transaction.
 */
export async function answerSurvey(client: Queryable, asked: AskedSurvey, score: number, atMs: number): Promise<void> {
  const { customerId, externalId } = asked
  const anonymousId = externalId === null ? (await ownIdentities(client, [customerId], atMs))(customerId) : null
  const event = (part: Pick<NewEvent, 'type' | 'name' | 'properties'>): NewEvent => ({
    ...part,
    messageId: `survey:${asked.messageId}:${score}:${part.type}`,
    userId: externalId,
    anonymousId,
    occurredAtMs: atMs,
    receivedAtMs: atMs,
    context: null,
    sealed: null,
  })
  const { survey, scale, journey, trait } = asked
  await insertEvents(client, [
    event({ type: 'identify', name: null, properties: JSON.stringify({ [trait]: score }) }),
    event({ type: 'track', name: surveyAnswered, properties: JSON.stringify({ survey, score, scale, journey }) }),
  ])
}
