/** Temporal's core in this process: its log goes where ours goes, and signals stay ours to handle. */

import {
  DefaultLogger,
  type LogEntry,
  makeTelemetryFilterString,
  Runtime,
  type Logger as TemporalLogger,
} from '@temporalio/worker'
import type { Logger } from 'pino'

const levels = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const

/** Call it once, before anything else of Temporal. @returns the logger, for the bundler. */
export function installTemporalRuntime(log: Logger): TemporalLogger {
  const logger = new DefaultLogger('WARN', (entry) => write(log, entry))
  Runtime.install({
    logger,
    shutdownSignals: [],
    telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }), forward: {} } },
  })
  return logger
}

/** Said of every worker that has activities only. */
const expected = 'No workflows registered'

/** Of what the SDK tells about an activity or a workflow, ids are kept; failures are logged by ourselves. */
function write(log: Logger, { level, message, meta }: LogEntry): void {
  if (message.startsWith(expected)) return
  const { workflowId, activityType, taskQueue, messageId } = (meta ?? {}) as Record<string, unknown>
  log[levels[level]]({ workflowId, activityType, taskQueue, messageId }, message)
}
