/** A person's word about messages, given to us directly: by a link in a message, or by answering one. It holds at once. */

import type { Channel } from '../domain/snapshot.ts'
import { type NewConsent, sayConsent } from './consents.ts'
import { customersAtAddress } from './contact-points.ts'
import type { Queryable } from './database.ts'
import { markDirty } from './dirty-customers.ts'
import { insertContactNews } from './news.ts'
import { liftStop, suppress } from './suppressions.ts'

/** What an unsubscribe link needs to know of the message that it came with. */
export interface MessageOrigin {
  /** Of today: the customer may have become part of another one since. */
  readonly customerId: string
  readonly channel: Channel
  readonly topic: string
  /** The customer's own, if it is known. */
  readonly locale: string | null
}

export async function findMessageOrigin(client: Queryable, messageId: string): Promise<MessageOrigin | undefined> {
  const { rows } = await client.query<MessageOrigin>(
    `WITH RECURSIVE person AS (
       SELECT c.id, c.merged_into, c.locale FROM messages m JOIN customers c ON c.id = m.customer_id WHERE m.id = $1
       UNION ALL
       SELECT c.id, c.merged_into, c.locale FROM person p JOIN customers c ON c.id = p.merged_into
     )
     SELECT p.id AS "customerId", p.locale, m.channel, m.topic
     FROM messages m, person p WHERE m.id = $1 AND p.merged_into IS NULL`,
    [messageId],
  )
  return rows[0]
}

/**
 * Records what somebody said and tells what is under way for them. Saying it again changes nothing; of who is gone nothing
 * is written down. Call it in a transaction.
 */
export async function takeWord(client: Queryable, word: NewConsent): Promise<void> {
  const customerId = await lockPerson(client, word.customerId)
  if (customerId === undefined || !(await sayConsent(client, { ...word, customerId }))) return
  await insertContactNews(client, [customerId], word.atMs)
  await markDirty(client, [customerId], 'consent')
}

/** Whom somebody is part of by now: a merge may have ended while its lock was waited for. */
async function lockPerson(client: Queryable, id: string): Promise<string | undefined> {
  const { rows } = await client.query<{ into: string | null }>(
    'SELECT merged_into AS into FROM customers WHERE id = $1 FOR UPDATE',
    [id],
  )
  const [row] = rows
  if (row === undefined) return undefined
  return row.into === null ? id : lockPerson(client, row.into)
}

/**
 * A no to what came to an address: it holds for everybody who has that address, because whoever reads there wants no more
 * of it, under whatever name. Call it in a transaction.
 */
export async function takeNo(client: Queryable, word: NewConsent): Promise<void> {
  const { rows } = await client.query<{ id: string }>(
    `SELECT $1::uuid AS id
     UNION SELECT o.customer_id FROM contact_points p
       JOIN contact_points o ON o.channel = p.channel AND o.address_hash = p.address_hash AND o.current
      WHERE p.customer_id = $1 AND p.channel = $2 AND p.current
     ORDER BY id`,
    [word.customerId, word.channel],
  )
  for (const { id } of rows) await takeWord(client, { ...word, customerId: id })
}

export interface SmsAnswer {
  /** Keyed hash of the number that it came from. */
  readonly addressHash: Buffer
  /** The word as it is understood: `STOP`. */
  readonly word: string
  readonly atMs: number
}

/** Ends all SMS to a number, whoever has it. @returns whether they had not been ended before. */
export async function stopSms(client: Queryable, { addressHash, word, atMs }: SmsAnswer): Promise<boolean> {
  const isNew = await suppress(client, { channel: 'sms', addressHash, reason: 'stop', detail: word, atMs })
  await everybodySays(client, { addressHash, word, atMs }, 'withdrawn')
  return isNew
}

/** Takes an earlier stop back. @returns whether there was one. */
export async function resumeSms(client: Queryable, answer: SmsAnswer): Promise<boolean> {
  const wasStopped = await liftStop(client, 'sms', answer.addressHash)
  if (wasStopped) await everybodySays(client, answer, 'granted')
  return wasStopped
}

async function everybodySays(
  client: Queryable,
  { addressHash, word, atMs }: SmsAnswer,
  status: 'granted' | 'withdrawn',
): Promise<void> {
  for (const customerId of await customersAtAddress(client, 'sms', addressHash)) {
    await takeWord(client, {
      customerId,
      channel: 'sms',
      topic: '*',
      status,
      atMs,
      source: 'sms',
      method: word,
      words: null,
    })
  }
}
