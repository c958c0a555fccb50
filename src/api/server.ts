/** The HTTP side, put together from what it is handed. */

import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import type { Clock } from '../clock.ts'
import type { Database } from '../store/database.ts'
import type { Vault } from '../store/vault.ts'
import { handleErrors } from './api-error.ts'
import { createKeyCheck } from './key-check.ts'
import { createEventWriter } from './tracking/event-writer.ts'
import { trackingRoutes } from './tracking/tracking-routes.ts'

export interface ServerNeeds {
  readonly database: Database
  readonly vault: Vault
  readonly clock: Clock
  readonly logger: FastifyBaseLogger
}

export async function buildServer(needs: ServerNeeds): Promise<FastifyInstance> {
  // Addresses of requests can hold what somebody searched for: they are not logged.
  const logController = new LogController({ disableRequestLogging: true })
  const app = Fastify({ loggerInstance: needs.logger, logController, requestTimeout: 60_000 })
  handleErrors(app)
  const checkKey = createKeyCheck(needs.database.pool)
  const writer = createEventWriter(needs.database.pool)
  app.get('/health', async () => ({ status: 'ok' }))
  await app.register(trackingRoutes({ ...needs, checkKey, writer }), { prefix: '/v1' })
  return app
}
