/** The admin API for sending identities: who is for what, signs with which keys, and what left under it today. */

import type { FastifyInstance } from 'fastify'
import { reportSenders, type SenderReportNeeds } from './senders.ts'

/** Register beside the other admin routes: it is behind the same check, and holds nothing of customers. */
export function senderRoutes(needs: SenderReportNeeds): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    app.get('/senders', async () => ({ senders: await reportSenders(needs) }))
  }
}
