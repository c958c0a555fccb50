/**
 * Confirming a yes: the link in the message names the rows that wait, and nothing but its button makes them count. By text
 * message an answer does the same for the newest question that was put to its number.
 */

import { confirmationJourney, confirmWithinMs } from '../domain/consent-rule.ts'
import type { Channel } from '../domain/snapshot.ts'
import { insertConsents, isStillOpen } from './consents.ts'
import type { Queryable } from './database.ts'
import { markDirty } from './dirty-customers.ts'
import { insertNews } from './news.ts'
import { type ChannelWords, lockCustomer, readPreferences, saveChoice } from './preferences.ts'

/** `used`: confirmed, or overtaken by a no: either way this link has done what it can. */
export type ConfirmationState = 'open' | 'used' | 'expired'

export interface Confirmation {
  readonly customerId: string
  readonly channel: Channel
  readonly topics: readonly string[]
  readonly state: ConfirmationState
  /** The customer's own, if it is known. */
  readonly locale: string | null
}

/** @returns undefined if nothing of it is there any more. */
export async function findConfirmation(
  client: Queryable,
  ids: readonly number[],
  nowMs: number,
): Promise<Confirmation | undefined> {
  const { rows } = await client.query<{
    customerId: string
    channel: Channel
    locale: string | null
    topics: string[]
    isOpen: boolean
    givenAt: Date
  }>(
    `SELECT w.customer_id AS "customerId", w.channel, array_agg(DISTINCT w.topic) AS topics,
            bool_or(${isStillOpen('w')}) AS "isOpen", min(w.given_at) AS "givenAt",
            (SELECT locale FROM customers c WHERE c.id = w.customer_id) AS locale
     FROM consents w WHERE w.id = ANY ($1::bigint[]) AND w.status = 'pending'
     GROUP BY w.customer_id, w.channel`,
    [ids],
  )
  const [row, other] = rows
  if (row === undefined || other !== undefined) return undefined
  const { isOpen, givenAt, ...found } = row
  if (!isOpen) return { ...found, state: 'used' }
  return { ...found, state: givenAt.getTime() + confirmWithinMs <= nowMs ? 'expired' : 'open' }
}

/**
 * The rows that the newest confirmation by text message to a number asks about, and that still wait. Only what was asked
 * of that very number counts: not what came since, nor what went to the number before.
 */
export async function findSmsQuestion(
  client: Queryable,
  addressHash: Buffer,
  nowMs: number,
): Promise<readonly number[] | undefined> {
  const { rows } = await client.query<{ ids: number[] }>(
    `SELECT asked.ids FROM contact_points p
     JOIN messages m ON m.customer_id = p.customer_id AND m.journey = $2 AND m.channel = 'sms'
       AND m.status IN ('transmitting', 'sent', 'in_doubt') AND m.planned_at > $3 AND m.planned_at >= p.created_at
     CROSS JOIN LATERAL (
       SELECT array_agg(w.id) AS ids FROM jsonb_array_elements_text(m.data -> 'consents') AS named (id)
       JOIN consents w ON w.id = named.id::bigint AND w.customer_id = m.customer_id
       WHERE w.status = 'pending' AND w.given_at > $3 AND ${isStillOpen('w')}) AS asked
     WHERE p.channel = 'sms' AND p.address_hash = $1 AND p.current AND asked.ids IS NOT NULL
     ORDER BY m.planned_at DESC, m.id DESC LIMIT 1`,
    [addressHash, confirmationJourney, new Date(nowMs - confirmWithinMs)],
  )
  return rows[0]?.ids
}

export interface Confirming {
  readonly ids: readonly number[]
  /** Where the button or the answer was: `confirmation-page`, `sms`. */
  readonly source: string
  /** The words that were shown, for each topic. */
  readonly words: (topic: string) => string
  /** All topics that there are: those that were not confirmed stay closed where a general no is lifted. */
  readonly allTopics: readonly string[]
  readonly atMs: number
}

/** Makes the yes count, once. Call it in a transaction. @returns what came of it. */
export async function confirmConsent(client: Queryable, confirming: Confirming): Promise<Confirmation | undefined> {
  const { ids, source, words, allTopics, atMs } = confirming
  const before = await findConfirmation(client, ids, atMs)
  if (before === undefined || !(await lockCustomer(client, before.customerId))) return undefined
  // Again under the lock: a button is pressed twice at once.
  const found = await findConfirmation(client, ids, atMs)
  if (found?.state !== 'open') return found
  const { customerId, channel, topics } = found
  const chosen = topics.map((topic) => ({ topic, wanted: true, words: words(topic) }))
  const known = (await readPreferences(client, customerId)).find((one) => one.channel === channel)?.words ?? {}
  const chooser = { customerId, source, method: 'double-opt-in', atMs }
  await saveChoice(
    client,
    known,
    { channel, topics: [...chosen, ...stayingClosed(known, topics, allTopics)], isToConfirm: () => false },
    chooser,
  )
  await liftErased(client, customerId, channel)
  return found
}

/** A general no that is lifted must not open what it closed. */
function stayingClosed(known: ChannelWords, confirmed: readonly string[], allTopics: readonly string[]) {
  if (known['*'] !== 'withdrawn' || confirmed.includes('*')) return []
  return allTopics
    .filter((topic) => !confirmed.includes(topic))
    .map((topic) => ({ topic, wanted: false, words: 'not among what was confirmed' }))
}

/** Somebody who was forgotten and has come back of their own will, as their own inbox shows. */
async function liftErased(client: Queryable, customerId: string, channel: Channel): Promise<void> {
  await client.query(
    `DELETE FROM suppressions s USING contact_points p
     WHERE p.customer_id = $1 AND p.channel = $2 AND p.current AND s.channel = p.channel
       AND s.address_hash = p.address_hash AND s.reason = 'erased'`,
    [customerId, channel],
  )
}

const resendAfter = '5 minutes'
const mostResendsADay = 3

/** Asks once more for the same yes. Call it in a transaction. @returns false: too soon, or too often. */
export async function askAgain(client: Queryable, ids: readonly number[], atMs: number): Promise<boolean> {
  const found = await findConfirmation(client, ids, atMs)
  if (found === undefined || !(await lockCustomer(client, found.customerId))) return false
  const { customerId, channel, topics } = found
  const { rows } = await client.query<{ isTooSoon: boolean; resends: number }>(
    `SELECT coalesce(max(given_at) > $3::timestamptz - $4::interval, false) AS "isTooSoon",
            count(*) FILTER (WHERE method = 'resend' AND given_at > $3::timestamptz - interval '1 day')::int AS resends
     FROM consents WHERE customer_id = $1 AND channel = $2 AND status = 'pending'`,
    [customerId, channel, new Date(atMs), resendAfter],
  )
  const [spent] = rows
  if (spent === undefined || spent.isTooSoon || spent.resends >= mostResendsADay * topics.length) return false
  const base = { customerId, channel, status: 'pending', atMs, source: 'confirmation-page', method: 'resend' } as const
  await insertConsents(
    client,
    topics.map((topic) => ({ ...base, topic, words: null })),
  )
  await insertNews(client, [{ customerId, kind: 'contact', atMs }])
  await markDirty(client, [customerId], 'consent')
  return true
}
