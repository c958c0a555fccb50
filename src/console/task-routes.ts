/** The page of tasks. Whoever may publish may finish them: it is what journeys wait for. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isUuid } from '../store/customer-list.ts'
import { type Finished, finishTask, listTasks, type TaskStatus, taskStatuses } from '../store/tasks.ts'
import { cleanText } from './segment-form.ts'
import type { SegmentPageNeeds } from './segment-routes.ts'
import { notFinishedPage, taskListPage } from './task-pages.ts'

const pageSize = 50

export function taskPageRoutes(app: FastifyInstance, needs: SegmentPageNeeds): void {
  app.get('/tasks', (request, reply) => show(needs, request, reply))
  app.post<{ Params: { id: string } }>('/tasks/:id', { bodyLimit: 16_384 }, async (request, reply) => {
    const by = await needs.editor(request)
    if (by === undefined) {
      if (!(await needs.isSignedIn(request))) return reply.redirect('/login', 303)
      return needs.send(reply, 403, 'Not allowed', notFinishedPage('Your key may look, but not finish tasks.'))
    }
    const body = request.body instanceof URLSearchParams ? request.body : new URLSearchParams()
    const { id } = request.params
    const finish = {
      taskId: id,
      outcome: cleanText(body.get('outcome') ?? ''),
      note: cleanText(body.get('note')?.trim() ?? '').slice(0, 2_000) || null,
      by,
      atMs: needs.clock.nowMs(),
    }
    const finished: Finished = isUuid(id)
      ? await needs.database.transaction((client) => finishTask(client, finish))
      : { result: 'unknown' }
    const refusal = refusalOf(finished)
    if (refusal === undefined) return reply.redirect('/tasks', 303)
    return needs.send(reply, refusal.status, 'Task · Perennial', notFinishedPage(refusal.words))
  })
}

function refusalOf(finished: Finished): { readonly status: number; readonly words: string } | undefined {
  switch (finished.result) {
    case 'done':
    case 'same':
      return undefined
    case 'unknown':
      return { status: 404, words: 'There is no such task.' }
    case 'closed':
      return { status: 409, words: `This task is ${finished.task.status} already.` }
    case 'unknown-outcome':
      return { status: 400, words: `What came of it: must be one of ${finished.task.outcomes.join(', ')}.` }
  }
}

async function show(needs: SegmentPageNeeds, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  if (!(await needs.isSignedIn(request))) return reply.redirect('/login', 303)
  const query = request.query as { readonly status?: unknown; readonly after?: unknown }
  const status: TaskStatus = taskStatuses.find((one) => one === query.status) ?? 'open'
  const tasks = await listTasks(needs.database.pool, { status, limit: pageSize + 1, after: placeOf(query.after) })
  const shown = tasks.slice(0, pageSize)
  const last = tasks.length > pageSize ? shown.at(-1) : undefined
  const mayFinish = (await needs.editor(request)) !== undefined
  const next = last && `${last.dueAt.getTime()}_${last.id}`
  const main = taskListPage({ tasks: shown, status, next, nowMs: needs.clock.nowMs(), mayFinish })
  return needs.send(reply, 200, 'Tasks · Perennial', main)
}

/** Where the page before ended; whatever else is written there begins anew. */
function placeOf(written: unknown): { readonly dueMs: number; readonly id: string } | undefined {
  const [dueMs = '', id = ''] = typeof written === 'string' ? written.split('_') : []
  return /^\d{1,15}$/.test(dueMs) && isUuid(id) ? { dueMs: Number(dueMs), id } : undefined
}
