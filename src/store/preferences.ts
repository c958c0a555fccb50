/** What a person may hear about, as it stands and as they choose it themselves on our own pages. */

import type { Channel } from '../domain/snapshot.ts'
import { trackingChannel } from '../domain/tracking.ts'
import { finalStatuses, insertConsents, isStillOpen, type NewConsent, newestWordFirst } from './consents.ts'
import type { Queryable } from './database.ts'
import { markDirty } from './dirty-customers.ts'
import { insertContactNews, insertNews } from './news.ts'

/** The words that count on one channel, by topic; `*` for everything. */
export type ChannelWords = Readonly<Record<string, 'granted' | 'withdrawn'>>

export interface Preferences {
  readonly channel: Channel
  /** Sealed for the contact point with that id. */
  readonly contactPointId: string
  readonly address: Buffer
  readonly wrappedKey: Buffer
  /** Why nothing is sent to that address, or null. */
  readonly suppressed: string | null
  readonly words: ChannelWords
  /** Topics of which a yes waits to be confirmed. */
  readonly unconfirmed: readonly string[]
  readonly inquiredAt: Date | null
}

/** One entry for each channel on which the person can be reached. */
export async function readPreferences(client: Queryable, customerId: string): Promise<Preferences[]> {
  const { rows } = await client.query<Preferences>(
    `SELECT p.channel, p.id AS "contactPointId", p.address, k.wrapped_key AS "wrappedKey", s.reason AS suppressed,
            coalesce((SELECT json_object_agg(topic, status) FROM (
              SELECT DISTINCT ON (topic) topic, status FROM consents
              WHERE customer_id = p.customer_id AND channel = p.channel AND status IN ${finalStatuses}
              ORDER BY topic, ${newestWordFirst}) AS newest WHERE status <> 'lifted'), '{}') AS words,
            coalesce((SELECT json_agg(DISTINCT w.topic) FROM consents w
              WHERE w.customer_id = p.customer_id AND w.channel = p.channel AND w.status = 'pending'
                AND ${isStillOpen('w')}), '[]') AS unconfirmed,
            (SELECT max(given_at) FROM consents i WHERE i.customer_id = p.customer_id AND i.channel = p.channel
               AND i.status = 'implied') AS "inquiredAt"
     FROM contact_points p
     JOIN customer_keys k ON k.customer_id = p.customer_id
     LEFT JOIN suppressions s ON s.channel = p.channel AND s.address_hash = p.address_hash
     WHERE p.customer_id = $1 AND p.current ORDER BY p.channel`,
    [customerId],
  )
  return rows
}

/** Whether somebody leaves it to us to measure what they do with messages: until they say no. */
export async function readMeasured(client: Queryable, customerId: string): Promise<boolean> {
  const { rows } = await client.query<{ status: string }>(
    `SELECT status FROM consents WHERE customer_id = $1 AND channel = '${trackingChannel}' AND topic = '*'
       AND status IN ${finalStatuses} ORDER BY ${newestWordFirst} LIMIT 1`,
    [customerId],
  )
  return rows[0]?.status !== 'withdrawn'
}

/** What somebody chose on one channel. */
export interface ChannelChoice {
  readonly channel: Channel
  /** Each topic with the choice, and the words that stood beside it. */
  readonly topics: readonly { readonly topic: string; readonly wanted: boolean; readonly words: string }[]
  /** A yes has to be confirmed at that address first. */
  readonly isToConfirm: (topic: string) => boolean
}

export interface Chooser {
  readonly customerId: string
  readonly source: string
  readonly method: string
  readonly atMs: number
}

/**
 * Writes down what differs from what is known. A general no is lifted by the first yes to a topic, and all other topics
 * then get a no of their own: what was not chosen stays closed. Call it in a transaction, with the customer locked.
 *
 * @returns whether anything was new.
 */
export async function saveChoice(
  client: Queryable,
  known: ChannelWords,
  { channel, topics, isToConfirm }: ChannelChoice,
  chooser: Chooser,
): Promise<boolean> {
  const { customerId, source, method, atMs } = chooser
  const base = { customerId, channel, source, method, atMs }
  const rows: NewConsent[] = []
  const wantsSome = topics.some(({ wanted }) => wanted)
  const hasLeft = known['*'] === 'withdrawn'
  const grantsNow = topics.some(({ topic, wanted }) => wanted && !isToConfirm(topic))
  if (hasLeft && grantsNow) rows.push({ ...base, topic: '*', status: 'lifted', words: null })
  for (const { topic, wanted, words } of topics) {
    if (!wanted) {
      // With a general no in force that stays, a no to the topic says nothing new.
      if (known[topic] !== 'withdrawn' && !(hasLeft && !wantsSome)) {
        rows.push({ ...base, topic, status: 'withdrawn', words })
      }
    } else if (known[topic] !== 'granted' || hasLeft) {
      rows.push({ ...base, topic, status: isToConfirm(topic) ? 'pending' : 'granted', words })
    }
  }
  await insertConsents(client, rows)
  if (rows.length === 0) return false
  await tellWorkflow(
    client,
    customerId,
    atMs,
    rows.some(({ status }) => status === 'pending'),
  )
  return true
}

/** A yes to confirm starts something by itself; everything else concerns only what is under way. */
async function tellWorkflow(client: Queryable, customerId: string, atMs: number, isAsking: boolean): Promise<void> {
  if (isAsking) await insertNews(client, [{ customerId, kind: 'contact', atMs }])
  else await insertContactNews(client, [customerId], atMs)
  await markDirty(client, [customerId], 'consent')
}

/** Locks somebody who is there to choose. @returns false: they are gone. */
export async function lockCustomer(client: Queryable, customerId: string): Promise<boolean> {
  const { rowCount } = await client.query(
    'SELECT FROM customers WHERE id = $1 AND merged_into IS NULL AND erasing_at IS NULL FOR UPDATE',
    [customerId],
  )
  return rowCount === 1
}
