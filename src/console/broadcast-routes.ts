/** The pages about broadcasts. Whoever may see the console may see them: they hold nothing personal. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { countConversions, countMessages, findBroadcast, listBroadcasts } from '../store/broadcasts/broadcasts.ts'
import { broadcastListPage, broadcastPage } from './broadcast-pages.ts'
import { html } from './html.ts'
import type { SegmentPageNeeds } from './segment-routes.ts'

type KeyRequest = FastifyRequest<{ Params: { key: string } }>

const mostShown = 100

export function broadcastPageRoutes(app: FastifyInstance, needs: SegmentPageNeeds): void {
  app.get('/broadcasts', (request, reply) => showAll(needs, request, reply))
  app.get('/broadcasts/:key', (request: KeyRequest, reply) => showOne(needs, request, reply))
}

async function showAll(needs: SegmentPageNeeds, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  if (!(await needs.isSignedIn(request))) return reply.redirect('/login', 303)
  const broadcasts = await listBroadcasts(needs.database.pool, mostShown)
  return needs.send(reply, 200, 'Broadcasts · Perennial', broadcastListPage(broadcasts))
}

async function showOne(needs: SegmentPageNeeds, request: KeyRequest, reply: FastifyReply): Promise<FastifyReply> {
  if (!(await needs.isSignedIn(request))) return reply.redirect('/login', 303)
  const { pool } = needs.database
  const broadcast = await findBroadcast(pool, request.params.key)
  if (broadcast === undefined) {
    const main = html`<main><h1>There is no such broadcast</h1><p><a href="/broadcasts">All broadcasts</a></p></main>`
    return needs.send(reply, 404, 'Unknown broadcast', main)
  }
  const [messages, variants] = await Promise.all([
    countMessages(pool, broadcast.key),
    broadcast.definition.variants.length > 1 ? countConversions(pool, broadcast) : [],
  ])
  return needs.send(reply, 200, `${broadcast.name} · Perennial`, broadcastPage(broadcast, { messages, variants }))
}
