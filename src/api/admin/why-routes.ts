/** Why was this sent, and why not? The decisions behind it, in plain sentences. */

import type { FastifyInstance } from 'fastify'
import { explain } from '../../domain/explain.ts'
import { isUuid } from '../../store/customer-list.ts'
import type { Database } from '../../store/database.ts'
import { type DecisionMade, decisionsBehind, decisionsOf, findAskedMessage } from '../../store/why.ts'
import { ApiError } from '../api-error.ts'
import { limitOf, one, type Query, queryOf, uuidOf } from './query.ts'

export interface WhyNeeds {
  readonly database: Database
}

/** Register inside the admin API. Holds nothing personal: every role may ask. */
export function whyRoutes(needs: WhyNeeds): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    app.get<{ Params: { id: string } }>('/customers/:id/why', (request) =>
      answerWhy(needs, request.params.id, queryOf(request)),
    )
    app.get<{ Params: { id: string } }>('/messages/:id/why', (request) => answerMessage(needs, request.params.id))
  }
}

async function answerWhy(needs: WhyNeeds, id: string, query: Query): Promise<object> {
  if (!isUuid(id)) throw new ApiError(404, 'There is no customer with this id.', 'id')
  const messageId = uuidOf(query, 'message')
  if (messageId !== undefined) return answerMessage(needs, messageId)
  const decisions = await decisionsOf(needs.database.pool, id, {
    limit: limitOf(query),
    journey: one(query, 'journey'),
  })
  return { customerId: id, decisions: decisions.map(told) }
}

async function answerMessage({ database }: WhyNeeds, id: string): Promise<object> {
  const message = isUuid(id) ? await findAskedMessage(database.pool, id) : undefined
  if (message === undefined) throw new ApiError(404, 'There is no message with this id.', 'message')
  const decisions = await decisionsBehind(database.pool, message)
  return { customerId: message.customerId, message, decisions: decisions.map(told) }
}

function told(decision: DecisionMade): DecisionMade & { readonly sentence: string } {
  return { sentence: explain(decision), ...decision }
}
