/** The admin API for what people do: tasks that journeys give them, customers that they put into a journey. */

import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { key } from '../../domain/document-parts.ts'
import { comparableName, personalInTraits } from '../../domain/personal-names.ts'
import { isUuid } from '../../store/customer-list.ts'
import { enterByHand } from '../../store/journey-entries.ts'
import { enterSegment, previewSegmentEntry } from '../../store/scheduled-entries.ts'
import { finishTask, listTasks, type TaskRow, taskStatuses } from '../../store/tasks.ts'
import { ApiError } from '../api-error.ts'
import { parseJsonBodies } from '../body-parsers.ts'
import { needAdmin } from './admin-access.ts'
import type { AdminNeeds } from './admin-needs.ts'
import { badCursor, limitOf, one, oneOf, type Query, queryOf, uuidOf } from './query.ts'

const maxBodyBytes = 1024 * 1024
const mostEntries = 10_000

const finishBody = z.strictObject({
  outcome: z.string().min(1).max(200),
  note: z.string().max(2_000).optional(),
  by: z.string().min(1).max(100).default('api'),
})

const entryBody = z.strictObject({
  customers: z.array(z.string().min(1).max(256)).min(1).max(mostEntries),
  properties: z
    .record(
      z.string().min(1).max(100),
      z.union([z.string().max(200), z.number(), z.boolean(), z.array(z.string().max(200)).max(30)]),
    )
    .default({})
    .refine((properties) => Object.keys(properties).every((name) => !personalInTraits.has(comparableName(name))), {
      message: 'must hold nothing personal: the template gets that from the profile',
    }),
})

const segmentEntryBody = z.strictObject({ segment: key, dryRun: z.boolean().default(false) })

/** Register beside the other admin routes: it is behind the same check. */
export function taskRoutes(needs: AdminNeeds): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    parseJsonBodies(app, maxBodyBytes)
    const change = { bodyLimit: maxBodyBytes, onRequest: needAdmin }
    app.get('/tasks', (request) => answerTasks(needs, queryOf(request)))
    app.post<{ Params: { id: string } }>('/tasks/:id', change, ({ params, body }) =>
      answerFinish(needs, params.id, body),
    )
    app.post<{ Params: { key: string } }>('/journeys/:key/entries', change, ({ params, body }) =>
      answerEntries(needs, params.key, body),
    )
  }
}

async function answerTasks({ database }: AdminNeeds, query: Query): Promise<object> {
  const limit = limitOf(query)
  const tasks = await listTasks(database.pool, {
    status: (oneOf(query, 'status', taskStatuses) ?? 'open') as TaskRow['status'],
    customerId: uuidOf(query, 'customer'),
    limit: limit + 1,
    after: cursorOf(query),
  })
  const page = tasks.slice(0, limit)
  const last = page.at(-1)
  const hasMore = tasks.length > limit && last !== undefined
  return { tasks: page, cursor: hasMore ? `${last.dueAt.getTime()}_${last.id}` : null }
}

async function answerFinish({ database, clock }: AdminNeeds, id: string, body: unknown): Promise<object> {
  if (!isUuid(id)) throw new ApiError(404, 'There is no task with this id.', 'id')
  const { outcome, note = null, by } = read(finishBody, body)
  const finished = await database.transaction((client) =>
    finishTask(client, { taskId: id, outcome, note, by, atMs: clock.nowMs() }),
  )
  switch (finished.result) {
    case 'done':
    case 'same':
      return finished.task
    case 'unknown':
      throw new ApiError(404, 'There is no task with this id.', 'id')
    case 'closed':
      throw new ApiError(409, `The task is ${finished.task.status} already.`, 'id')
    case 'unknown-outcome':
      throw new ApiError(400, `outcome: must be one of ${finished.task.outcomes.join(', ')}`, 'outcome')
  }
}

/** Customers by their ids, or a whole segment; with `dryRun` only whom it would concern. */
async function answerEntries(
  { database, clock, ...needs }: AdminNeeds,
  journeyKey: string,
  body: unknown,
): Promise<object> {
  const definitions = await needs.definitions()
  const journey = key.safeParse(journeyKey).success
    ? definitions.live.find((each) => each.key === journeyKey)
    : undefined
  if (journey === undefined) throw new ApiError(404, 'There is no live journey with this key.', 'key')
  if (!journey.entry.some((entry) => entry.type === 'api'))
    throw new ApiError(409, 'This journey has no entry of the type "api".', 'key')
  if (isObject(body) && 'segment' in body) {
    const { segment, dryRun } = read(segmentEntryBody, body)
    const preview = await previewSegmentEntry(database.pool, journeyKey, segment)
    if (preview === undefined)
      throw new ApiError(400, `segment "${segment}": must be the key of a segment in force`, 'segment')
    if (dryRun) return { ...preview, told: 0 }
    const told = await enterSegment(database.pool, { journey: journeyKey, segment, atMs: clock.nowMs() })
    return { ...preview, told }
  }
  const { customers, properties } = read(entryBody, body)
  return enterByHand(database.pool, { journey: journeyKey, customers, properties, atMs: clock.nowMs() })
}

function isObject(body: unknown): body is object {
  return typeof body === 'object' && body !== null
}

/** @throws ApiError that names the field and the rule. */
function read<Output>(schema: z.ZodType<Output>, body: unknown): Output {
  const result = schema.safeParse(body)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const field = issue?.path.join('.') ?? ''
  throw new ApiError(400, `${field === '' ? 'body' : field}: ${issue?.message ?? 'is not valid'}`, field)
}

function cursorOf(query: Query): { readonly dueMs: number; readonly id: string } | undefined {
  const cursor = one(query, 'cursor')
  if (cursor === undefined) return undefined
  const [dueMs = '', id = ''] = cursor.split('_')
  if (!/^\d{1,15}$/.test(dueMs) || !isUuid(id)) throw badCursor()
  return { dueMs: Number(dueMs), id }
}
