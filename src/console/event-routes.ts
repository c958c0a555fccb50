/** The page of events. Whoever may see the console may see it: what was personal in them is not there any more. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type EventState, eventStates, listEvents, recentEventNames } from '../store/event-list.ts'
import { eventListPage } from './event-pages.ts'
import { forVisitors, type PageNeeds } from './page-needs.ts'
import { cleanText } from './typed-document.ts'

const pageSize = 50
const mostNames = 30

export function eventPageRoutes(app: FastifyInstance, needs: PageNeeds): void {
  app.get(
    '/events',
    forVisitors(needs, (request, reply) => show(needs, request, reply)),
  )
}

async function show({ database: { pool }, send }: PageNeeds, request: FastifyRequest, reply: FastifyReply) {
  const query = request.query as Readonly<Record<string, unknown>>
  const text = (name: string): string => {
    const value = query[name]
    return typeof value === 'string' ? cleanText(value).trim().slice(0, 256) : ''
  }
  const state: EventState | undefined = eventStates.find((one) => one === query['state'])
  const before = /^\d{1,15}$/.test(text('before')) ? Number(text('before')) : undefined
  const name = text('name') || undefined
  const [page, names] = await Promise.all([
    listEvents(pool, { name, state, before, limit: pageSize }),
    recentEventNames(pool, mostNames),
  ])
  const main = eventListPage({
    page,
    names,
    name,
    state,
    isFirst: before === undefined,
    isLive: query['live'] === '1' && before === undefined,
    address: `${request.protocol}://${request.host}`,
  })
  return send(reply, 200, 'Events · Perennial', main)
}
