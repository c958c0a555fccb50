/** The admin API for calls to others' addresses: what was given up and why, and to try it again. */

import type { FastifyInstance } from 'fastify'
import { isUuid } from '../../store/customer-list.ts'
import type { Database } from '../../store/database.ts'
import { listCalls, resendCalls, type WebhookStatus, webhookStatuses } from '../../store/webhook-calls.ts'
import { ApiError } from '../api-error.ts'
import { needAdmin } from './admin-access.ts'
import { limitOf, oneOf, type Query, queryOf } from './query.ts'

/** Register beside the other admin routes: it is behind the same check. */
export function webhookRoutes({ database }: { readonly database: Database }): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    app.get('/webhooks', (request) => answerCalls(database, queryOf(request)))
    app.post('/webhooks/resend', { onRequest: needAdmin }, async () => ({
      resent: await resendCalls(database.pool, undefined),
    }))
    app.post<{ Params: { id: string } }>(
      '/webhooks/:id/resend',
      { onRequest: needAdmin },
      async ({ params: { id } }) => {
        const resent = isUuid(id) ? await resendCalls(database.pool, id) : 0
        if (resent === 0) throw new ApiError(404, 'There is no call of this id that was given up.', 'id')
        return { resent }
      },
    )
  }
}

async function answerCalls({ pool }: Database, query: Query): Promise<object> {
  const status = oneOf(query, 'status', webhookStatuses) as WebhookStatus | undefined
  return { webhooks: await listCalls(pool, status, limitOf(query)) }
}
