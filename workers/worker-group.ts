/** A few workers on one connection that are kept running until they are asked to stop. */

import { setTimeout as sleep } from 'node:timers/promises'
import { NativeConnection, type NativeConnectionOptions, Worker, type WorkerOptions } from '@temporalio/worker'
import type { Logger } from 'pino'
import { describeError } from '../src/store/describe-error.ts'

export interface WorkerGroup {
  /** Takes no new task, finishes those in hand, disconnects. */
  stop(): Promise<void>
}

export type WorkerPlan = Omit<WorkerOptions, 'connection' | 'namespace'>

const firstRetryMs = 500
const longestRetryMs = 10_000

/**
 * Connects and starts one worker for each plan. While Temporal is away it waits and tries again, at the start as later:
 * a worker polls through short outages by itself, and is made anew should it give up.
 */
export async function startWorkers(
  connectionOptions: NativeConnectionOptions,
  namespace: string,
  plans: readonly WorkerPlan[],
  log: Logger,
): Promise<WorkerGroup> {
  const stopping = new AbortController()
  const connection = await patiently('connecting to Temporal', log, stopping.signal, () =>
    NativeConnection.connect(connectionOptions),
  )
  if (!connection) throw new Error('Stopped before Temporal was reached.')
  const workers = await Promise.all(
    plans.map((plan) => keepRunning({ ...plan, connection, namespace }, log, stopping.signal)),
  )
  return {
    async stop() {
      stopping.abort()
      await Promise.all(workers.map((worker) => worker.ended))
      await connection.close()
    },
  }
}

/** Returns as soon as the worker polls; `ended` once it is asked to stop and has finished what it held. */
async function keepRunning(options: WorkerOptions, log: Logger, stop: AbortSignal): Promise<{ ended: Promise<void> }> {
  const create = (): Promise<Worker | undefined> =>
    patiently(`starting the worker of ${options.taskQueue}`, log, stop, () => Worker.create(options))
  const first = await create()
  return { ended: runAgainAndAgain(first, create, options.taskQueue, log, stop) }
}

async function runAgainAndAgain(
  first: Worker | undefined,
  create: () => Promise<Worker | undefined>,
  taskQueue: string,
  log: Logger,
  stop: AbortSignal,
): Promise<void> {
  for (let worker = first; worker; worker = await create()) {
    const running = worker
    const shutDown = (): void => {
      if (running.getState() === 'RUNNING') running.shutdown()
    }
    const run = running.run()
    if (stop.aborted) shutDown()
    stop.addEventListener('abort', shutDown)
    try {
      await run
      return
    } catch (error) {
      log.error({ taskQueue, error: describeError(error) }, 'worker failed, starting it again')
    } finally {
      stop.removeEventListener('abort', shutDown)
    }
    if (stop.aborted) return
  }
}

/** Tries until it works. @returns undefined if it was asked to stop. */
async function patiently<T>(
  what: string,
  log: Logger,
  stop: AbortSignal,
  attempt: () => Promise<T>,
): Promise<T | undefined> {
  for (let waitMs = firstRetryMs; !stop.aborted; waitMs = Math.min(longestRetryMs, waitMs * 2)) {
    try {
      return await attempt()
    } catch (error) {
      log.warn({ reason: describeError(error).message, retryInMs: waitMs }, `${what} failed`)
      await sleep(waitMs, undefined, { signal: stop }).catch(() => undefined)
    }
  }
  return undefined
}
