/** What a provider reports of messages after it has taken them. Reports come late, twice, and in any order. */

import type { Queryable } from './database.ts'

export interface DeliveryReport {
  /** Ours, if the report names it. */
  readonly messageId: string | undefined
  readonly providerMessageId: string
  readonly outcome: 'accepted' | 'delivered' | 'failed'
  /** Of a failure: `twilio:30005`. */
  readonly reason: string | null
  readonly atMs: number
}

/**
 * Notes it in the ledger. What was in doubt is settled by it; what was delivered does not fail any more, and nothing fails
 * by a report of an earlier attempt.
 *
 * @returns whether there is such a message.
 */
export async function noteDeliveryReport(client: Queryable, report: DeliveryReport): Promise<boolean> {
  const { messageId, providerMessageId, outcome, reason, atMs } = report
  const { rowCount } = await client.query(
    `WITH found AS (
       SELECT id, $3 = 'failed' AND delivered_at IS NULL AND status IN ('transmitting', 'sent', 'in_doubt', 'failed')
                    AND (provider_message_id IS NULL OR provider_message_id = $2)  AS fails,
              $3 <> 'failed' AND status = 'in_doubt'                               AS arrives
         FROM messages
        WHERE channel = 'sms' AND CASE WHEN $1::uuid IS NULL THEN provider_message_id = $2 ELSE id = $1 END
          FOR UPDATE
     )
     UPDATE messages m SET
       status = CASE WHEN f.fails THEN 'failed' WHEN f.arrives THEN 'sent' ELSE m.status END,
       reason = CASE WHEN f.fails THEN $4 WHEN f.arrives THEN NULL ELSE m.reason END,
       settled_at = CASE WHEN f.fails THEN coalesce(m.settled_at, $5) ELSE m.settled_at END,
       delivered_at = CASE WHEN $3 = 'delivered' THEN coalesce(m.delivered_at, $5) ELSE m.delivered_at END,
       provider_message_id = CASE WHEN m.status IN ('planned', 'claimed') THEN m.provider_message_id
                                  ELSE coalesce(m.provider_message_id, $2) END
      FROM found f WHERE m.id = f.id`,
    [messageId ?? null, providerMessageId, outcome, reason, new Date(atMs)],
  )
  return (rowCount ?? 0) > 0
}
