/** The admin API: what is known and what is going on, for people and programs with a key that is more than a write key. */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import { personalViewOf } from '../../console/personal-view.ts'
import { noteAudit } from '../../store/audit.ts'
import { findCustomer } from '../../store/customer-details.ts'
import { isUuid, listCustomers } from '../../store/customer-list.ts'
import { listMessages, messageStatuses } from '../../store/message-list.ts'
import { segmentsOf } from '../../store/segments/segment-reports.ts'
import { readStatus } from '../../store/status.ts'
import { ApiError } from '../api-error.ts'
import { actorOf, letIn, roleOf } from './admin-access.ts'
import type { AdminNeeds } from './admin-needs.ts'
import { broadcastRoutes } from './broadcast-routes.ts'
import { deliverabilityRoutes } from './deliverability-routes.ts'
import { doubtRoutes } from './doubt-routes.ts'
import { eventRoutes } from './event-routes.ts'
import { feedbackRoutes } from './feedback-routes.ts'
import { journeyRoutes } from './journey-routes.ts'
import { lifecycleRoutes } from './lifecycle-routes.ts'
import { mergeRoutes } from './merge-routes.ts'
import { modelRoutes } from './model-routes.ts'
import { offerRoutes } from './offer-routes.ts'
import { personRoutes } from './person-routes.ts'
import { badCursor, idCursor, limitOf, one, oneOf, type Query, queryOf, uuidOf } from './query.ts'
import { adminReferralRoutes } from './referral-routes.ts'
import { segmentRoutes } from './segment-routes.ts'
import { senderRoutes } from './sender-routes.ts'
import { sendingRoutes } from './sending-routes.ts'
import { suppressionRoutes } from './suppression-routes.ts'
import { taskRoutes } from './task-routes.ts'
import { templateRoutes } from './template-routes.ts'
import { webhookRoutes } from './webhook-routes.ts'
import { whyRoutes } from './why-routes.ts'

const stages = ['acquire', 'activate', 'retain', 'revenue', 'refer'] as const

/** Register under `/api`. */
export function adminRoutes(needs: AdminNeeds): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    app.addHook('onRequest', letIn(needs.checkKey))
    app.get('/customers', (request) => answerCustomers(needs, queryOf(request)))
    app.get<{ Params: { id: string } }>('/customers/:id', (request) => answerCustomer(needs, request))
    app.get('/messages', (request) => answerMessages(needs, queryOf(request)))
    app.get('/status', () => answerStatus(needs))
    await app.register(personRoutes(needs))
    await app.register(suppressionRoutes(needs))
    await app.register(mergeRoutes(needs))
    await app.register(taskRoutes(needs))
    await app.register(journeyRoutes(needs))
    await app.register(broadcastRoutes(needs))
    await app.register(offerRoutes(needs))
    await app.register(adminReferralRoutes(needs))
    eventRoutes(app, needs)
    segmentRoutes(app, needs)
    modelRoutes(app, needs)
    await app.register(feedbackRoutes(needs))
    lifecycleRoutes(app, needs)
    await app.register(whyRoutes(needs))
    await app.register(templateRoutes(needs))
    await app.register(webhookRoutes(needs))
    await app.register(deliverabilityRoutes(needs))
    await app.register(senderRoutes(needs))
    await app.register(doubtRoutes(needs))
    await app.register(sendingRoutes(needs))
  }
}

async function answerCustomers({ database, vault }: AdminNeeds, query: Query): Promise<object> {
  const { next, ...page } = await listCustomers(database.pool, vault, {
    search: one(query, 'search'),
    externalId: one(query, 'externalId'),
    stage: oneOf(query, 'stage', stages),
    limit: limitOf(query),
    after: idCursor(query),
  })
  return { ...page, cursor: next }
}

/** Masks, unless an admin asks for more in so many words; that is written down. */
async function answerCustomer(
  { database, vault }: AdminNeeds,
  request: FastifyRequest<{ Params: { id: string } }>,
): Promise<object> {
  const { id } = request.params
  const wantsOpen = oneOf(queryOf(request), 'personal', ['masked', 'open']) === 'open'
  if (wantsOpen && roleOf(request) !== 'admin')
    throw new ApiError(403, 'personal: only an admin may open it', 'personal')
  const role = roleOf(request) === 'admin' && !wantsOpen ? 'marketer' : roleOf(request)
  const view = personalViewOf(role)
  const customer = isUuid(id) ? await findCustomer(database.pool, vault, id, view) : undefined
  if (customer !== undefined && wantsOpen) {
    await noteAudit(database.pool, vault, { actor: actorOf(request), action: 'open', customerId: id })
  }
  if (customer === undefined) throw new ApiError(404, 'There is no customer with this id.', 'id')
  return { ...customer, segments: await segmentsOf(database.pool, customer.id) }
}

async function answerMessages({ database }: AdminNeeds, query: Query): Promise<object> {
  const { messages, total, hasMore } = await listMessages(database.pool, {
    status: oneOf(query, 'status', messageStatuses),
    journey: one(query, 'journey'),
    channel: oneOf(query, 'channel', ['email', 'sms']),
    customerId: uuidOf(query, 'customer'),
    limit: limitOf(query),
    after: messageCursor(query),
  })
  const last = messages.at(-1)
  return { total, messages, cursor: hasMore && last !== undefined ? `${last.plannedAt.getTime()}_${last.id}` : null }
}

async function answerStatus({ database, countWorkflows }: AdminNeeds): Promise<object> {
  const [status, workflows] = await Promise.all([readStatus(database.pool), countWorkflows()])
  return { ...status, workflows }
}

function messageCursor(query: Query): { readonly plannedMs: number; readonly id: string } | undefined {
  const cursor = one(query, 'cursor')
  if (cursor === undefined) return undefined
  const [plannedMs = '', id = ''] = cursor.split('_')
  if (!/^\d{1,15}$/.test(plannedMs) || !isUuid(id)) throw badCursor()
  return { plannedMs: Number(plannedMs), id }
}
