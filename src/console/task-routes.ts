/** The page of tasks. Whoever may publish may finish them: it is what journeys wait for. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isUuid } from '../store/customer-list.ts'
import { type Finished, finishTask, listTasks, type TaskStatus, taskStatuses } from '../store/tasks.ts'
import { forEditors, forVisitors, mayEdit, type PageNeeds, type Visitor } from './page-needs.ts'
import { type Refusal, refusalPage } from './refusal.ts'
import { taskListPage } from './task-pages.ts'
import { cleanText } from './typed-document.ts'

type TaskRequest = FastifyRequest<{ Params: { id: string } }>

const pageSize = 50

const notAllowed = { words: 'Your key may look, but not finish tasks.', back: '/tasks' }

export function taskPageRoutes(app: FastifyInstance, needs: PageNeeds): void {
  app.get(
    '/tasks',
    forVisitors(needs, (request, reply, visitor) => show(needs, request, reply, visitor)),
  )
  app.post(
    '/tasks/:id',
    { bodyLimit: 16_384 },
    forEditors(needs, notAllowed, (request: TaskRequest, reply, { who }) => finish(needs, request, reply, who)),
  )
}

async function finish(
  needs: PageNeeds,
  { params: { id }, body }: TaskRequest,
  reply: FastifyReply,
  by: string,
): Promise<FastifyReply> {
  const fields = body instanceof URLSearchParams ? body : new URLSearchParams()
  const wish = {
    taskId: id,
    outcome: cleanText(fields.get('outcome') ?? ''),
    note: cleanText(fields.get('note')?.trim() ?? '').slice(0, 2_000) || null,
    by,
    atMs: needs.clock.nowMs(),
  }
  const finished: Finished = isUuid(id)
    ? await needs.database.transaction((client) => finishTask(client, wish))
    : { result: 'unknown' }
  const refusal = refusalOf(finished)
  if (refusal === undefined) return reply.redirect('/tasks', 303)
  return needs.send(reply, refusal.refused, 'Task · Perennial', refusalPage(refusal, '/tasks'))
}

function refusalOf(finished: Finished): Refusal | undefined {
  switch (finished.result) {
    case 'done':
    case 'same':
      return undefined
    case 'unknown':
      return { refused: 404, words: 'There is no such task.' }
    case 'closed':
      return { refused: 409, words: `This task is ${finished.task.status} already.` }
    case 'unknown-outcome':
      return { refused: 400, words: `What came of it: must be one of ${finished.task.outcomes.join(', ')}.` }
  }
}

async function show(
  needs: PageNeeds,
  request: FastifyRequest,
  reply: FastifyReply,
  visitor: Visitor,
): Promise<FastifyReply> {
  const query = request.query as { readonly status?: unknown; readonly after?: unknown }
  const status: TaskStatus = taskStatuses.find((one) => one === query.status) ?? 'open'
  const tasks = await listTasks(needs.database.pool, { status, limit: pageSize + 1, after: placeOf(query.after) })
  const shown = tasks.slice(0, pageSize)
  const last = tasks.length > pageSize ? shown.at(-1) : undefined
  const next = last && `${last.dueAt.getTime()}_${last.id}`
  const main = taskListPage({ tasks: shown, status, next, nowMs: needs.clock.nowMs(), mayFinish: mayEdit(visitor) })
  return needs.send(reply, 200, 'Tasks · Perennial', main)
}

/** Where the page before ended; whatever else is written there begins anew. */
function placeOf(written: unknown): { readonly dueMs: number; readonly id: string } | undefined {
  const [dueMs = '', id = ''] = typeof written === 'string' ? written.split('_') : []
  return /^\d{1,15}$/.test(dueMs) && isUuid(id) ? { dueMs: Number(dueMs), id } : undefined
}
