/** The pages about broadcasts. Whoever may see the console may see them: they hold nothing personal. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { BroadcastPreview } from '../domain/broadcast-preview.ts'
import type { SegmentPrice } from '../domain/text-cost.ts'
import {
  type Broadcast,
  countConversions,
  countMessages,
  findBroadcast,
  listBroadcasts,
  sumSegments,
} from '../store/broadcasts/broadcasts.ts'
import type { BroadcastVerb } from './broadcast-change-pages.ts'
import { broadcastChangeRoutes } from './broadcast-change-routes.ts'
import { broadcastListPage, broadcastPage } from './broadcast-pages.ts'
import { html } from './html.ts'
import { forVisitors, type PageNeeds, type Visitor } from './page-needs.ts'
import type { Refusal } from './refusal.ts'
import { cleanText } from './typed-document.ts'

export interface BroadcastPageNeeds extends PageNeeds {
  readonly steer: SteerBroadcast
  readonly preview: (broadcast: Broadcast) => Promise<BroadcastPreview>
  /** Of a part of a text message. */
  readonly segmentPrice?: SegmentPrice | undefined
}

export type SteerBroadcast = (wish: {
  readonly verb: BroadcastVerb
  readonly key: string
  /** What was looked at; if it is another one by now, nothing is done. */
  readonly version?: string | undefined
}) => Promise<Broadcast | Refusal>

type KeyRequest = FastifyRequest<{ Params: { key: string } }>

const mostShown = 100

export function broadcastPageRoutes(app: FastifyInstance, needs: BroadcastPageNeeds): void {
  app.get(
    '/broadcasts',
    forVisitors(needs, (_request, reply, visitor) => showAll(needs, reply, visitor)),
  )
  app.get(
    '/broadcasts/:key',
    forVisitors(needs, (request: KeyRequest, reply, visitor) => showOne(needs, request, reply, visitor)),
  )
  broadcastChangeRoutes(app, needs)
}

async function showAll(needs: BroadcastPageNeeds, reply: FastifyReply, visitor: Visitor): Promise<FastifyReply> {
  const broadcasts = await listBroadcasts(needs.database.pool, mostShown)
  return needs.send(reply, 200, 'Broadcasts · Perennial', broadcastListPage(broadcasts, visitor.role === 'admin'))
}

async function showOne(
  needs: BroadcastPageNeeds,
  request: KeyRequest,
  reply: FastifyReply,
  visitor: Visitor,
): Promise<FastifyReply> {
  const { pool } = needs.database
  const broadcast = await findBroadcast(pool, cleanText(request.params.key))
  if (broadcast === undefined) return sendUnknownBroadcast(needs, reply)
  const isText = broadcast.definition.channel === 'sms'
  const [messages, variants, texts] = await Promise.all([
    countMessages(pool, broadcast.key),
    broadcast.definition.variants.length > 1 ? countConversions(pool, broadcast) : [],
    isText ? sumSegments(pool, broadcast.key, needs.segmentPrice) : null,
  ])
  const main = broadcastPage(broadcast, { messages, variants, texts }, visitor.role === 'admin')
  return needs.send(reply, 200, `${broadcast.name} · Perennial`, main)
}

export function sendUnknownBroadcast({ send }: BroadcastPageNeeds, reply: FastifyReply): FastifyReply {
  const main = html`<main><h1>There is no such broadcast</h1><p><a href="/broadcasts">All broadcasts</a></p></main>`
  return send(reply, 404, 'Unknown broadcast', main)
}
