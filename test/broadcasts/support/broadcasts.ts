/** Broadcasts for tests: made, started, and looked at from outside. */

import type { WorkflowHandle } from '@temporalio/client'
import { MockActivityEnvironment } from '@temporalio/testing'
import type { BroadcastPage, BroadcastPageRequest } from '../../../activities/broadcast-types.ts'
import type { SmsChannel } from '../../../src/channels/sms/sms-channel.ts'
import { takeAudience } from '../../../src/store/broadcasts/audience.ts'
import { type Broadcast, createBroadcast, moveBroadcast } from '../../../src/store/broadcasts/broadcasts.ts'
import { broadcastType, broadcastWorkflowId, lifecycleQueue } from '../../../workflows/ids.ts'
import type { StoreWorld } from '../../workflows/support/store-world.ts'
import type { World } from '../../workflows/support/world.ts'

type Needs = Pick<World, 'database' | 'clock' | 'client'>

/** @throws if the document is not accepted. */
export async function startBroadcast(
  { database, clock, client }: Needs,
  key: string,
  document: object,
  state: object = {},
): Promise<{ readonly broadcast: Broadcast; readonly workflow: WorkflowHandle }> {
  const created = await createBroadcast(database.pool, key, { name: key, topic: 'offers', ...document }, clock.nowMs())
  if (created === 'taken' || 'problems' in created) throw new Error(`not created: ${JSON.stringify(created)}`)
  const broadcast = await moveBroadcast(database.pool, created.broadcast.id, ['draft'], 'running', clock.nowMs())
  if (broadcast === undefined) throw new Error('not started')
  const workflow = await client.workflow.start(broadcastType, {
    workflowId: broadcastWorkflowId(broadcast.id),
    taskQueue: lifecycleQueue,
    args: [{ broadcastId: broadcast.id, perSecond: broadcast.definition.perSecond, ...state }],
  })
  return { broadcast, workflow }
}

/** Made, started and sent without a workflow around it. @returns what came of its one page. */
export async function sendAtOnce(
  world: StoreWorld,
  key: string,
  document: object,
  mail: Parameters<StoreWorld['activities']>[1] = {},
  sms?: SmsChannel,
): Promise<BroadcastPage> {
  const broadcast = await putDown(world, key, document)
  return sendPage(world, broadcast, { mail, sms })
}

/** Made and started, with its audience put down: nothing has left. */
export async function putDown(world: StoreWorld, key: string, document: object): Promise<Broadcast> {
  const { database, clock } = world
  const created = await createBroadcast(database.pool, key, { name: key, topic: 'offers', ...document }, clock.nowMs())
  if (created === 'taken' || 'problems' in created) throw new Error(`not created: ${JSON.stringify(created)}`)
  const broadcast = await moveBroadcast(database.pool, created.broadcast.id, ['draft'], 'running', clock.nowMs())
  await takeAudience(database, created.broadcast, 'UTC')
  return broadcast ?? created.broadcast
}

/** One page, as its workflow asks for it. */
export async function sendPage(
  world: StoreWorld,
  { id, key }: Broadcast,
  {
    mail = {},
    sms,
    after = -1,
    perSecond = null,
  }: {
    readonly mail?: Parameters<StoreWorld['activities']>[1]
    readonly sms?: SmsChannel | undefined
    readonly after?: number
    readonly perSecond?: number | null
  },
): Promise<BroadcastPage> {
  const activities = world.activities(sms, mail)
  const environment = new MockActivityEnvironment({ workflowExecution: { workflowId: key, runId: 'run' } })
  const request = { broadcastId: id, after, perSecond }
  try {
    return await environment.run<
      [BroadcastPageRequest],
      BroadcastPage,
      (request: BroadcastPageRequest) => Promise<BroadcastPage>
    >(activities.sending.sendBroadcastPage, request)
  } finally {
    activities.close()
  }
}

export interface LedgerTally {
  readonly total: number
  readonly byStatus: Readonly<Record<string, number>>
}

export async function tallyOf({ database }: Pick<World, 'database'>, key: string): Promise<LedgerTally> {
  const { rows } = await database.pool.query<{ status: string; count: number }>(
    'SELECT status, count(*) AS count FROM messages WHERE journey = $1 GROUP BY 1',
    [`broadcast:${key}`],
  )
  return {
    total: rows.reduce((sum, { count }) => sum + count, 0),
    byStatus: Object.fromEntries(rows.map(({ status, count }) => [status, count])),
  }
}

/** The Message-IDs of messages in a status, as the ledger has them. */
export async function messageIds(
  { database }: Pick<World, 'database'>,
  key: string,
  status: string,
): Promise<Set<string>> {
  const { rows } = await database.pool.query<{ id: string }>(
    'SELECT id FROM messages WHERE journey = $1 AND status = $2',
    [`broadcast:${key}`, status],
  )
  return new Set(rows.map(({ id }) => `<${id}@shop.example>`))
}
