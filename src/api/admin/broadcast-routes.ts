/** The admin API for broadcasts: make one, start it, hold it up, look at it. */

import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { key } from '../../domain/document-parts.ts'
import { sayProblem } from '../../domain/problem.ts'
import { readSegmentPrice, type SegmentPrice, segmentPriceRule } from '../../domain/text-cost.ts'
import {
  type Broadcast,
  countConversions,
  countMessages,
  createBroadcast,
  listBroadcasts,
  sumSegments,
} from '../../store/broadcasts/broadcasts.ts'
import { ApiError } from '../api-error.ts'
import { parseJsonBodies } from '../body-parsers.ts'
import { needAdmin } from './admin-access.ts'
import type { AdminNeeds } from './admin-needs.ts'
import { type BroadcastControl, broadcastControl, foundBroadcast } from './broadcast-control.ts'
import { limitOf, queryOf } from './query.ts'

const maxBodyBytes = 1024 * 1024

const createBody = z.strictObject({ key, document: z.unknown() })
const throttleBody = z.strictObject({ perSecond: z.number().positive().max(1_000_000).nullable() })

interface Route {
  readonly Params: { readonly key: string }
}

/** Register beside the other admin routes: it is behind the same check. */
export function broadcastRoutes(needs: AdminNeeds): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    parseJsonBodies(app, maxBodyBytes)
    const control = broadcastControl(needs)
    const change = { bodyLimit: maxBodyBytes, onRequest: needAdmin }
    app.get('/broadcasts', (request) => list(needs, limitOf(queryOf(request))))
    app.post('/broadcasts', change, ({ body }) => create(needs, body))
    app.get<Route>('/broadcasts/:key', ({ params }) => show(needs, control, params.key))
    app.get<Route>('/broadcasts/:key/preview', async ({ params, query }) =>
      needs.previewBroadcast(await foundBroadcast(needs, params.key), priceOf(query)),
    )
    for (const verb of ['start', 'pause', 'resume', 'cancel'] as const) {
      app.post<Route>(`/broadcasts/:key/${verb}`, change, async ({ params }) =>
        summaryOf(await control[verb](params.key)),
      )
    }
    app.post<Route>('/broadcasts/:key/throttle', change, ({ params, body }) => throttle(control, params.key, body))
  }
}

async function list({ database }: AdminNeeds, limit: number): Promise<object> {
  return { broadcasts: (await listBroadcasts(database.pool, limit)).map(summaryOf) }
}

function summaryOf({ definition, document: _document, ...broadcast }: Broadcast): object {
  return { ...broadcast, channel: definition.channel, segment: definition.segment, topic: definition.topic }
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

async function show(needs: AdminNeeds, control: BroadcastControl, keyOrId: string): Promise<object> {
  const broadcast = await foundBroadcast(needs, keyOrId)
  const { segmentPrice } = needs
  const [messages, variants, progress, texts] = await Promise.all([
    countMessages(needs.database.pool, broadcast.key),
    broadcast.definition.variants.length > 1 ? countConversions(needs.database.pool, broadcast) : [],
    control.progress(broadcast),
    broadcast.definition.channel === 'sms' ? sumSegments(needs.database.pool, broadcast.key, segmentPrice) : {},
  ])
  return { ...summaryOf(broadcast), document: broadcast.definition, messages, variants, progress, ...texts }
}

/** `?price=0.0079 USD`, in place of the usual one. */
function priceOf(query: unknown): SegmentPrice | undefined {
  const { price } = query as { readonly price?: unknown }
  if (price === undefined) return undefined
  const read = typeof price === 'string' ? readSegmentPrice(price) : undefined
  if (read === undefined) throw new ApiError(400, `price: ${segmentPriceRule}`, 'price')
  return read
}

async function throttle(control: BroadcastControl, keyOrId: string, body: unknown): Promise<object> {
  const read = throttleBody.safeParse(body)
  if (!read.success) throw new ApiError(400, 'perSecond: must be a positive number, or null for no limit', 'perSecond')
  return summaryOf(await control.throttle(keyOrId, read.data.perSecond))
}
