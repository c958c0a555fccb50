/** What monitoring asks for: how far messages are, what stands still and for how long. Numbers and keys of the shop's own; nothing of people. */

import type { Queryable } from './database.ts'
import { keptCounts } from './kept-counts.ts'
import { openMessagesSql } from './open-messages.ts'

export interface Counted {
  readonly metric: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** Each statement gives rows of one metric: its labels and a value. */
const statements: Readonly<Record<string, string>> = {
  perennial_messages: `
    SELECT json_build_object('channel', labels ->> 'channel', 'class', labels ->> 'class', 'status', labels ->> 'status') AS labels,
           sum(change)::bigint AS value
      FROM ${keptCounts('messages')} AS kept GROUP BY labels ->> 'channel', labels ->> 'class', labels ->> 'status' HAVING sum(change) > 0`,
  perennial_messages_oldest_open_seconds: `
    SELECT json_build_object('channel', channel) AS labels,
           greatest(0, extract(epoch FROM $1::timestamptz - min(greatest(planned_at, not_before))))::float8 AS value
      FROM ${openMessagesSql('channel, planned_at, not_before')} AS open GROUP BY channel`,
  perennial_sending_pauses: `
    SELECT json_build_object('scope', scope) AS labels, count(*) AS value
      FROM sending_pauses WHERE lifted_at IS NULL GROUP BY scope`,
  perennial_suppressions: `
    SELECT json_build_object('channel', channel, 'reason', reason) AS labels, count(*) AS value
      FROM suppressions GROUP BY channel, reason`,
  perennial_message_reports: `
    SELECT labels, sum(change)::bigint AS value FROM ${keptCounts('message_reports')} AS kept
     GROUP BY labels HAVING sum(change) > 0`,
  perennial_webhook_calls: `
    SELECT json_build_object('status', status) AS labels, count(*) AS value FROM webhook_calls GROUP BY status`,
  perennial_events_waiting: `SELECT '{}'::json AS labels, count(*) AS value FROM events WHERE handled_at IS NULL`,
  perennial_events_oldest_waiting_seconds: `
    SELECT '{}'::json AS labels, coalesce(greatest(0, extract(epoch FROM $1::timestamptz - min(received_at))), 0)::float8 AS value
      FROM events WHERE handled_at IS NULL`,
  perennial_news_oldest_untold_seconds: `
    SELECT '{}'::json AS labels, coalesce(greatest(0, extract(epoch FROM $1::timestamptz - min(created_at))), 0)::float8 AS value
      FROM news WHERE nudged_at IS NULL AND consumed_at IS NULL`,
  perennial_customers_overdue: `
    SELECT '{}'::json AS labels, count(*) AS value
      FROM customers WHERE due_at < $1::timestamptz - interval '1 min' AND merged_into IS NULL`,
  perennial_workflow_check_age_seconds: `
    SELECT '{}'::json AS labels, greatest(0, extract(epoch FROM $1::timestamptz - checked_at))::float8 AS value
      FROM workflow_checks ORDER BY id DESC LIMIT 1`,
  perennial_workflows_stuck: `SELECT '{}'::json AS labels, stuck AS value FROM workflow_checks ORDER BY id DESC LIMIT 1`,
  perennial_news_unread: `SELECT '{}'::json AS labels, count(*) AS value FROM news WHERE consumed_at IS NULL`,
  perennial_journey_runs_active: `
    SELECT json_build_object('journey', journey) AS labels, count(*) AS value
      FROM journey_runs WHERE status = 'active' GROUP BY journey`,
}

export async function readMetrics(client: Queryable, nowMs: number): Promise<Counted[]> {
  const counted: Counted[] = []
  for (const [metric, text] of Object.entries(statements)) {
    const { rows } = await client.query<{ labels: Record<string, string>; value: string }>(
      text,
      text.includes('$1') ? [new Date(nowMs)] : [],
    )
    counted.push(...rows.map(({ labels, value }) => ({ metric, labels, value: Number(value) })))
  }
  return counted
}
