/** Tasks that journeys ask people to do: listed, and finished with one of their outcomes. */

import type { Queryable } from './database.ts'
import { insertNews } from './news.ts'

export const taskStatuses = ['open', 'done', 'expired', 'cancelled'] as const

export type TaskStatus = (typeof taskStatuses)[number]

export interface TaskRow {
  readonly id: string
  readonly customerId: string
  readonly externalId: string | null
  readonly journey: string
  readonly step: string
  readonly title: string
  readonly outcomes: readonly string[]
  readonly status: TaskStatus
  readonly outcome: string | null
  readonly note: string | null
  readonly createdAt: Date
  readonly dueAt: Date
  readonly expiresAt: Date
  readonly closedAt: Date | null
  readonly closedBy: string | null
}

const columns = `
  t.id, t.customer_id AS "customerId", c.external_id AS "externalId", t.journey, t.step, t.title, t.outcomes, t.status,
  t.outcome, t.note, t.created_at AS "createdAt", t.due_at AS "dueAt", t.expires_at AS "expiresAt",
  t.closed_at AS "closedAt", t.closed_by AS "closedBy"`

export interface TaskQuery {
  readonly status: TaskStatus
  readonly customerId?: string | undefined
  readonly limit: number
  /** The last one of the page before. */
  readonly after?: { readonly dueMs: number; readonly id: string } | undefined
}

/** The most urgent first. */
export async function listTasks(client: Queryable, query: TaskQuery): Promise<readonly TaskRow[]> {
  const { status, customerId, limit, after } = query
  const { rows } = await client.query<TaskRow>(
    `SELECT ${columns} FROM tasks t JOIN customers c ON c.id = t.customer_id
      WHERE t.status = $1 AND ($2::uuid IS NULL OR t.customer_id = $2)
        AND ($3::timestamptz IS NULL OR (t.due_at, t.id) > ($3, $4::uuid))
      ORDER BY t.due_at, t.id LIMIT $5`,
    [status, customerId ?? null, after === undefined ? null : new Date(after.dueMs), after?.id ?? null, limit],
  )
  return rows
}

export interface Finish {
  readonly taskId: string
  readonly outcome: string
  readonly note: string | null
  /** Who says so: the name of an API key, or an operator. */
  readonly by: string
  readonly atMs: number
}

export type Finished =
  | { readonly result: 'done'; readonly task: TaskRow }
  /** It was done before, with this outcome: nothing changed. */
  | { readonly result: 'same'; readonly task: TaskRow }
  | { readonly result: 'closed'; readonly task: TaskRow }
  | { readonly result: 'unknown-outcome'; readonly task: TaskRow }
  | { readonly result: 'unknown' }

/**
 * Finishes an open task; the journey that waits for it hears of it as news, in the same transaction. Call it in a
 * transaction. Twice with the same outcome is once.
 */
export async function finishTask(client: Queryable, { taskId, outcome, note, by, atMs }: Finish): Promise<Finished> {
  // The customer first, as everywhere: a review that runs right now closes tasks too.
  await client.query('SELECT FROM customers WHERE id = (SELECT customer_id FROM tasks WHERE id = $1) FOR UPDATE', [
    taskId,
  ])
  const task = await findTask(client, taskId)
  if (task === undefined) return { result: 'unknown' }
  if (!task.outcomes.includes(outcome)) return { result: 'unknown-outcome', task }
  if (task.status !== 'open') return { result: task.outcome === outcome ? 'same' : 'closed', task }
  await client.query(
    `UPDATE tasks SET status = 'done', outcome = $2, note = $3, closed_at = $4, closed_by = $5 WHERE id = $1`,
    [taskId, outcome, note, new Date(atMs), by],
  )
  await insertNews(client, [{ customerId: task.customerId, kind: 'task', detail: { taskId, outcome }, atMs }])
  return { result: 'done', task: { ...task, status: 'done', outcome, note, closedAt: new Date(atMs), closedBy: by } }
}

async function findTask(client: Queryable, taskId: string): Promise<TaskRow | undefined> {
  const { rows } = await client.query<TaskRow>(
    `SELECT ${columns} FROM tasks t JOIN customers c ON c.id = t.customer_id WHERE t.id = $1`,
    [taskId],
  )
  return rows[0]
}
