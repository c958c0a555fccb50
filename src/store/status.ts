/** How far the installation is with what it was given, in numbers. */

import type { Queryable } from './database.ts'
import { keptCounts } from './kept-counts.ts'
import { findHold, type SendingHold } from './sending-hold.ts'
import { readWorkflowChecks, type WorkflowChecks } from './workflow-checks.ts'

export interface StoreStatus {
  readonly events: {
    /** Once per message id. */
    readonly accepted: number
    readonly handled: number
    readonly waiting: number
    /** Could not be used, or not all of it. */
    readonly problems: number
  }
  readonly news: { readonly total: number; readonly unread: number; readonly unnudged: number }
  readonly customers: { readonly total: number; readonly stages: Readonly<Record<string, number>> }
  /** By status. */
  readonly messages: Readonly<Record<string, number>>
  /** Since when and why a person has stopped sending; null: nobody has. */
  readonly held: SendingHold | null
  readonly runs: { readonly active: number; readonly ended: number }
  /** What was found when due work was held against open workflows; null before the first time. */
  readonly workflowChecks: WorkflowChecks | null
}

interface Row {
  readonly accepted: number
  readonly waiting: number
  readonly problems: number
  readonly news: number
  readonly unread: number
  readonly unnudged: number
  readonly stages: Readonly<Record<string, number>> | null
  readonly messages: Readonly<Record<string, number>> | null
  readonly active: number
  readonly ended: number
}

/** All numbers are of one moment. */
export async function readStatus(client: Queryable): Promise<StoreStatus> {
  const { rows } = await client.query<Row>({ name: 'status', text: statusSql })
  const held = (await findHold(client)) ?? null
  const workflowChecks = (await readWorkflowChecks(client)) ?? null
  const row = rows[0] as Row
  const stages = row.stages ?? {}
  return {
    events: {
      accepted: row.accepted,
      handled: row.accepted - row.waiting,
      waiting: row.waiting,
      problems: row.problems,
    },
    news: { total: row.news, unread: row.unread, unnudged: row.unnudged },
    customers: { total: Object.values(stages).reduce((sum, count) => sum + count, 0), stages },
    messages: row.messages ?? {},
    held,
    runs: { active: row.active, ended: row.ended },
    workflowChecks,
  }
}

const statusSql = `
  SELECT
    (SELECT coalesce(sum(accepted), 0)::bigint FROM event_counts) AS accepted,
    (SELECT count(*) FROM events WHERE handled_at IS NULL) AS waiting,
    (SELECT count(*) FROM events WHERE problem IS NOT NULL) AS problems,
    (SELECT count(*) FROM news) AS news,
    (SELECT count(*) FROM news WHERE consumed_at IS NULL) AS unread,
    (SELECT count(*) FROM news WHERE nudged_at IS NULL AND consumed_at IS NULL) AS unnudged,
    (SELECT json_object_agg(stage, n) FROM (
       SELECT stage, count(*) AS n FROM customers WHERE merged_into IS NULL GROUP BY stage) AS s) AS stages,
    (SELECT json_object_agg(status, n) FROM (
       SELECT labels ->> 'status' AS status, sum(change)::bigint AS n
         FROM ${keptCounts('messages')} AS kept GROUP BY 1 HAVING sum(change) > 0) AS m) AS messages,
    (SELECT count(*) FROM journey_runs WHERE status = 'active') AS active,
    (SELECT count(*) FROM journey_runs WHERE status <> 'active') AS ended`
