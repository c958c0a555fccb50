/** The pages about broadcasts. Whoever may see the console may see them: they hold nothing personal. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import {
  type Broadcast,
  countConversions,
  countMessages,
  findBroadcast,
  listBroadcasts,
} from '../store/broadcasts/broadcasts.ts'
import type { BroadcastVerb } from './broadcast-change-pages.ts'
import { broadcastChangeRoutes } from './broadcast-change-routes.ts'
import { broadcastListPage, broadcastPage } from './broadcast-pages.ts'
import type { Visitor } from './console-routes.ts'
import { html } from './html.ts'
import type { Refusal } from './refusal.ts'
import { cleanText } from './segment-form.ts'
import type { SegmentPageNeeds } from './segment-routes.ts'

export interface BroadcastPageNeeds extends SegmentPageNeeds {
  readonly visitor: (request: FastifyRequest) => Promise<Visitor | undefined>
  readonly steer: SteerBroadcast
}

export type SteerBroadcast = (wish: {
  readonly verb: BroadcastVerb
  readonly key: string
}) => Promise<Broadcast | Refusal>

type KeyRequest = FastifyRequest<{ Params: { key: string } }>

const mostShown = 100

export function broadcastPageRoutes(app: FastifyInstance, needs: BroadcastPageNeeds): void {
  app.get('/broadcasts', (request, reply) => showAll(needs, request, reply))
  app.get('/broadcasts/:key', (request: KeyRequest, reply) => showOne(needs, request, reply))
  broadcastChangeRoutes(app, needs)
}

async function showAll(needs: BroadcastPageNeeds, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const visitor = await needs.visitor(request)
  if (visitor === undefined) return reply.redirect('/login', 303)
  const broadcasts = await listBroadcasts(needs.database.pool, mostShown)
  return needs.send(reply, 200, 'Broadcasts · Perennial', broadcastListPage(broadcasts, visitor.role === 'admin'))
}

async function showOne(needs: BroadcastPageNeeds, request: KeyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const visitor = await needs.visitor(request)
  if (visitor === undefined) return reply.redirect('/login', 303)
  const { pool } = needs.database
  const broadcast = await findBroadcast(pool, cleanText(request.params.key))
  if (broadcast === undefined) return sendUnknownBroadcast(needs, reply)
  const [messages, variants] = await Promise.all([
    countMessages(pool, broadcast.key),
    broadcast.definition.variants.length > 1 ? countConversions(pool, broadcast) : [],
  ])
  const main = broadcastPage(broadcast, { messages, variants }, visitor.role === 'admin')
  return needs.send(reply, 200, `${broadcast.name} · Perennial`, main)
}

export function sendUnknownBroadcast({ send }: BroadcastPageNeeds, reply: FastifyReply): FastifyReply {
  const main = html`<main><h1>There is no such broadcast</h1><p><a href="/broadcasts">All broadcasts</a></p></main>`
  return send(reply, 404, 'Unknown broadcast', main)
}
