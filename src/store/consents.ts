/**
 * What customers said about messages. Words are only ever added; the newest of a channel and topic counts, and where
 * two are of one moment, so that their order is not known, the no.
 */

import { createHash } from 'node:crypto'
import type { ConsentChannel } from '../domain/tracking.ts'
import type { Queryable } from './database.ts'

/**
 * `pending`: a yes that has to be confirmed first. `implied`: an inquiry, which some laws take for a yes that ends.
 * `lifted`: a general no that was taken back without a general yes.
 */
export type ConsentWordStatus = 'granted' | 'withdrawn' | 'pending' | 'implied' | 'lifted'

/** The statuses that settle whether somebody may be written to. */
export const finalStatuses = `('granted', 'withdrawn', 'lifted')`

/** SQL: which of the words on one channel and topic counts. */
export const newestWordFirst = `given_at DESC, (status = 'withdrawn') DESC, id DESC`

/**
 * SQL: whether the yes in row `w` still waits to be confirmed: nobody withdrew at the same moment or later, and it is not
 * in force already.
 */
export function isStillOpen(w: string): string {
  const newest = (topic: string): string =>
    `(SELECT f.status FROM consents f WHERE f.customer_id = ${w}.customer_id AND f.channel = ${w}.channel
        AND f.topic = ${topic} AND f.status IN ${finalStatuses} ORDER BY ${newestWordFirst} LIMIT 1)`
  return `(NOT EXISTS (SELECT FROM consents f WHERE f.customer_id = ${w}.customer_id AND f.channel = ${w}.channel
             AND f.topic IN (${w}.topic, '*') AND f.status = 'withdrawn' AND f.given_at >= ${w}.given_at)
           AND NOT (${newest(`${w}.topic`)} IS NOT DISTINCT FROM 'granted'
                    AND ${newest(`'*'`)} IS DISTINCT FROM 'withdrawn'))`
}

export interface NewConsent {
  readonly customerId: string
  readonly channel: ConsentChannel
  /** `*`: every topic. */
  readonly topic: string
  readonly status: ConsentWordStatus
  readonly atMs: number
  /** Where it was said: `identify`, `track`, `unsubscribe-link`, `sms`. */
  readonly source: string
  /** How: `one-click`, `page`, `STOP`, … */
  readonly method: string
  /** What the person was shown, word for word. */
  readonly words: string | null
}

/** By which one version of words is told from another. */
export function wordsHash(words: string): string {
  return createHash('sha256').update(words).digest('hex').slice(0, 16)
}

/** The `source` of a withdrawal that a merge upheld against the yes of the other side: the stricter word wins. */
export const mergeSource = 'merge'

/** Adds words, in the order given. */
export async function insertConsents(client: Queryable, rows: readonly NewConsent[]): Promise<void> {
  if (rows.length === 0) return
  await client.query({
    name: 'insert-consents',
    text: `
      INSERT INTO consents (customer_id, channel, topic, status, given_at, source, method, words, words_hash)
      SELECT customer_id, channel, topic, status, to_timestamp(given_ms / 1000), source, method, words, words_hash
      FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::float8[], $6::text[], $7::text[], $8::text[],
                  $9::text[])
        AS given (customer_id, channel, topic, status, given_ms, source, method, words, words_hash)`,
    values: [
      rows.map((row) => row.customerId),
      rows.map((row) => row.channel),
      rows.map((row) => row.topic),
      rows.map((row) => row.status),
      rows.map((row) => row.atMs),
      rows.map((row) => row.source),
      rows.map((row) => row.method),
      rows.map((row) => row.words),
      rows.map((row) => (row.words === null ? null : wordsHash(row.words))),
    ],
  })
}

/**
 * Adds a word unless it was the last one already: pressing a button twice says nothing new.
 *
 * @returns whether it was new.
 */
export async function sayConsent(client: Queryable, word: NewConsent): Promise<boolean> {
  const { rows } = await client.query<{ status: string; source: string }>(
    `SELECT status, source FROM consents WHERE customer_id = $1 AND channel = $2 AND topic = $3
       AND status IN ${finalStatuses} ORDER BY ${newestWordFirst} LIMIT 1`,
    [word.customerId, word.channel, word.topic],
  )
  // What a merge upheld was nobody's own word: saying it now is new.
  if (rows[0]?.status === word.status && rows[0].source !== mergeSource) return false
  await insertConsents(client, [word])
  return true
}
