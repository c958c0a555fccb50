/** A whole little product for one test file: database, Temporal namespace, mail server, workers in this process. */

import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import type { Client } from '@temporalio/client'
import { Connection, Client as TemporalClient } from '@temporalio/client'
import { NativeConnection, Worker } from '@temporalio/worker'
import { pino } from 'pino'
import { inject } from 'vitest'
import { createEmailChannel } from '../../../src/channels/email/email-channel.ts'
import type { SmsChannel } from '../../../src/channels/sms/sms-channel.ts'
import { type Clock, createClock } from '../../../src/clock.ts'
import type { ClockConfig } from '../../../src/config.ts'
import { ensureSearchAttributes } from '../../../src/embedded/search-attributes.ts'
import { createDefinitionsCache, loadTemplate, publishCampaigns } from '../../../src/store/campaigns.ts'
import { type Database, openDatabase } from '../../../src/store/database.ts'
import { Vault } from '../../../src/store/vault.ts'
import { createLifecycleActivities } from '../../../workers/lifecycle-activities.ts'
import { keepFailuresPrivate } from '../../../workers/private-failures.ts'
import { workflowBundle } from '../../../workers/workflow-bundle.ts'
import { customerWorkflowId, deliveryQueues, lifecycleQueue } from '../../../workflows/ids.ts'
import { customerLifecycleType, lookSignal } from '../../../workflows/messages.ts'
import { createTestDatabase } from '../../support/database.ts'
import { type MailServer, startMailServer } from './mail-server.ts'

export interface World {
  readonly database: Database
  readonly databaseUrl: string
  readonly vault: Vault
  readonly masterKey: Buffer
  readonly clock: Clock
  readonly clockConfig: ClockConfig
  readonly mail: MailServer
  readonly client: Client
  readonly namespace: string
  readonly temporalAddress: string
  readonly publicUrl: string
  /** Runs workers of all queues while `work` runs. */
  withWorkers<T>(work: () => Promise<T>, options?: WorkersOptions): Promise<T>
  /** Says "look" to a customer's workflow, and starts it if it does not run. */
  look(customerId: string): Promise<void>
  close(): Promise<void>
}

export interface WorkersOptions {
  readonly sms?: SmsChannel
  /** Default: 0, so that every step of every workflow replays all that was before. */
  readonly maxCachedWorkflows?: number
}

/** A day of the product takes as long as here a second does, unless the test says otherwise. */
const dayASecond = 86_400
const campaigns = fileURLToPath(new URL('../campaigns/', import.meta.url))
const publicUrl = 'https://shop.example'

export async function createWorld({ speed = dayASecond }: { speed?: number } = {}): Promise<World> {
  const testDatabase = await createTestDatabase()
  const database = openDatabase(testDatabase.url)
  const masterKey = Buffer.alloc(32, 7)
  const vault = new Vault(masterKey)
  // Noon, so that nobody's first look falls into the quiet hours.
  const clockConfig = { speed, startsAtMs: Date.UTC(2026, 2, 2, 12), anchoredAtMs: Date.now() }
  const clock = createClock(clockConfig)
  await publishCampaigns(database, campaigns, clock.nowMs())
  const mail = await startMailServer()
  const temporal = await openNamespace()
  const world = {
    database,
    databaseUrl: testDatabase.url,
    vault,
    masterKey,
    clock,
    clockConfig,
    mail,
    publicUrl,
    ...temporal,
  }
  return {
    ...world,
    withWorkers: (work, options) => withWorkers(world, work, options),
    async look(customerId) {
      await temporal.client.workflow.signalWithStart(customerLifecycleType, {
        workflowId: customerWorkflowId(customerId),
        taskQueue: lifecycleQueue,
        args: [{ customerId }],
        signal: lookSignal,
      })
    },
    async close() {
      await mail.close()
      await temporal.disconnect()
      await database.close()
      await testDatabase.drop()
    },
  }
}

/** A namespace of its own: queues have the same names everywhere, and files of tests run side by side. */
async function openNamespace(): Promise<{
  client: Client
  connection: NativeConnection
  namespace: string
  temporalAddress: string
  disconnect(): Promise<void>
}> {
  const temporalAddress = inject('temporalAddress')
  const [connection, clientConnection] = await Promise.all([
    NativeConnection.connect({ address: temporalAddress }),
    Connection.connect({ address: temporalAddress }),
  ])
  const namespace = `test-${randomUUID()}`
  await clientConnection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: { seconds: 86_400 } as never,
  })
  await ensureSearchAttributes(clientConnection, namespace)
  const client = new TemporalClient({ connection: clientConnection, namespace })
  const disconnect = async (): Promise<void> => {
    await Promise.all([connection.close(), clientConnection.close()])
  }
  return { client, connection, namespace, temporalAddress, disconnect }
}

type Parts = Omit<World, 'withWorkers' | 'look' | 'close'> & { readonly connection: NativeConnection }

async function withWorkers<T>(
  { database, vault, clock, mail, connection, namespace }: Parts,
  work: () => Promise<T>,
  { sms = noSms, maxCachedWorkflows = 0 }: WorkersOptions = {},
): Promise<T> {
  const email = createEmailChannel({ smtpUrl: mail.url, from: 'Shop <shop@shop.example>', connections: 4 })
  const { lifecycle, delivery } = createLifecycleActivities({
    database,
    vault,
    clock,
    definitions: createDefinitionsCache(database),
    template: (key) => loadTemplate(database, key),
    email,
    sms,
    publicUrl,
    shop: { name: 'Shop', url: publicUrl, postalAddress: 'Shop, 1 Garden Row' },
  })
  const common = { connection, namespace, interceptors: { activity: [keepFailuresPrivate(pino({ level: 'silent' }))] } }
  const bundle = await workflowBundle(fileURLToPath(new URL('../../../.cache', import.meta.url)))
  const workers = await Promise.all([
    Worker.create({
      ...common,
      taskQueue: lifecycleQueue,
      workflowBundle: bundle,
      activities: lifecycle,
      maxCachedWorkflows,
    }),
    ...Object.values(deliveryQueues).map((taskQueue) => Worker.create({ ...common, taskQueue, activities: delivery })),
  ])
  const running = workers.map((worker) => worker.run())
  try {
    return await work()
  } finally {
    for (const worker of workers) worker.shutdown()
    await Promise.all(running)
    email.close()
  }
}

const noSms: SmsChannel = { send: async () => ({ status: 'failed', reason: 'no SMS in this test' }) }
