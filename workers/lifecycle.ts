/**
 * The process that runs the workflows, and the activities they ask for.
 *
 *   node workers/lifecycle.ts [--queues lifecycle,deliver-email,deliver-sms,broadcast,training]
 *
 * Run as many as you like, each with all queues or with some: a slow provider or a training then holds up nobody else.
 */

import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import type { Logger } from 'pino'
import { createReconciliationActivities } from '../activities/reconcile.ts'
import type { ReconciliationActivities } from '../activities/reconciliation-types.ts'
import { createTrainingActivities } from '../activities/training.ts'
import { readDkimKey } from '../src/channels/email/compose/dkim.ts'
import { readSender } from '../src/channels/email/compose/sender-identity.ts'
import { createEmailChannel } from '../src/channels/email/email-channel.ts'
import { createMailgunLookup } from '../src/channels/email/mailgun-lookup.ts'
import { createSmsChannel, type SmsChannel } from '../src/channels/sms/sms-channel.ts'
import { createThreadRenderer } from '../src/channels/templates/thread-renderer.ts'
import { createWebhookChannel } from '../src/channels/webhook/webhook-channel.ts'
import { createClock } from '../src/clock.ts'
import { codeVersion } from '../src/code-version.ts'
import type { Config } from '../src/config.ts'
import { checkWorkflows } from '../src/intake/check-workflows.ts'
import type { Loop } from '../src/intake/loop.ts'
import { requireDatabaseUrl, runService } from '../src/service.ts'
import { createDefinitionsCache, loadTemplate } from '../src/store/campaigns.ts'
import { openDatabase } from '../src/store/database.ts'
import { describeError } from '../src/store/describe-error.ts'
import { createIdentifiers } from '../src/store/identifiers.ts'
import { webhookSecret } from '../src/store/links.ts'
import { openVault } from '../src/store/master-key.ts'
import { createTrainingStore } from '../src/store/training-store.ts'
import { loadMasterKeys } from '../src/store/vault.ts'
import { openTemporalClient, type TemporalClient, temporalConnectConfig } from '../src/temporal.ts'
import { broadcastQueue, deliveryQueues, lifecycleQueue, trainingQueue } from '../workflows/ids.ts'
import { type BroadcastWorkerActivities, createBroadcastWorkerActivities } from './broadcast-activities.ts'
import type { Neighbours } from './delivery-needs.ts'
import { startDoubtfulMail } from './doubtful-mail.ts'
import { startDoubtfulSms } from './doubtful-sms.ts'
import { createLifecycleActivities } from './lifecycle-activities.ts'
import { openMailSenders } from './mail-senders.ts'
import { keepFailuresPrivate, outageDelayMs } from './private-failures.ts'
import { ensureReconciliationSchedule } from './reconciliation-schedule.ts'
import { installTemporalRuntime } from './temporal-runtime.ts'
import { ensureTrainingSchedules } from './training-schedules.ts'
import { startWebhookCalls } from './webhook-calls.ts'
import { startWorkers, type WorkerPlan } from './worker-group.ts'
import { workflowBundle } from './workflow-bundle.ts'

/** Reviews at once: each holds a database connection for some milliseconds. */
const reviewsAtOnce = 16

/** Messages of one channel on their way at once. */
const deliveriesAtOnce = 8

/** Some 1.5 MB each; a workflow that falls out is replayed when it is needed again. */
const mostCachedWorkflows = 600

const allQueues = [lifecycleQueue, deliveryQueues.email, deliveryQueues.sms, broadcastQueue, trainingQueue]

/** Pages of broadcasts at once: each keeps the connections to the mail server busy by itself. */
const broadcastsAtOnce = 2

await runService('lifecycle', async (config, log) => {
  const queues = chosenQueues()
  const temporalLog = installTemporalRuntime(log)
  const { connectionOptions, namespace } = temporalConnectConfig(config.temporal)
  const neighbours = await openNeighbours(config, log)
  const bundle = queues.includes(lifecycleQueue) ? await workflowBundle(config.cacheDir, temporalLog) : undefined
  const temporal = openTemporalClient(config.temporal)
  const reconciliation = reconciliationActivities(neighbours, temporal, config)
  const broadcasts = createBroadcastWorkerActivities(neighbours, {
    from: config.mail.from,
    dkim: config.mail.dkim,
    senders: config.mail.senders ?? [],
    reportedBy: reportedBy(config),
  })
  const plans = planWorkers(neighbours, bundle, reconciliation, broadcasts, log).filter(({ taskQueue }) =>
    queues.includes(taskQueue),
  )
  const group = await startWorkers(connectionOptions, namespace, plans, log)
  if (queues.includes(trainingQueue)) {
    await schedule('trainings', log, () => ensureTrainingSchedules(temporal.client, config.clock.speed))
  }
  if (queues.includes(lifecycleQueue)) {
    await schedule('reconciliation', log, () => ensureReconciliationSchedule(temporal.client))
  }
  const webhooks = queues.includes(lifecycleQueue) ? callWebhooks(config, neighbours, log) : undefined
  const doubtfulSms = queues.includes(deliveryQueues.sms) ? askAboutSms(neighbours, log) : undefined
  const doubtfulMail = queues.includes(deliveryQueues.email) ? askAboutMail(config, neighbours, log) : undefined
  return {
    ready: { queues },
    async stop() {
      await Promise.all([webhooks?.stop(), doubtfulSms?.stop(), doubtfulMail?.stop()])
      await group.stop()
      await broadcasts.close()
      neighbours.email.close()
      for (const { email } of neighbours.senders ?? []) email.close()
      await neighbours.renderer.close()
      await temporal.close()
      await neighbours.database.close()
    },
  }
})

/** Without a schedule this is not done, but everything else works: the next start tries again. */
async function schedule(what: string, log: Logger, ensure: () => Promise<void>): Promise<void> {
  try {
    await ensure()
  } catch (error) {
    log.warn({ error: describeError(error), what }, 'a schedule could not be made')
  }
}

function reconciliationActivities({ database, clock }: Neighbours, temporal: TemporalClient, { crowdFrom }: Config) {
  const needs = {
    database,
    clock,
    temporal: temporal.client.workflow,
    crowdFrom: clock.speed === 1 ? crowdFrom : Number.POSITIVE_INFINITY, // As for the nudger.
  }
  return createReconciliationActivities({
    checkAndRepair: () => checkWorkflows(needs, { repair: true, askedBy: 'schedule' }),
  })
}

function callWebhooks(config: Config, { database, clock, vault }: Neighbours, log: Logger): Loop {
  const channel = createWebhookChannel({ secret: webhookSecret(vault), allowedHosts: config.webhookHosts })
  return startWebhookCalls({ database, channel, nowMs: () => clock.nowMs(), log })
}

/** Not where the shop's clock runs at another speed: the provider's does not. */
function askAboutSms({ database, vault, clock, sms: { find } }: Neighbours, log: Logger): Loop | undefined {
  if (find === undefined || clock.speed !== 1) return undefined
  return startDoubtfulSms({ database, vault, find, nowMs: () => clock.nowMs(), log })
}

function askAboutMail(
  { mailgun, mail }: Config,
  { database, vault, clock }: Neighbours,
  log: Logger,
): Loop | undefined {
  if (mailgun === undefined || clock.speed !== 1) return undefined
  const lookup = (from: string, domain = mailgun.domain) => ({
    find: createMailgunLookup({ ...mailgun, domain }),
    senderDomain: readSender(from).domain,
  })
  const others = new Map((mail.senders ?? []).map(({ key, from, mailgunDomain }) => [key, lookup(from, mailgunDomain)]))
  return startDoubtfulMail({ database, vault, ...lookup(mail.from), others, nowMs: () => clock.nowMs(), log })
}

function chosenQueues(): readonly string[] {
  const { values } = parseArgs({ options: { queues: { type: 'string' } } })
  if (values.queues === undefined) return allQueues
  const queues = values.queues.split(',')
  const unknown = queues.find((queue) => !allQueues.includes(queue))
  if (unknown !== undefined)
    throw new RangeError(`--queues: ${JSON.stringify(unknown)} is none of ${allQueues.join(', ')}`)
  return queues
}

async function openNeighbours(config: Config, log: Logger): Promise<Neighbours> {
  const database = openDatabase(requireDatabaseUrl(config), {
    name: 'lifecycle',
    maxConnections: reviewsAtOnce + 4,
    pipeline: true,
    onIdleError: (error) => log.warn({ error: describeError(error) }, 'database connection lost'),
  })
  if (config.smtpUrl === undefined) {
    throw new RangeError('SMTP_URL: must name a mail server ("perennial start" brings one up and sets it)')
  }
  const { from, postalAddress, bounceDomain } = config.mail
  const dkim = config.mail.dkim.map((key) => readDkimKey(key, (path) => readFileSync(path, 'utf8')))
  const publicUrl = config.http.publicUrl ?? `http://${config.http.host}:${config.http.port}`
  return {
    database,
    vault: await openVault(database.pool, loadMasterKeys(config)),
    clock: createClock(config.clock),
    definitions: createDefinitionsCache(database),
    template: (key, locale) => loadTemplate(database, key, locale),
    renderer: createThreadRenderer(),
    email: createEmailChannel({
      smtpUrl: config.smtpUrl,
      from,
      dkim,
      reportedBy: reportedBy(config),
    }),
    senders: openMailSenders(config.mail, config.smtpUrl, reportedBy(config)),
    bounceDomain,
    sms: config.twilio ? createSmsChannel(config.twilio) : channelWithoutProvider(),
    publicUrl,
    linksUrl: config.http.linksUrl,
    shop: { name: from.replace(/\s*<[^<>]*>\s*$/, ''), url: publicUrl, postalAddress },
  }
}

function reportedBy({ mailHooks }: Config): 'postmark' | undefined {
  return mailHooks?.postmarkAuth === undefined ? undefined : 'postmark'
}

function channelWithoutProvider(): SmsChannel {
  return { send: async () => ({ status: 'failed', reason: 'no SMS provider is configured' }) }
}

function planWorkers(
  neighbours: Neighbours,
  bundle: { code: string } | undefined,
  reconciliation: ReconciliationActivities,
  broadcasts: BroadcastWorkerActivities,
  log: Logger,
): WorkerPlan[] {
  const { lifecycle, delivery } = createLifecycleActivities(neighbours)
  const { database, definitions, clock, vault } = neighbours
  const common: Partial<WorkerPlan> = {
    interceptors: { activity: [keepFailuresPrivate(log)] },
    shutdownGraceTime: '10 seconds',
    shutdownForceTime: '18 seconds',
  }
  return [
    {
      ...common,
      taskQueue: lifecycleQueue,
      ...(bundle ? { workflowBundle: bundle } : {}),
      activities: { ...lifecycle, ...reconciliation, ...broadcasts.lifecycle },
      maxCachedWorkflows: mostCachedWorkflows,
      maxConcurrentActivityTaskExecutions: reviewsAtOnce,
      // A killed worker's customers wait no longer than this for another one.
      stickyQueueScheduleToStartTimeout: '5 seconds',
    },
    ...Object.values(deliveryQueues).map((taskQueue) => ({
      ...common,
      taskQueue,
      activities: delivery,
      interceptors: { activity: [keepFailuresPrivate(log, outageDelayMs)] },
      maxConcurrentActivityTaskExecutions: deliveriesAtOnce,
      // An eager task would pass by the rate limit of the queue.
      maxEagerActivityReservationsPerWorkflowTask: 0,
    })),
    {
      ...common,
      taskQueue: broadcastQueue,
      activities: broadcasts.sending,
      maxConcurrentActivityTaskExecutions: broadcastsAtOnce,
    },
    {
      ...common,
      taskQueue: trainingQueue,
      activities: createTrainingActivities({
        store: createTrainingStore(database),
        definitions,
        clock,
        idFor: createIdentifiers(vault, 'models').id,
        codeVersion,
      }),
      maxConcurrentActivityTaskExecutions: Math.max(1, availableParallelism() - 1),
    },
  ]
}
