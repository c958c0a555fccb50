/**
 * What is due, held against which workflows are open: two sets that the database compares. The set of open workflows is
 * brought in pages into a table of this connection alone, so memory does not grow with it.
 */

import type { Queryable } from './database.ts'

export interface OpenWorkflow {
  readonly customerId: string
  readonly startedAtMs: number
}

/** Two ways in which work and workflows can differ, and one in which they do not. */
export interface WorkDifference {
  /** Work that was due before the given moment, and no open workflow. */
  readonly withoutWorkflow: readonly string[]
  /** An open workflow that was there before, and nothing to do or to wait for. */
  readonly withoutWork: readonly string[]
  /** Work that was due before, with a workflow that should have done it. */
  readonly late: readonly string[]
}

/** Of the connection that it is called on. Call it before the first page. */
export async function beginOpenWorkflows(connection: Queryable): Promise<void> {
  await connection.query('DROP TABLE IF EXISTS pg_temp.open_workflows')
  await connection.query(
    'CREATE TEMP TABLE open_workflows (customer_id uuid PRIMARY KEY, started_at timestamptz NOT NULL)',
  )
}

/** A page of them. Pages may overlap: what is listed moves while it is read. */
export async function addOpenWorkflows(connection: Queryable, page: readonly OpenWorkflow[]): Promise<void> {
  await connection.query(
    `INSERT INTO pg_temp.open_workflows SELECT * FROM unnest($1::uuid[], $2::timestamptz[])
     ON CONFLICT (customer_id) DO UPDATE SET started_at = excluded.started_at`,
    [page.map((one) => one.customerId), page.map((one) => new Date(one.startedAtMs))],
  )
}

export async function endOpenWorkflows(connection: Queryable): Promise<void> {
  await connection.query('DROP TABLE IF EXISTS pg_temp.open_workflows')
}

/** Also news of which somebody was told and that nobody read: a crowd that was cancelled leaves it behind. */
const dueSql = `
  SELECT id AS customer_id FROM customers WHERE due_at < $1
  UNION
  SELECT customer_id FROM messages
   WHERE settled_at IS NULL AND broadcast_id IS NULL AND greatest(planned_at, not_before) < $1
     AND (lease_until IS NULL OR lease_until < clock_timestamp())
  UNION
  SELECT customer_id FROM news
   WHERE consumed_at IS NULL AND kind <> 'merged' AND coalesce(nudged_at, event_received_at, created_at) < $1`

/**
 * @param dueBeforeMs in the shop's time: whoever was due later than this may still be on the way.
 * @param startedBeforeMs in real time: a workflow that is younger may not have looked yet.
 */
export async function compareWithWork(
  connection: Queryable,
  { dueBeforeMs, startedBeforeMs }: { readonly dueBeforeMs: number; readonly startedBeforeMs: number },
): Promise<WorkDifference> {
  await connection.query('ANALYZE pg_temp.open_workflows')
  const due = await connection.query<{ id: string; open: boolean }>(
    `SELECT due.customer_id AS id, open.customer_id IS NOT NULL AS open
       FROM (${dueSql}) AS due
       JOIN customers c ON c.id = due.customer_id AND c.merged_into IS NULL AND c.erasing_at IS NULL
       LEFT JOIN pg_temp.open_workflows open ON open.customer_id = due.customer_id
      ORDER BY 1`,
    [new Date(dueBeforeMs)],
  )
  const idle = await connection.query<{ id: string }>(
    `SELECT open.customer_id AS id FROM pg_temp.open_workflows open
       LEFT JOIN customers c ON c.id = open.customer_id
      WHERE open.started_at < $1 AND c.erasing_at IS NULL AND (c.merged_into IS NOT NULL OR ${nothingToDo('open.customer_id')})
      ORDER BY 1`,
    [new Date(startedBeforeMs)],
  )
  return {
    withoutWorkflow: due.rows.filter(({ open }) => !open).map(({ id }) => id),
    withoutWork: idle.rows.map(({ id }) => id),
    late: due.rows.filter(({ open }) => open).map(({ id }) => id),
  }
}

/** Of a customer `c` who may not be there. */
function nothingToDo(id: string): string {
  return `(c.due_at IS NULL
    AND NOT EXISTS (SELECT FROM news n WHERE n.customer_id = ${id} AND n.consumed_at IS NULL)
    AND NOT EXISTS (SELECT FROM messages m WHERE m.customer_id = ${id} AND m.settled_at IS NULL AND m.broadcast_id IS NULL))`
}

/** Those of some for whom that still holds: much may have happened since. */
export async function stillDue(db: Queryable, customerIds: readonly string[], dueBeforeMs: number): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `SELECT due.customer_id AS id FROM (${dueSql}) AS due
       JOIN customers c ON c.id = due.customer_id AND c.merged_into IS NULL AND c.erasing_at IS NULL
      WHERE due.customer_id = ANY ($2::uuid[]) ORDER BY 1`,
    [new Date(dueBeforeMs), customerIds],
  )
  return rows.map(({ id }) => id)
}

/** Those of some who still have nothing to do and nothing to wait for. */
export async function stillWithoutWork(db: Queryable, customerIds: readonly string[]): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `SELECT given.id FROM unnest($1::uuid[]) AS given (id) LEFT JOIN customers c ON c.id = given.id
      WHERE c.erasing_at IS NULL AND (c.merged_into IS NOT NULL OR ${nothingToDo('given.id')}) ORDER BY 1`,
    [customerIds],
  )
  return rows.map(({ id }) => id)
}

export interface WorkflowCheckRow {
  readonly checkedAtMs: number
  readonly askedBy: 'schedule' | 'cli'
  readonly openWorkflows: number
  readonly withoutWorkflow: number
  readonly withoutWork: number
  readonly stuck: number
  readonly repaired: number
}

const keptChecks = 10_000

/** Notes what a check has found; the oldest notes go. */
export async function noteWorkflowCheck(db: Queryable, row: WorkflowCheckRow): Promise<void> {
  await db.query(
    `WITH noted AS (
       INSERT INTO workflow_checks (checked_at, asked_by, open_workflows, without_workflow, without_work, stuck, repaired)
       VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id
     )
     DELETE FROM workflow_checks WHERE id <= (SELECT id FROM noted) - ${keptChecks}`,
    [
      new Date(row.checkedAtMs),
      row.askedBy,
      row.openWorkflows,
      row.withoutWorkflow,
      row.withoutWork,
      row.stuck,
      row.repaired,
    ],
  )
}

/** For the status: what the last check found, and what all of them together. Undefined: there was none yet. */
export async function readWorkflowChecks(db: Queryable): Promise<WorkflowChecks | undefined> {
  const { rows } = await db.query<WorkflowChecks>(
    `SELECT checks, found, repaired, last.* FROM (
       SELECT count(*) AS checks, coalesce(sum(without_workflow + without_work + stuck), 0)::bigint AS found,
              coalesce(sum(repaired), 0)::bigint AS repaired FROM workflow_checks) AS all_checks,
       (SELECT checked_at AS "lastAt", without_workflow AS "lastWithoutWorkflow", without_work AS "lastWithoutWork",
               stuck AS "lastStuck" FROM workflow_checks ORDER BY id DESC LIMIT 1) AS last`,
  )
  return rows[0]
}

export interface WorkflowChecks {
  readonly checks: number
  /** In all checks that are remembered. 0 is the goal. */
  readonly found: number
  readonly repaired: number
  readonly lastAt: Date
  readonly lastWithoutWorkflow: number
  readonly lastWithoutWork: number
  readonly lastStuck: number
}
