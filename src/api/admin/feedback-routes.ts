/** The admin API for what messages did: outcomes, lift against hold-outs, and what to plan next. */

import type { FastifyInstance } from 'fastify'
import { dayMs } from '../../domain/time.ts'
import { messageOutcomes, type OutcomesWanted } from '../../store/message-outcomes.ts'
import { ApiError } from '../api-error.ts'
import { parseJsonBodies } from '../body-parsers.ts'
import type { AdminNeeds } from './admin-needs.ts'
import { feedbackOf, planOffers } from './feedback.ts'
import { limitOf, one, type Query, queryOf } from './query.ts'

const defaultDays = 90
const defaultWithinDays = 7

/** Register beside the other admin routes: it is behind the same check. */
export function feedbackRoutes(needs: AdminNeeds): (app: FastifyInstance) => Promise<void> {
  const { clock } = needs
  const wanted = (query: Query) => ({
    sinceMs: clock.nowMs() - wholeDays(query, 'days', defaultDays, 3_650) * dayMs,
    nowMs: clock.nowMs(),
    withinDays: wholeDays(query, 'within', defaultWithinDays, 90),
    journey: one(query, 'journey'),
  })
  return async (app) => {
    parseJsonBodies(app, 64 * 1024)
    app.get('/feedback', (request) => feedbackOf(needs, wanted(queryOf(request))))
    app.get('/feedback/messages', (request) => answerMessages(needs, queryOf(request), wanted(queryOf(request))))
    app.post('/planner', (request) => planOffers(needs, request.body))
  }
}

async function answerMessages({ database }: AdminNeeds, query: Query, wanted: OutcomesWanted): Promise<object> {
  return { messages: await messageOutcomes(database.pool, wanted, limitOf(query)) }
}

function wholeDays(query: Query, name: string, otherwise: number, most: number): number {
  const text = one(query, name)
  if (text === undefined) return otherwise
  const days = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (days >= 1 && days <= most) return days
  throw new ApiError(400, `${name}: must be a whole number from 1 to ${most}`, name)
}
