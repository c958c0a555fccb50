/**
 * A phone that was switched off, or out of reach, when a carrier tried: nothing arrived, and the number is good. So the
 * message is planned again, each time after as long as it is old, for as long as it still means something.
 */

import { dayMs, minuteMs } from '../domain/time.ts'
import type { Queryable } from './database.ts'
import type { DeliveryReport } from './delivery-reports.ts'
import { requestedJourney } from './message-requests.ts'
import { insertContactNews } from './news.ts'

/** Of a message that never becomes stale. */
const longestAgeMs = dayMs

const firstWaitMs = 30 * minuteMs

/** Twilio: "unreachable destination handset". */
const unreachable = 'twilio:30003'

const retrySql = `
  WITH found AS (
    SELECT m.id, m.broadcast_id, g.at
      FROM messages m, LATERAL (
        SELECT $3::timestamptz + greatest($3::timestamptz - m.planned_at, $4::interval) AS at
      ) AS g
     WHERE m.channel = 'sms' AND CASE WHEN $1::uuid IS NULL THEN m.provider_message_id = $2 ELSE m.id = $1 END
       AND m.status IN ('sent', 'in_doubt') AND m.delivered_at IS NULL
       AND (m.provider_message_id IS NULL OR m.provider_message_id = $2)
       -- The values of a request to the API are gone once it was sent: there is nothing to say any more.
       AND m.journey <> '${requestedJourney}' AND g.at < coalesce(m.expires_at, m.planned_at + $5::interval)
       FOR UPDATE OF m
  )
  UPDATE messages m
     SET status = 'planned', reason = $6, not_before = f.at, settled_at = NULL, claimed_by = NULL, lease_until = NULL,
         provider_message_id = NULL, attempts = greatest(0, m.attempts - 1),
         -- A broadcast that is over looks at nothing any more: then it goes the way of a single message.
         broadcast_id = CASE WHEN EXISTS (SELECT FROM broadcasts b WHERE b.id = f.broadcast_id AND b.status IN ('done', 'cancelled'))
                          THEN NULL ELSE m.broadcast_id END
    FROM found f WHERE m.id = f.id
  RETURNING m.customer_id AS "customerId"`

/**
 * Call it before the report is noted. A report that comes twice, or of an earlier attempt, finds nothing to plan again.
 *
 * @returns whether the message will be sent again: then it has not failed.
 */
export async function retryUnreachable(client: Queryable, report: DeliveryReport): Promise<boolean> {
  if (report.outcome !== 'failed' || report.reason !== unreachable) return false
  const { rows } = await client.query<{ customerId: string }>(retrySql, [
    report.messageId ?? null,
    report.providerMessageId,
    new Date(report.atMs),
    `${firstWaitMs} ms`,
    `${longestAgeMs} ms`,
    'postponed: the phone could not be reached (twilio 30003)',
  ])
  await insertContactNews(
    client,
    rows.map(({ customerId }) => customerId),
    report.atMs,
  )
  return rows.length > 0
}
