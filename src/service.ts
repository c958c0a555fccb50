/** The life of a process of ours: start, say ready, work, and on a signal finish what it holds and end. */

import { flushCompileCache } from 'node:module'
import { type Logger, pino } from 'pino'
import { type Config, readConfig } from './config.ts'
import { describeError } from './store/describe-error.ts'

export interface Service {
  /** What the parent process is told, beside `type: 'ready'`. */
  readonly ready: Readonly<Record<string, unknown>>
  /** Takes nothing new, finishes what it holds, closes its connections. */
  stop(): Promise<void>
}

/** How long a process may take to finish what it holds before it ends regardless. */
const graceMs = 20_000

/**
 * Runs a service until SIGTERM, SIGINT, or the end of the parent process that it is connected to.
 *
 * @param name appears in the log.
 */
export async function runService(
  name: string,
  start: (config: Config, log: Logger) => Promise<Service>,
): Promise<void> {
  const output = pino.destination({ fd: 1, sync: true })
  output.on('error', () => undefined) // On a full disk the log has gaps; the process goes on.
  let log = pino({ name }, output)
  try {
    const config = readConfig()
    log = pino({ name, level: config.logLevel }, output)
    const service = await start(config, log)
    endOnSignal(service, log)
    process.send?.({ type: 'ready', ...service.ready })
    log.info(service.ready, 'ready')
    flushCompileCache() // At once: a process that is killed later would leave the next start nothing.
  } catch (error) {
    log.fatal({ error: describeError(error) }, 'could not start')
    process.exitCode = 1
    process.disconnect?.()
    setTimeout(() => process.exit(1), 1_000).unref() // Whatever was opened before it failed must not keep it alive.
  }
}

function endOnSignal(service: Service, log: Logger): void {
  let stopping = false
  const end = (why: string): void => {
    if (stopping) return
    stopping = true
    log.info({ why }, 'stopping')
    setTimeout(() => process.exit(1), graceMs).unref()
    service.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ error: describeError(error) }, 'stopped with an error')
        process.exit(1)
      },
    )
  }
  process.on('SIGTERM', () => end('SIGTERM'))
  process.on('SIGINT', () => end('SIGINT'))
  process.on('disconnect', () => end('parent process is gone'))
}

/**
 * The address of PostgreSQL.
 *
 * @throws RangeError if none is set: only the start command brings one up.
 */
export function requireDatabaseUrl(config: Config): string {
  if (config.databaseUrl !== undefined) return config.databaseUrl
  throw new RangeError('DATABASE_URL: must name a PostgreSQL database ("perennial start" brings one up and sets it)')
}
