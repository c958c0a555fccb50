/** What an activity fails with ends up in the history, for ever: only what holds nobody's data may. */

import { ApplicationFailure, CancelledFailure } from '@temporalio/common'
import type { ActivityInterceptorsFactory } from '@temporalio/worker'
import type { Logger } from 'pino'
import { describeError } from '../src/store/describe-error.ts'

/**
 * How long whoever was told to come another time waits: twice as long each time. The retry policy itself is for a sender
 * that died, of which nobody else should have to suffer.
 */
export function outageDelayMs(attempt: number): number {
  return Math.min(longestDelayMs, firstDelayMs * 2 ** (attempt - 1))
}

const firstDelayMs = 2_000
const longestDelayMs = 5 * 60_000

/**
 * Lets through the failures that our activities raise on purpose. Of everything else the history gets the kind of error
 * and its code; the log gets what `describeError` allows.
 *
 * @param delayMs for failures that do not say themselves when it is worth trying again. Default: as the retry policy says.
 */
export function keepFailuresPrivate(log: Logger, delayMs?: (attempt: number) => number): ActivityInterceptorsFactory {
  return ({ info }) => ({
    inbound: {
      async execute(input, next) {
        try {
          return await next(input)
        } catch (error) {
          if (error instanceof CancelledFailure) throw error
          const { activityType, attempt, workflowExecution } = info
          const delay = delayMs === undefined ? {} : { nextRetryDelay: delayMs(attempt) }
          if (error instanceof ApplicationFailure) {
            throw error.nextRetryDelay === undefined ? ApplicationFailure.fromError(error, delay) : error
          }
          const described = describeError(error)
          log.warn(
            { activityType, attempt, workflowId: workflowExecution?.workflowId, error: described },
            'activity failed',
          )
          const { name, code } = described
          throw ApplicationFailure.create({
            ...delay,
            type: name,
            message: code === undefined ? `${name}: see the worker's log` : `${name} ${code}: see the worker's log`,
          })
        }
      },
    },
  })
}
