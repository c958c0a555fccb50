/** A whole little product for one test file: store, Temporal namespace, and workers in this process. */

import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { Client, Connection } from '@temporalio/client'
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker'
import { pino } from 'pino'
import { inject } from 'vitest'
import type { SmsChannel } from '../../../src/channels/sms/sms-channel.ts'
import { type Clock, createClock } from '../../../src/clock.ts'
import type { ClockConfig } from '../../../src/config.ts'
import { ensureSearchAttributes } from '../../../src/embedded/search-attributes.ts'
import { keepFailuresPrivate } from '../../../workers/private-failures.ts'
import { workflowBundle } from '../../../workers/workflow-bundle.ts'
import { broadcastQueue, customerWorkflowId, deliveryQueues, lifecycleQueue } from '../../../workflows/ids.ts'
import { customerLifecycleType, lookSignal } from '../../../workflows/messages.ts'
import { createStoreWorld, mondayNoonMs, type StoreWorld } from './store-world.ts'

export interface World extends StoreWorld, TestNamespace {
  readonly clockConfig: ClockConfig
  /** Runs workers of all queues while `work` runs. */
  withWorkers<T>(work: () => Promise<T>, options?: WorkersOptions): Promise<T>
  /** Says "look" to a customer's workflow, and starts it if it does not run. */
  look(customerId: string): Promise<void>
}

export interface TestNamespace {
  readonly client: Client
  readonly connection: NativeConnection
  readonly namespace: string
  readonly temporalAddress: string
}

export interface WorkersOptions {
  readonly sms?: SmsChannel
  /** Default: 0, so that every step of every workflow replays all that was before. */
  readonly maxCachedWorkflows?: number
  /** Default: those of the world. */
  readonly activities?: StoreWorld['activities']
}

/** A day of the product takes two seconds here: quick enough to wait for, slow enough for a busy machine to keep up. */
const usualSpeed = 43_200

Runtime.install({ logger: new DefaultLogger('ERROR') })

export interface WorldOptions {
  readonly speed?: number
  /** Instead of one that runs at that speed. */
  readonly clock?: Clock
  readonly campaigns?: string
}

export async function createWorld({ speed = usualSpeed, clock, campaigns }: WorldOptions = {}): Promise<World> {
  const clockConfig = { speed, startsAtMs: mondayNoonMs, anchoredAtMs: Date.now() }
  const store = await createStoreWorld(clock ?? createClock(clockConfig), campaigns)
  const { disconnect, ...temporal } = await openNamespace()
  const world = { ...store, ...temporal, clockConfig }
  return {
    ...world,
    withWorkers: (work, options) => withWorkers(world, work, options),
    look: (customerId) => look(temporal.client, customerId),
    async close() {
      await disconnect()
      await store.close()
    },
  }
}

/** A namespace of its own: queues have the same names everywhere, and files of tests run side by side. */
export async function openNamespace(): Promise<TestNamespace & { disconnect(): Promise<void> }> {
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
  const client = new Client({ connection: clientConnection, namespace })
  const disconnect = async (): Promise<void> => {
    await Promise.all([connection.close(), clientConnection.close()])
  }
  return { client, connection, namespace, temporalAddress, disconnect }
}

/** As intake does it. */
export async function look(client: Client, customerId: string): Promise<void> {
  await client.workflow.signalWithStart(customerLifecycleType, {
    workflowId: customerWorkflowId(customerId),
    taskQueue: lifecycleQueue,
    args: [{ customerId }],
    signal: lookSignal,
  })
}

/** The real bundle, kept between runs of the tests. */
export function testBundle(): Promise<{ code: string }> {
  return workflowBundle(fileURLToPath(new URL('../../../.cache', import.meta.url)), new DefaultLogger('ERROR'))
}

async function withWorkers<T>(
  { connection, namespace, activities: usual }: TestNamespace & Pick<StoreWorld, 'activities'>,
  work: () => Promise<T>,
  { sms, maxCachedWorkflows = 0, activities = usual }: WorkersOptions = {},
): Promise<T> {
  const { lifecycle, delivery, broadcasts, sending, close } = activities(sms)
  const workflowBundle = await testBundle()
  const common = { connection, namespace, interceptors: { activity: [keepFailuresPrivate(pino({ level: 'silent' }))] } }
  const workers = await Promise.all([
    Worker.create({
      ...common,
      taskQueue: lifecycleQueue,
      workflowBundle,
      activities: { ...lifecycle, ...broadcasts },
      maxCachedWorkflows,
    }),
    ...Object.values(deliveryQueues).map((taskQueue) => Worker.create({ ...common, taskQueue, activities: delivery })),
    Worker.create({ ...common, taskQueue: broadcastQueue, activities: sending }),
  ])
  const running = workers.map((worker) => worker.run())
  try {
    return await work()
  } finally {
    for (const worker of workers) worker.shutdown()
    await Promise.all(running)
    close()
  }
}
