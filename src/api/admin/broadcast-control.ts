/** Steering a broadcast: start, pause, resume, cancel, throttle, and how far its workflow says it is. By API and console alike. */

import type { WorkflowClient } from '@temporalio/client'
import { broadcastType, broadcastWorkflowId, lifecycleQueue } from '../../../workflows/ids.ts'
import {
  type BroadcastProgress,
  broadcastProgressQuery,
  cancelSignal,
  pauseSignal,
  resumeSignal,
  throttleSignal,
} from '../../../workflows/messages.ts'
import type { Clock } from '../../clock.ts'
import {
  type Broadcast,
  type BroadcastStatus,
  findBroadcast,
  moveBroadcast,
} from '../../store/broadcasts/broadcasts.ts'
import type { Database } from '../../store/database.ts'
import { ApiError } from '../api-error.ts'

const queryMs = 2_000

export interface BroadcastControlNeeds {
  readonly database: Database
  readonly clock: Clock
  readonly temporal: WorkflowClient
}

/** Each answers with the broadcast as it was found; errors are `ApiError`s that say why not. */
export interface BroadcastControl {
  /**
   * Safe to repeat: whoever said it and did not hear the answer says it again.
   *
   * @param version of the draft that was looked at: if it was changed since, it is not started.
   */
  start(keyOrId: string, version?: string): Promise<Broadcast>
  /** These three take effect after the page that is under way. */
  pause(keyOrId: string): Promise<Broadcast>
  resume(keyOrId: string): Promise<Broadcast>
  cancel(keyOrId: string): Promise<Broadcast>
  /** @param perSecond null for no limit. */
  throttle(keyOrId: string, perSecond: number | null): Promise<Broadcast>
  /** Null while Temporal or its workers are away: what the ledger has counted is there all the same. */
  progress(broadcast: Broadcast): Promise<BroadcastProgress | null>
}

export function broadcastControl(needs: BroadcastControlNeeds): BroadcastControl {
  return {
    start: (keyOrId, version) => start(needs, keyOrId, version),
    pause: (keyOrId) => signal(needs, keyOrId, 'pause'),
    resume: (keyOrId) => signal(needs, keyOrId, 'resume'),
    cancel: (keyOrId) => cancel(needs, keyOrId),
    throttle: (keyOrId, perSecond) => throttle(needs, keyOrId, perSecond),
    progress: (broadcast) => progressOf(needs, broadcast),
  }
}

/** @throws ApiError 404 */
export async function foundBroadcast(
  { database }: Pick<BroadcastControlNeeds, 'database'>,
  keyOrId: string,
): Promise<Broadcast> {
  const broadcast = await findBroadcast(database.pool, keyOrId)
  if (broadcast === undefined) throw new ApiError(404, 'There is no broadcast with this key.', 'key')
  return broadcast
}

async function progressOf(
  { temporal }: BroadcastControlNeeds,
  { id, status }: Broadcast,
): Promise<BroadcastProgress | null> {
  if (status !== 'running' && status !== 'paused') return null
  try {
    const handle = temporal.getHandle(broadcastWorkflowId(id))
    return await temporal.withDeadline(Date.now() + queryMs, () => handle.query(broadcastProgressQuery))
  } catch {
    return null
  }
}

async function start(needs: BroadcastControlNeeds, keyOrId: string, version?: string): Promise<Broadcast> {
  const { database, clock, temporal } = needs
  const before = await foundBroadcast(needs, keyOrId)
  const moved = await moveBroadcast(database.pool, before.id, ['draft'], 'running', clock.nowMs(), version)
  const broadcast = moved ?? (await foundBroadcast(needs, before.id))
  if (broadcast.status === 'draft' || (version !== undefined && broadcast.version !== version)) {
    throw new ApiError(409, 'It was changed meanwhile: look at it as it is now.', 'version')
  }
  if (broadcast.status !== 'running') throw conflict(broadcast.status, 'started')
  await temporal.start(broadcastType, {
    workflowId: broadcastWorkflowId(broadcast.id),
    taskQueue: lifecycleQueue,
    args: [{ broadcastId: broadcast.id, perSecond: broadcast.definition.perSecond }],
    workflowIdConflictPolicy: 'USE_EXISTING',
    workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
  })
  return broadcast
}

async function signal(needs: BroadcastControlNeeds, keyOrId: string, what: 'pause' | 'resume'): Promise<Broadcast> {
  const broadcast = await foundBroadcast(needs, keyOrId)
  if (broadcast.status !== 'running' && broadcast.status !== 'paused') throw conflict(broadcast.status, `${what}d`)
  const handle = needs.temporal.getHandle(broadcastWorkflowId(broadcast.id))
  await handle.signal(what === 'pause' ? pauseSignal : resumeSignal)
  return broadcast
}

async function cancel(needs: BroadcastControlNeeds, keyOrId: string): Promise<Broadcast> {
  const broadcast = await foundBroadcast(needs, keyOrId)
  if (broadcast.status === 'done') throw conflict('done', 'cancelled')
  if (broadcast.status === 'draft') {
    const moved = await moveBroadcast(needs.database.pool, broadcast.id, ['draft'], 'cancelled', needs.clock.nowMs())
    return moved ?? broadcast
  }
  if (broadcast.status !== 'cancelled') {
    await needs.temporal.getHandle(broadcastWorkflowId(broadcast.id)).signal(cancelSignal)
  }
  return broadcast
}

async function throttle(needs: BroadcastControlNeeds, keyOrId: string, perSecond: number | null): Promise<Broadcast> {
  const broadcast = await foundBroadcast(needs, keyOrId)
  if (broadcast.status !== 'running' && broadcast.status !== 'paused') throw conflict(broadcast.status, 'throttled')
  await needs.temporal.getHandle(broadcastWorkflowId(broadcast.id)).signal(throttleSignal, perSecond)
  return broadcast
}

function conflict(status: BroadcastStatus, wanted: string): ApiError {
  return new ApiError(409, `The broadcast is ${status}: it cannot be ${wanted}.`, 'key')
}
