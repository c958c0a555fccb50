/** The HTTP side, put together from what it is handed. */

import type { WorkflowClient } from '@temporalio/client'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import { readSender } from '../channels/email/compose/sender-identity.ts'
import type { Clock } from '../clock.ts'
import type { Config } from '../config.ts'
import { consoleRoutes } from '../console/console-routes.ts'
import { createDefinitionsCache } from '../store/campaigns.ts'
import type { Database } from '../store/database.ts'
import type { Vault } from '../store/vault.ts'
import { adminRoutes } from './admin/admin-routes.ts'
import { broadcastPreviewer } from './admin/broadcast-preview.ts'
import { templatePreviewer } from './admin/template-preview.ts'
import type { TestChannels } from './admin/test-messages.ts'
import { readTestTeam } from './admin/test-recipients.ts'
import { countWorkflows } from './admin/workflow-counts.ts'
import { handleErrors } from './api-error.ts'
import { consoleDoors } from './console-doors.ts'
import { confirmRoutes } from './customer-pages/confirm-routes.ts'
import { preferenceRoutes } from './customer-pages/preference-routes.ts'
import { previewLinkRoutes } from './customer-pages/preview-links.ts'
import { providerRoutes } from './hooks/provider-routes.ts'
import type { FetchText } from './hooks/sns.ts'
import { twilioRoutes } from './hooks/twilio-routes.ts'
import { createKeyCheck } from './key-check.ts'
import { messageLinkRoutes } from './message-links/message-link-routes.ts'
import { messageRoutes } from './messages/message-routes.ts'
import { metricsRoutes, timeRequests } from './metrics-routes.ts'
import { answerReady } from './ready.ts'
import { recommendationRoutes } from './recommendation-routes.ts'
import { referralRoutes } from './referral-routes.ts'
import { surveyRoutes } from './survey-routes.ts'
import { createEventWriter } from './tracking/event-writer.ts'
import { trackingRoutes } from './tracking/tracking-routes.ts'
import { unsubscribeRoutes } from './unsubscribe-routes.ts'

export interface ServerNeeds {
  readonly database: Database
  readonly vault: Vault
  readonly clock: Clock
  readonly logger: FastifyBaseLogger
  readonly temporal: WorkflowClient
  readonly config: Pick<Config, 'mail' | 'twilio' | 'pages' | 'mailHooks'> &
    Partial<Pick<Config, 'testRecipients' | 'http' | 'segmentPrice'>>
  /** By which tests leave. Undefined: this process reaches no provider. */
  readonly testChannels?: TestChannels | undefined
  /** Default: over the network, with a limit of time and size. */
  readonly fetchText?: FetchText
  /** In Temporal. */
  readonly namespace: string
  /** The address under which others reach this server, without a path. */
  readonly publicUrl: string
}

/** Not listening yet. Closing it does not close what it was handed. */
export async function buildServer(needs: ServerNeeds): Promise<FastifyInstance> {
  const { config, database, publicUrl, temporal } = needs
  // Addresses of requests can hold what somebody searched for: they are not logged.
  const logController = new LogController({ disableRequestLogging: true })
  const app = Fastify({ loggerInstance: needs.logger, logController, requestTimeout: 60_000 })
  handleErrors(app)
  const requests = timeRequests(app)
  const checkKey = createKeyCheck(database)
  const writer = createEventWriter(database.pool)
  app.get('/health', () => ({ status: 'ok' }))
  app.get('/ready', (_request, reply) => answerReady(database, reply))
  await app.register(trackingRoutes({ ...needs, checkKey, writer }), { prefix: '/v1' })
  await app.register(recommendationRoutes({ database, checkKey }), { prefix: '/v1' })
  await app.register(messageRoutes({ ...needs, checkKey }), { prefix: '/v1' })
  const definitions = createDefinitionsCache(database)
  const brand = displayName(config.mail.from)
  const previewer = templatePreviewer({ ...needs, mail: config.mail, brand })
  const broadcasts = broadcastPreviewer({
    ...needs,
    mail: config.mail,
    brand,
    linksUrl: config.http?.linksUrl ?? publicUrl,
    segmentPrice: config.segmentPrice,
    definitions: () => definitions.get(),
  })
  app.addHook('onClose', () => Promise.all([previewer.close(), broadcasts.close()]).then(() => undefined))
  const admin = {
    ...needs,
    mail: config.mail,
    brand,
    previewer,
    previewBroadcast: broadcasts.show,
    segmentPrice: config.segmentPrice,
    testChannels: needs.testChannels,
    team: readTestTeam(config.testRecipients ?? [], readSender(config.mail.from).domain),
    checkKey,
    definitions: () => definitions.get(),
    countWorkflows: () => countWorkflows(temporal),
  }
  await app.register(adminRoutes(admin), { prefix: '/api' })
  await app.register(metricsRoutes({ ...needs, checkKey, requests }))
  await app.register(surveyRoutes(needs))
  await app.register(referralRoutes({ database, definitions: () => definitions.get() }))
  await app.register(messageLinkRoutes({ ...needs, brand }))
  const pages = { ...needs, brand, policy: async () => (await definitions.get()).policy }
  await app.register(unsubscribeRoutes(pages))
  await app.register(previewLinkRoutes({ brand }))
  await app.register(preferenceRoutes(pages))
  await app.register(confirmRoutes(pages))
  const hooks = { ...pages, authToken: config.twilio?.authToken }
  await app.register(twilioRoutes(hooks), { prefix: '/hooks/twilio' })
  const { mailHooks = {} } = config
  await app.register(providerRoutes({ ...needs, mailHooks, fetchText: needs.fetchText ?? fetchSmallText }), {
    prefix: '/hooks',
  })
  const isSecure = publicUrl.startsWith('https:')
  await app.register(consoleRoutes({ ...needs, ...consoleDoors(admin), pages: config.pages, isSecure }))
  return app
}

/** For certificates, which are small. */
async function fetchSmallText(url: string): Promise<string> {
  const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(5_000) })
  if (!response.ok) throw new Error(`certificate: answered ${response.status}`)
  return (await response.text()).slice(0, 100_000)
}

/** The name in `Some Shop <shop@example.org>`. */
function displayName(from: string): string {
  return (
    from
      .replace(/<[^>]*>/, '')
      .replaceAll('"', '')
      .trim() || 'We'
  )
}
