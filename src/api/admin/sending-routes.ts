/** The admin API for stopping all sending and letting it go on, and for what a restored ledger cannot know. */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Clock } from '../../clock.ts'
import { problemsOf } from '../../domain/problem.ts'
import { noteChange } from '../../store/audit.ts'
import type { Database } from '../../store/database.ts'
import { countOpen, doubtOpen } from '../../store/doubt-open.ts'
import {
  countWaiting,
  findHold,
  holdExtents,
  holdSending,
  maxReasonCharacters,
  releaseSending,
} from '../../store/sending-hold.ts'
import { ApiError } from '../api-error.ts'
import { actorOf, needAdmin } from './admin-access.ts'

export interface SendingNeeds {
  readonly database: Database
  readonly clock: Clock
}

const pauseBody = z.strictObject({
  reason: z.string().trim().min(1).max(maxReasonCharacters),
  extent: z.enum(holdExtents).default('marketing'),
})

const doubtBody = z.strictObject({
  plannedBefore: z.iso.datetime({ offset: true }).transform((text) => Date.parse(text)),
  class: z.enum(['marketing', 'transactional']).optional(),
  journey: z.string().min(1).max(200).optional(),
  dryRun: z.boolean().default(false),
})

/** Register beside the other admin routes: it is behind the same check. */
export function sendingRoutes(needs: SendingNeeds): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    app.get('/sending', () => standing(needs))
    app.post('/sending/pause', { onRequest: needAdmin }, (request) => pause(needs, request))
    app.post('/sending/resume', { onRequest: needAdmin }, (request) => resume(needs, request))
    app.post('/messages/doubt', { onRequest: needAdmin }, (request) => doubt(needs, request))
  }
}

async function standing({ database: { pool } }: SendingNeeds): Promise<object> {
  const [held, waiting] = await Promise.all([findHold(pool), countWaiting(pool)])
  return { held: held ?? null, waiting }
}

async function pause(needs: SendingNeeds, request: FastifyRequest): Promise<object> {
  const wish = { ...checked(pauseBody, request.body), by: actorOf(request) }
  const changed = await needs.database.transaction((client) => holdSending(client, wish, needs.clock.nowMs()))
  return { changed, ...(await standing(needs)) }
}

async function resume(needs: SendingNeeds, request: FastifyRequest): Promise<object> {
  const by = actorOf(request)
  const lifted = await needs.database.transaction((client) => releaseSending(client, by, needs.clock.nowMs()))
  return { changed: lifted > 0, ...(await standing(needs)) }
}

async function doubt({ database, clock }: SendingNeeds, request: FastifyRequest): Promise<object> {
  const { dryRun, plannedBefore: plannedBeforeMs, class: messageClass, journey } = checked(doubtBody, request.body)
  const filter = { plannedBeforeMs, messageClass, journey }
  if (dryRun) return { open: await countOpen(database.pool, filter) }
  const actor = actorOf(request)
  const doubted = await database.transaction(async (client) => {
    const held = await findHold(client)
    if (held === undefined || (held.extent === 'marketing' && messageClass !== 'marketing'))
      throw new ApiError(409, 'Sending must be held meanwhile, of these messages: pause it first.')
    const count = await doubtOpen(client, filter, clock.nowMs())
    await noteChange(client, { actor, action: 'settle', detail: { as: 'in_doubt', count } })
    return count
  })
  return { doubted }
}

function checked<Out>(schema: z.ZodType<Out>, body: unknown): Out {
  const parsed = schema.safeParse(body)
  if (parsed.success) return parsed.data
  const [problem] = problemsOf(parsed.error, body)
  const field = problem?.path.join('.') ?? ''
  throw new ApiError(400, `${field || 'body'}: ${problem?.rule ?? 'is refused'}`, field)
}
