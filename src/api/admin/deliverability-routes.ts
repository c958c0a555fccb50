/** The admin API for how well mail arrives: rates of bounces and complaints, what is paused and why, and to resume it. */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Clock } from '../../clock.ts'
import { judgeAll } from '../../domain/deliverability.ts'
import type { Database } from '../../store/database.ts'
import { findPauses, findRates, liftPause } from '../../store/sending-pauses.ts'
import { ApiError } from '../api-error.ts'
import { actorOf, needAdmin } from './admin-access.ts'
import { reportPlans, type SenderReportNeeds } from './senders.ts'

export type DeliverabilityNeeds = SenderReportNeeds

/** Register beside the other admin routes: it is behind the same check. */
export function deliverabilityRoutes(needs: DeliverabilityNeeds): (app: FastifyInstance) => Promise<void> {
  const { database, clock } = needs
  return async (app) => {
    app.get('/deliverability', async () => {
      const [rates, pauses, plans] = await Promise.all([
        findRates(database.pool, clock.nowMs()),
        findPauses(database.pool),
        reportPlans(needs),
      ])
      return { rates: judgeAll(rates), pauses, plans }
    })
    app.post<WithId>('/deliverability/pauses/:id/resume', { onRequest: needAdmin }, (request) =>
      resume(database, clock, request),
    )
  }
}

interface WithId {
  readonly Params: { readonly id: string }
}

async function resume({ pool }: Database, clock: Clock, request: FastifyRequest<WithId>): Promise<object> {
  const { id } = request.params
  const isLifted = /^\d{1,15}$/.test(id) && (await liftPause(pool, id, actorOf(request), clock.nowMs()))
  if (!isLifted) throw new ApiError(404, 'There is no such pause in force.', 'id')
  return { resumed: id }
}
