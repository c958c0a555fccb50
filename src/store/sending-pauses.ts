/**
 * Why marketing is not sent for a while: to a receiving domain, of a journey, under an identity, or at all; and the rates
 * that lead to it.
 */

import { judgeAll, type SendingRates } from '../domain/deliverability.ts'
import { usualSender } from '../domain/mail-sender.ts'
import { dayMs, type EpochMs } from '../domain/time.ts'
import type { Queryable } from './database.ts'
import { keptCounts } from './kept-counts.ts'

/** Rates are those of so long; enough for a weekly campaign to be seen before its next issue. */
const ratesWithinMs = 3 * dayMs

export interface SendingPause {
  readonly id: string
  readonly scope: SendingRates['scope'] | 'channel'
  readonly key: string
  readonly reason: string
  readonly since: Date
}

/**
 * SQL: the reason why message `m`, whose recipient is at `domain`, may not leave now; null if it may. Whether the identity
 * that it leaves under is paused is asked where that is known: at the last look.
 */
export function pauseOf(m: string, domain: string): string {
  return `(SELECT p.reason FROM sending_pauses p
     WHERE p.lifted_at IS NULL AND (${m}.message_class = 'marketing' OR (p.scope, p.key) = ('all', 'everything'))
       AND CASE p.scope WHEN 'all' THEN ${m}.channel = 'email' OR p.key <> '*' WHEN 'channel' THEN p.key = ${m}.channel
             WHEN 'journey' THEN p.key = ${m}.journey WHEN 'domain' THEN ${m}.channel = 'email' AND p.key = ${domain} END
     ORDER BY p.id LIMIT 1)`
}

/**
 * What left within the time and what was reported of it: by receiving domain, by journey, by the identity that it left under
 * if there was more than the usual one, and altogether.
 */
export async function findRates(client: Queryable, nowMs: number): Promise<SendingRates[]> {
  const { rows } = await client.query<SendingRates>({
    name: 'sending-rates',
    text: `
      WITH mails AS (
        SELECT m.id, m.journey, coalesce(c.email_domain, '?') AS domain, coalesce(m.sender, '${usualSender}') AS sender,
               -- "IN": the few reports are read once, and not asked for with each message.
               -- What a server refuses at once, because it knows no such address, nobody reports later.
               m.id IN (SELECT message_id FROM message_reports WHERE kind = 'bounce')
                 OR m.status = 'failed' AND m.reason ~ '^smtp 5\\d\\d 5\\.1\\.(?![78]$)\\d+$' AS bounced,
               m.id IN (SELECT message_id FROM message_reports WHERE kind = 'complaint') AS complained
          FROM messages m JOIN customers c ON c.id = m.customer_id
         WHERE m.channel = 'email' AND m.message_class = 'marketing' AND m.transmitting_at >= $1
           AND m.status IN ('sent', 'in_doubt', 'failed')
      )
      SELECT CASE WHEN grouping(domain) = 0 THEN 'domain' WHEN grouping(journey) = 0 THEN 'journey'
                  WHEN grouping(sender) = 0 THEN 'sender' ELSE 'all' END AS scope,
             coalesce(domain, journey, sender, '*') AS key, count(*)::int AS sent,
             count(*) FILTER (WHERE bounced)::int AS bounced, count(*) FILTER (WHERE complained)::int AS complained
        FROM mails GROUP BY GROUPING SETS ((domain), (journey), (sender), ()) HAVING count(*) > 0 ORDER BY sent DESC, scope, key`,
    values: [new Date(nowMs - ratesWithinMs)],
  })
  const isUsualAlone = !rows.some(({ scope, key }) => scope === 'sender' && key !== usualSender)
  return isUsualAlone ? rows.filter(({ scope }) => scope !== 'sender') : rows
}

export async function findPauses(client: Queryable): Promise<SendingPause[]> {
  const { rows } = await client.query<SendingPause>(
    'SELECT id::text, scope, key, reason, since FROM sending_pauses WHERE lifted_at IS NULL ORDER BY id',
  )
  return rows
}

/** How much there is that may lead to a pause. As long as it stays the same, only what leaves the stretch of time changes rates. */
export async function countTrouble(client: Queryable): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    `SELECT coalesce(sum(change), 0)::bigint AS count FROM (
       SELECT change FROM ${keptCounts('message_reports')} AS r WHERE labels ->> 'kind' IN ('bounce', 'complaint')
       UNION ALL SELECT change FROM ${keptCounts('messages')} AS m WHERE labels ->> 'status' = 'failed') AS trouble`,
  )
  return rows[0]?.count ?? 0
}

/**
 * Pauses what has crossed a limit. What a person has resumed stays so until more is reported: the same reports do not pause
 * it again.
 *
 * @returns what is paused from now on.
 */
export async function breakCircuits(client: Queryable, nowMs: number): Promise<string[]> {
  const broken = judgeAll(await findRates(client, nowMs)).flatMap((one) => (one.level === 'pause' ? [one] : []))
  const paused: string[] = []
  for (const { scope, key, reason, sent, bounced, complained } of broken) {
    const detail = { sent, bounced, complained }
    if (await pauseSending(client, { scope, key, reason, detail }, nowMs)) paused.push(reason)
  }
  return paused
}

export async function pauseSending(
  client: Queryable,
  pause: Pick<SendingPause, 'scope' | 'key' | 'reason'> & { readonly detail?: Readonly<Record<string, number>> },
  nowMs: number,
): Promise<boolean> {
  const { scope, key, reason, detail = {} } = pause
  const { rowCount } = await client.query(
    `INSERT INTO sending_pauses (scope, key, reason, detail, since)
     SELECT $1, $2, $3, $4, $5 WHERE NOT EXISTS (
       SELECT FROM sending_pauses p WHERE p.scope = $1 AND p.key = $2 AND p.lifted_at > $6
          AND (p.detail ->> 'bounced')::int >= ($4::jsonb ->> 'bounced')::int
          AND (p.detail ->> 'complained')::int >= ($4::jsonb ->> 'complained')::int)
     ON CONFLICT DO NOTHING`,
    [scope, key, reason, JSON.stringify(detail), new Date(nowMs), new Date(nowMs - ratesWithinMs)],
  )
  return rowCount === 1
}

/** Of a message that a carrier held back: that campaign's words; that the sender's number may not send: all of the channel. */
const senderTroubles: Readonly<Record<string, { readonly scope: 'journey' | 'channel'; readonly what: string }>> = {
  'twilio:30007': { scope: 'journey', what: 'carriers filter its text messages as spam' },
  'twilio:30034': { scope: 'channel', what: 'the number is not registered for A2P 10DLC' },
}

/**
 * Pauses what a provider's error is about. A late report of what left before a person last resumed it changes nothing.
 *
 * @param code as in the ledger, `twilio:30007`. @returns whether something is paused from now on.
 */
export async function pauseSender(
  client: Queryable,
  report: { readonly messageId: string | undefined; readonly providerMessageId: string; readonly code: string },
  nowMs: EpochMs,
): Promise<boolean> {
  const trouble = senderTroubles[report.code]
  if (trouble === undefined) return false
  const { rows } = await client.query<{ journey: string; channel: string; isOld: boolean }>(
    `SELECT m.journey, m.channel,
            EXISTS (SELECT FROM sending_pauses p WHERE p.lifted_at > coalesce(m.transmitting_at, m.planned_at) AND p.scope = $3
                       AND p.key = CASE $3 WHEN 'journey' THEN m.journey ELSE m.channel END) AS "isOld"
       FROM messages m
      WHERE m.channel = 'sms' AND CASE WHEN $1::uuid IS NULL THEN m.provider_message_id = $2 ELSE m.id = $1 END`,
    [report.messageId ?? null, report.providerMessageId, trouble.scope],
  )
  const [message] = rows
  if (message === undefined || message.isOld) return false
  const { scope, what } = trouble
  const key = scope === 'journey' ? message.journey : message.channel
  return pauseSending(client, { scope, key, reason: `${what} (${report.code.replace(':', ' ')})` }, nowMs)
}

/** A person says that it may go on; messages that waited leave within a quarter of an hour. */
export async function liftPause(client: Queryable, id: string, by: string, nowMs: number): Promise<boolean> {
  const { rowCount } = await client.query(
    `UPDATE sending_pauses SET lifted_at = $3, lifted_by = $2 WHERE id = $1 AND lifted_at IS NULL`,
    [id, by, new Date(nowMs)],
  )
  return rowCount === 1
}
