/** The neighbours of the product: the real ones that are configured, and embedded ones for the rest. */

import { Connection } from '@temporalio/client'
import pg from 'pg'
import type { Config, TwilioConfig } from '../config.ts'
import { temporalConnectConfig } from '../temporal.ts'
import { Keeper } from './keeper.ts'
import { startMailCatcher } from './mail-catcher.ts'
import { freePorts } from './ports.ts'
import type { EmbeddedPostgres } from './postgres.ts'
import { startEmbeddedPostgres } from './postgres.ts'
import { ensureSearchAttributes } from './search-attributes.ts'
import { PortTakenError, ServiceError } from './service-error.ts'
import { localSmsAccount } from './sms-account.ts'
import { startSmsCatcher } from './sms-catcher.ts'
import type { EmbeddedTemporal } from './temporal.ts'
import { startEmbeddedTemporal } from './temporal.ts'
import { obtainTemporal } from './temporal-binary.ts'

export interface Services {
  readonly databaseUrl: string
  readonly temporalAddress: string
  /** The pages of the embedded services; `null` where a real service stands in. */
  readonly temporalUi: string | null
  readonly smtpUrl: string
  readonly mailUi: string | null
  readonly twilio: TwilioConfig
  readonly smsUi: string | null
  /** What can be taken down and brought back while the product runs: only what is embedded. */
  readonly postgres: Keeper<EmbeddedPostgres> | undefined
  readonly temporal: Keeper<EmbeddedTemporal> | undefined
  /** Tells the SMS catcher where the product hears what customers answer. */
  setInboundWebhook(url: string): void
  stop(): Promise<void>
}

/** What is told while things come and go. */
export interface Reporter {
  /** Something takes time. */
  step(text: string): void
  up(name: string, tookMs: number): void
  /** Something ended unasked; it is brought back. */
  down(name: string, reason: string, retryInMs: number): void
}

interface Needs {
  readonly home: string
  readonly config: Config
  readonly report: Reporter
  /** Closes what is already up, should a later part fail. */
  readonly closings: (() => Promise<void>)[]
}

const portAttempts = 4
const connectMs = 10_000

/**
 * Brings up or reaches every neighbour. If one fails, those already up are taken down again.
 *
 * @param firstPort embedded services listen from here upwards; 0 for any port.
 * @throws ServiceError in one sentence.
 */
export async function bringUpServices(options: {
  readonly home: string
  readonly config: Config
  readonly firstPort: number
  readonly report: Reporter
}): Promise<Services> {
  const needs: Needs = { ...options, closings: [] }
  const [postgresPort = 0, temporalPort = 0, temporalUiPort = 0, smtpPort = 0, mailUiPort = 0, smsPort = 0] =
    await freePorts(options.firstPort, 6)
  const stop = async (): Promise<void> => {
    await Promise.all(needs.closings.map((close) => close()))
  }
  const starting = [
    bringUpDatabase(needs, postgresPort),
    bringUpTemporal(needs, [temporalPort, temporalUiPort]),
    bringUpMail(needs, [smtpPort, mailUiPort]),
    bringUpSms(needs, smsPort),
  ] as const
  const outcomes = await Promise.allSettled(starting)
  const failure = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failure) {
    await stop()
    throw failure.reason
  }
  const [database, temporal, mail, sms] = await Promise.all(starting)
  return { ...database, ...temporal, ...mail, ...sms, stop }
}

async function bringUpDatabase(
  { home, config, report, closings }: Needs,
  port: number,
): Promise<Pick<Services, 'databaseUrl' | 'postgres'>> {
  const { databaseUrl } = config
  if (databaseUrl !== undefined) {
    await timed(report, 'PostgreSQL (yours)', () => reachDatabase(databaseUrl))
    return { databaseUrl, postgres: undefined }
  }
  const onStep = (text: string): void => report.step(text)
  const postgres = await timed(report, 'PostgreSQL', () =>
    onFreePorts([port], ([first = 0]) =>
      keepService('PostgreSQL', report, first, (at) => startEmbeddedPostgres({ home, port: at, onStep })),
    ),
  )
  closings.push(() => postgres.stop())
  return { databaseUrl: postgres.current.url, postgres }
}

async function bringUpTemporal(
  { home, config, report, closings }: Needs,
  ports: readonly number[],
): Promise<Pick<Services, 'temporalAddress' | 'temporalUi' | 'temporal'>> {
  const { address } = config.temporal
  if (address !== undefined) {
    await timed(report, 'Temporal (yours)', () => reachTemporal(config.temporal))
    return { temporalAddress: address, temporalUi: null, temporal: undefined }
  }
  const onStep = (text: string): void => report.step(text)
  const program = await obtainTemporal(config.cacheDir, onStep)
  const temporal = await timed(report, 'Temporal', () =>
    onFreePorts(ports, ([first = 0, uiPort = 0]) =>
      keepService('Temporal', report, first, (port) => startEmbeddedTemporal({ home, program, port, uiPort, onStep })),
    ),
  )
  closings.push(() => temporal.stop())
  return { temporalAddress: temporal.current.address, temporalUi: temporal.current.uiUrl, temporal }
}

async function bringUpMail(
  { home, config, report, closings }: Needs,
  ports: readonly number[],
): Promise<Pick<Services, 'smtpUrl' | 'mailUi'>> {
  if (config.smtpUrl !== undefined) return { smtpUrl: config.smtpUrl, mailUi: null }
  const catcher = await timed(report, 'mail catcher', () =>
    onFreePorts(ports, ([smtpPort = 0, uiPort = 0]) => startMailCatcher({ home, smtpPort, uiPort })),
  )
  closings.push(() => catcher.close())
  return { smtpUrl: catcher.smtpUrl, mailUi: catcher.uiUrl }
}

async function bringUpSms(
  { home, config, report, closings }: Needs,
  port: number,
): Promise<Pick<Services, 'twilio' | 'smsUi' | 'setInboundWebhook'>> {
  if (config.twilio !== undefined) return { twilio: config.twilio, smsUi: null, setInboundWebhook: () => undefined }
  const account = localSmsAccount(home)
  const catcher = await timed(report, 'SMS catcher', () =>
    onFreePorts([port], ([first = 0]) => startSmsCatcher({ home, account, port: first })),
  )
  closings.push(() => catcher.close())
  return {
    twilio: { ...account, apiUrl: catcher.url },
    smsUi: catcher.url,
    setInboundWebhook: (url) => catcher.setInboundWebhook(url),
  }
}

/** Keeps an embedded service running, always on the port of its first start: others have been told that one. */
function keepService<R extends EmbeddedPostgres | EmbeddedTemporal>(
  name: string,
  report: Reporter,
  port: number,
  start: (port: number) => Promise<R>,
): Promise<Keeper<R>> {
  return Keeper.keep({ start: () => start(port), onDown: (reason, inMs) => report.down(name, reason, inMs) })
}

/** Starts on the ports; if another program was quicker, on others. */
async function onFreePorts<T>(ports: readonly number[], start: (ports: readonly number[]) => Promise<T>): Promise<T> {
  let wanted = ports
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(wanted)
    } catch (error) {
      if (!(error instanceof PortTakenError) || attempt === portAttempts) throw error
      wanted = await freePorts(0, ports.length)
    }
  }
}

async function timed<T>(report: Reporter, name: string, work: () => Promise<T>): Promise<T> {
  const startedAt = performance.now()
  const result = await work()
  report.up(name, performance.now() - startedAt)
  return result
}

async function reachDatabase(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: connectMs })
  try {
    await client.connect()
    await client.end()
  } catch (error) {
    // A refused connection is an AggregateError with an empty message when a name has several addresses.
    const { message, code } = error as NodeJS.ErrnoException
    const { host } = new URL(databaseUrl)
    throw new ServiceError(`DATABASE_URL: PostgreSQL at ${host} cannot be used: ${message || code}`)
  }
}

async function reachTemporal(config: Config['temporal']): Promise<void> {
  const { connectionOptions, namespace } = temporalConnectConfig(config)
  try {
    const connection = await Connection.connect({ ...connectionOptions, connectTimeout: connectMs })
    await ensureSearchAttributes(connection, namespace)
    await connection.close()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new ServiceError(`TEMPORAL_ADDRESS: Temporal at ${config.address} cannot be used: ${reason}`)
  }
}
