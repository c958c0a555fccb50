/** Writing down how a message ended. */

import { inViewOfEarlier } from '../domain/delivery.ts'
import type { EpochMs } from '../domain/time.ts'
import type { Queryable } from './database.ts'
import { type ClaimedMessage, type Holder, nameOf, type Settlement } from './ledger-types.ts'
import { suppress } from './suppressions.ts'

const settleSql = `
  WITH settled AS (
    UPDATE messages
       SET status = $3, reason = $4, settled_at = $5, provider_message_id = $6, segments = $7, lease_until = NULL,
           -- What a request brought along may be personal: it was needed once.
           data = data - '$sealed'
     WHERE id = $1 AND claimed_by = $2
       -- From in_doubt too: the attempt that was given up for lost knows better.
       AND (settled_at IS NULL OR status = 'in_doubt')
    RETURNING *
  ), noted AS (
    INSERT INTO decision_records (customer_id, decided_at, kind, journey, version, step, entry_number, outcome, rule,
                                  detail)
    SELECT customer_id, settled_at, 'message', journey, version, step, entry_number, 'refused', reason,
           jsonb_build_object('messageId', id, 'at', 'delivery')
      FROM settled WHERE $8
  )
  SELECT FROM settled`

/** @returns whether this attempt's word counted: false if another one has taken over. */
export async function settleMessage(
  client: Queryable,
  message: ClaimedMessage,
  holder: Holder,
  nowMs: EpochMs,
  settlement: Settlement,
): Promise<boolean> {
  const { providerMessageId, segments, suppression } = settlement
  const { status, reason } = inViewOfEarlier(message.attempts, settlement)
  const { rowCount } = await client.query({
    name: 'ledger-settle',
    text: settleSql,
    values: [
      message.id,
      nameOf(holder),
      status,
      reason ?? null,
      new Date(nowMs),
      providerMessageId ?? null,
      segments ?? null,
      settlement.status === 'refused',
    ],
  })
  if (suppression) await suppress(client, { ...suppression, detail: settlement.reason ?? null, atMs: nowMs })
  return rowCount === 1
}
