/** The admin API for messages of which nobody knows whether they arrived: what there is, and a person's word about it. */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Clock } from '../../clock.ts'
import { problemsOf } from '../../domain/problem.ts'
import { noteChange } from '../../store/audit.ts'
import type { Database } from '../../store/database.ts'
import { doubtWords, settleDoubts, sumDoubtful } from '../../store/doubtful-messages.ts'
import { ApiError } from '../api-error.ts'
import { actorOf, needAdmin } from './admin-access.ts'
import { one, oneOf, queryOf } from './query.ts'

export interface DoubtNeeds {
  readonly database: Database
  readonly clock: Clock
}

const channels = ['email', 'sms'] as const

const asked = z
  .strictObject({
    as: z.enum(doubtWords),
    id: z.uuid().optional(),
    all: z.boolean().optional(),
    journey: z.string().min(1).max(200).optional(),
    channel: z.enum(channels).optional(),
  })
  .refine(({ id, all, journey, channel }) => (id === undefined ? all === true : !all && !journey && !channel), {
    path: ['id'],
    message: 'must be the id of one message; or "all" must be true, with "journey" and "channel" to choose',
  })

/** Register beside the other admin routes: it is behind the same check. */
export function doubtRoutes(needs: DoubtNeeds): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    app.get('/messages/in-doubt', async (request) => {
      const query = queryOf(request)
      const filter = { journey: one(query, 'journey'), channel: oneOf(query, 'channel', channels) }
      const sums = await sumDoubtful(needs.database.pool, filter)
      return { total: sums.reduce((total, { count }) => total + count, 0), inDoubt: sums }
    })
    app.post('/messages/settle', { onRequest: needAdmin }, (request) => settle(needs, request))
  }
}

async function settle({ database, clock }: DoubtNeeds, request: FastifyRequest): Promise<object> {
  const parsed = asked.safeParse(request.body)
  if (!parsed.success) {
    const [problem] = problemsOf(parsed.error, request.body)
    const field = problem?.path.join('.') ?? ''
    throw new ApiError(400, `${field || 'body'}: ${problem?.rule ?? 'is refused'}`, field)
  }
  const { as, all: _, ...filter } = parsed.data
  const outcome = await database.transaction(async (client) => {
    const ended = await settleDoubts(client, filter, as, clock.nowMs())
    const chosen = Object.entries(filter).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))
    const detail = { as, ...(Object.fromEntries(chosen) as Record<string, string>), settled: ended.settled }
    if (ended.settled > 0) await noteChange(client, { actor: actorOf(request), action: 'settle', detail })
    return ended
  })
  if (filter.id !== undefined && outcome.kept > 0) {
    throw new ApiError(
      409,
      'It cannot be sent again: it is stale, or was asked for by the API, which must ask anew.',
      'as',
    )
  }
  if (filter.id !== undefined && outcome.settled === 0) {
    throw new ApiError(404, 'There is no message in doubt with this id.', 'id')
  }
  return outcome
}
