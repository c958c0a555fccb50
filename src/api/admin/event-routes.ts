/** The admin API for events: what came in, newest first, and what is wrong with it. */

import type { FastifyInstance } from 'fastify'
import { type EventState, eventStates, listEvents, recentEventNames } from '../../store/event-list.ts'
import type { AdminNeeds } from './admin-needs.ts'
import { badCursor, limitOf, one, oneOf, type Query, queryOf } from './query.ts'

const mostNames = 200

/** Register beside the other admin routes: they are behind the same check. */
export function eventRoutes(app: FastifyInstance, needs: AdminNeeds): void {
  app.get('/events', (request) => answerEvents(needs, queryOf(request)))
  app.get('/events/names', async () => ({ names: await recentEventNames(needs.database.pool, mostNames) }))
}

async function answerEvents({ database }: AdminNeeds, query: Query): Promise<object> {
  const { events, next } = await listEvents(database.pool, {
    name: one(query, 'name'),
    state: oneOf(query, 'state', eventStates) as EventState | undefined,
    limit: limitOf(query),
    before: cursorOf(query),
  })
  return { events, cursor: next === null ? null : String(next) }
}

function cursorOf(query: Query): number | undefined {
  const cursor = one(query, 'cursor')
  if (cursor === undefined) return undefined
  if (!/^\d{1,15}$/.test(cursor)) throw badCursor()
  return Number(cursor)
}
