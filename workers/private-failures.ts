/** What an activity fails with ends up in the history, for ever: only what holds nobody's data may. */

import { ApplicationFailure, CancelledFailure } from '@temporalio/common'
import type { ActivityInterceptorsFactory } from '@temporalio/worker'
import type { Logger } from 'pino'
import { describeError } from '../src/store/describe-error.ts'

/**
 * Lets through the failures that our activities raise on purpose. Of everything else the history gets the kind of error
 * and its code; the log gets what `describeError` allows.
 */
export function keepFailuresPrivate(log: Logger): ActivityInterceptorsFactory {
  return ({ info }) => ({
    inbound: {
      async execute(input, next) {
        try {
          return await next(input)
        } catch (error) {
          if (error instanceof ApplicationFailure || error instanceof CancelledFailure) throw error
          const { activityType, attempt, workflowExecution } = info
          const described = describeError(error)
          log.warn(
            { activityType, attempt, workflowId: workflowExecution?.workflowId, error: described },
            'activity failed',
          )
          const { name, code } = described
          throw ApplicationFailure.create({
            type: name,
            message: code === undefined ? `${name}: see the worker's log` : `${name} ${code}: see the worker's log`,
          })
        }
      },
    },
  })
}
