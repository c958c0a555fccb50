/** The admin API for broadcasts: make one, start it, hold it up, look at it. */

import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { broadcastType, broadcastWorkflowId, lifecycleQueue } from '../../../workflows/ids.ts'
import {
  type BroadcastProgress,
  broadcastProgressQuery,
  cancelSignal,
  pauseSignal,
  resumeSignal,
  throttleSignal,
} from '../../../workflows/messages.ts'
import { key } from '../../domain/document-parts.ts'
import { sayProblem } from '../../domain/problem.ts'
import {
  type Broadcast,
  type BroadcastStatus,
  countConversions,
  countMessages,
  createBroadcast,
  findBroadcast,
  listBroadcasts,
  moveBroadcast,
} from '../../store/broadcasts/broadcasts.ts'
import { ApiError } from '../api-error.ts'
import { parseJsonBodies } from '../body-parsers.ts'
import { needAdmin } from './admin-access.ts'
import type { AdminNeeds } from './admin-routes.ts'
import { limitOf, queryOf } from './query.ts'

const maxBodyBytes = 1024 * 1024
const queryMs = 2_000

const createBody = z.strictObject({ key, document: z.unknown() })
const throttleBody = z.strictObject({ perSecond: z.number().positive().max(1_000_000).nullable() })

interface Route {
  readonly Params: { readonly key: string }
}

/** Register beside the other admin routes: it is behind the same check. */
export function broadcastRoutes(needs: AdminNeeds): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    parseJsonBodies(app, maxBodyBytes)
    const change = { bodyLimit: maxBodyBytes, onRequest: needAdmin }
    app.get('/broadcasts', (request) => list(needs, limitOf(queryOf(request))))
    app.post('/broadcasts', change, ({ body }) => create(needs, body))
    app.get<Route>('/broadcasts/:key', ({ params }) => show(needs, params.key))
    app.post<Route>('/broadcasts/:key/start', change, ({ params }) => start(needs, params.key))
    app.post<Route>('/broadcasts/:key/pause', change, ({ params }) => signal(needs, params.key, 'pause'))
    app.post<Route>('/broadcasts/:key/resume', change, ({ params }) => signal(needs, params.key, 'resume'))
    app.post<Route>('/broadcasts/:key/cancel', change, ({ params }) => cancel(needs, params.key))
    app.post<Route>('/broadcasts/:key/throttle', change, ({ params, body }) => throttle(needs, params.key, body))
  }
}

async function list({ database }: AdminNeeds, limit: number): Promise<object> {
  return { broadcasts: (await listBroadcasts(database.pool, limit)).map(summaryOf) }
}

function summaryOf({ definition, ...broadcast }: Broadcast): object {
  return { ...broadcast, segment: definition.segment, topic: definition.topic }
}

async function create({ database, clock }: AdminNeeds, body: unknown): Promise<object> {
  const read = createBody.safeParse(body)
  if (!read.success) {
    const [issue] = read.error.issues
    const field = issue?.path.join('.') ?? ''
    throw new ApiError(400, `${field === '' ? 'body' : field}: ${issue?.message ?? 'is not valid'}`, field)
  }
  const created = await createBroadcast(database.pool, read.data.key, read.data.document, clock.nowMs())
  if (created === 'taken') throw new ApiError(409, 'A broadcast with this key has been started already.', 'key')
  if ('problems' in created) throw new ApiError(400, created.problems.map(sayProblem).join('; '), 'document')
  return summaryOf(created.broadcast)
}

async function found({ database }: AdminNeeds, keyOrId: string): Promise<Broadcast> {
  const broadcast = await findBroadcast(database.pool, keyOrId)
  if (broadcast === undefined) throw new ApiError(404, 'There is no broadcast with this key.', 'key')
  return broadcast
}

async function show(needs: AdminNeeds, keyOrId: string): Promise<object> {
  const broadcast = await found(needs, keyOrId)
  const [messages, variants, progress] = await Promise.all([
    countMessages(needs.database.pool, broadcast.key),
    broadcast.definition.variants.length > 1 ? countConversions(needs.database.pool, broadcast) : [],
    broadcast.status === 'running' || broadcast.status === 'paused' ? progressOf(needs, broadcast) : null,
  ])
  return { ...summaryOf(broadcast), document: broadcast.definition, messages, variants, progress }
}

/** Null while Temporal or its workers are away: what the ledger has counted is there all the same. */
async function progressOf({ temporal }: AdminNeeds, { id }: Broadcast): Promise<BroadcastProgress | null> {
  try {
    const handle = temporal.getHandle(broadcastWorkflowId(id))
    return await temporal.withDeadline(Date.now() + queryMs, () => handle.query(broadcastProgressQuery))
  } catch {
    return null
  }
}

/** Safe to repeat: whoever said it and did not hear the answer says it again. */
async function start(needs: AdminNeeds, keyOrId: string): Promise<object> {
  const { database, clock, temporal } = needs
  const before = await found(needs, keyOrId)
  const moved = await moveBroadcast(database.pool, before.id, ['draft'], 'running', clock.nowMs())
  const broadcast = moved ?? before
  if (broadcast.status !== 'running') throw conflict(broadcast.status, 'started')
  await temporal.start(broadcastType, {
    workflowId: broadcastWorkflowId(broadcast.id),
    taskQueue: lifecycleQueue,
    args: [{ broadcastId: broadcast.id, perSecond: broadcast.definition.perSecond }],
    workflowIdConflictPolicy: 'USE_EXISTING',
    workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
  })
  return summaryOf(broadcast)
}

/** What it says takes effect after the page that is under way. */
async function signal(needs: AdminNeeds, keyOrId: string, what: 'pause' | 'resume'): Promise<object> {
  const broadcast = await found(needs, keyOrId)
  if (broadcast.status !== 'running' && broadcast.status !== 'paused') throw conflict(broadcast.status, `${what}d`)
  const handle = needs.temporal.getHandle(broadcastWorkflowId(broadcast.id))
  await handle.signal(what === 'pause' ? pauseSignal : resumeSignal)
  return summaryOf(broadcast)
}

async function cancel(needs: AdminNeeds, keyOrId: string): Promise<object> {
  const broadcast = await found(needs, keyOrId)
  if (broadcast.status === 'done') throw conflict('done', 'cancelled')
  if (broadcast.status === 'draft') {
    const moved = await moveBroadcast(needs.database.pool, broadcast.id, ['draft'], 'cancelled', needs.clock.nowMs())
    return summaryOf(moved ?? broadcast)
  }
  if (broadcast.status !== 'cancelled') {
    await needs.temporal.getHandle(broadcastWorkflowId(broadcast.id)).signal(cancelSignal)
  }
  return summaryOf(broadcast)
}

async function throttle(needs: AdminNeeds, keyOrId: string, body: unknown): Promise<object> {
  const broadcast = await found(needs, keyOrId)
  const read = throttleBody.safeParse(body)
  if (!read.success) throw new ApiError(400, 'perSecond: must be a positive number, or null for no limit', 'perSecond')
  if (broadcast.status !== 'running' && broadcast.status !== 'paused') throw conflict(broadcast.status, 'throttled')
  await needs.temporal.getHandle(broadcastWorkflowId(broadcast.id)).signal(throttleSignal, read.data.perSecond)
  return summaryOf(broadcast)
}

function conflict(status: BroadcastStatus, wanted: string): ApiError {
  return new ApiError(409, `The broadcast is ${status}: it cannot be ${wanted}.`, 'key')
}
