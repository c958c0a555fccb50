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
 * Notes it in the ledger. What was in doubt is settled by it; what was delivered does not fail any more.
 *
 * @returns whether there is such a message.
 */
export async function noteDeliveryReport(client: Queryable, report: DeliveryReport): Promise<boolean> {
  const { messageId, providerMessageId, outcome, reason, atMs } = report
  const { rowCount } = await client.query(
    `UPDATE messages SET
       status = CASE WHEN $3 = 'failed' AND delivered_at IS NULL AND status IN ('transmitting', 'sent', 'in_doubt')
                       THEN 'failed'
                     WHEN $3 <> 'failed' AND status = 'in_doubt' THEN 'sent'
                     ELSE status END,
       reason = CASE WHEN $3 = 'failed' AND delivered_at IS NULL THEN $4
                     WHEN $3 <> 'failed' AND status = 'in_doubt' THEN NULL
                     ELSE reason END,
       settled_at = CASE WHEN $3 = 'failed' AND delivered_at IS NULL THEN coalesce(settled_at, $5) ELSE settled_at END,
       delivered_at = CASE WHEN $3 = 'delivered' THEN coalesce(delivered_at, $5) ELSE delivered_at END,
       provider_message_id = coalesce(provider_message_id, $2)
     WHERE channel = 'sms' AND CASE WHEN $1::uuid IS NULL THEN provider_message_id = $2 ELSE id = $1 END`,
    [messageId ?? null, providerMessageId, outcome, reason, new Date(atMs)],
  )
  return (rowCount ?? 0) > 0
}
