/** Examines the neighbours: PostgreSQL and what is in it, Temporal, mail, SMS. */

import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { Connection } from '@temporalio/client'
import pg from 'pg'
import { readServerUrl } from '../../channels/email/smtp/server-url.ts'
import type { Config } from '../../config.ts'
import { abandonedDatabases } from '../../embedded/outside-data.ts'
import { postgresBinaries } from '../../embedded/postgres-binaries.ts'
import { missingSearchAttributes } from '../../embedded/search-attributes.ts'
import { serviceAccount } from '../../embedded/service-account.ts'
import { goIsThere, temporalAtHand } from '../../embedded/temporal-binary.ts'
import { findVault } from '../../store/master-key.ts'
import { missingMigrations } from '../../store/migrate.ts'
import { rewrapStanding } from '../../store/rewrap-keys.ts'
import { findHold } from '../../store/sending-hold.ts'
import { loadMasterKeys, Vault } from '../../store/vault.ts'
import { temporalConnectConfig } from '../../temporal.ts'
import type { Finding } from './finding.ts'
import { failure, ok, reasonOf, warning } from './finding.ts'
import { examineScores } from './scores.ts'

const connectMs = 5000
const oldestPostgres = 16
const maxClockSkewMs = 5000

/** The embedded PostgreSQL while it is not running: whether it could. */
export function examinePostgresPrograms({ home }: Config): Finding {
  const name = 'PostgreSQL'
  try {
    const account = serviceAccount()
    postgresBinaries(account)
    const abandoned = abandonedDatabases()
    if (abandoned.length > 0) {
      const detail = `databases of homes that are gone: ${abandoned.map((one) => `${one.dataDir} of ${one.home}`).join(', ')}`
      return warning(name, detail, 'Delete them, unless those homes come back.')
    }
    const state = existsSync(join(home, 'postgres.json')) ? 'embedded, with data' : 'embedded, made at the first start'
    return ok(name, account ? `${state}; runs as ${account.name}` : state)
  } catch (error) {
    return failure(name, reasonOf(error), 'Mend that, or set DATABASE_URL.')
  }
}

/** A PostgreSQL that runs: version, clock, migrations, and whether the master key fits. */
export async function examineDatabase(config: Config, databaseUrl: string): Promise<Finding[]> {
  const name = 'PostgreSQL'
  const { host } = new URL(databaseUrl)
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: connectMs })
  try {
    await client.connect()
  } catch (error) {
    return [failure(name, `${host} cannot be used: ${reasonOf(error)}`, 'Start it, or correct DATABASE_URL.')]
  }
  try {
    return [
      await examineServer(client, host),
      await examineMigrations(databaseUrl),
      await examineSeals(client, config),
      await examineSending(client),
      await examineScores(client, config),
    ]
  } finally {
    await client.end()
  }
}

async function examineServer(client: pg.Client, host: string): Promise<Finding> {
  const name = 'PostgreSQL'
  const askedAt = Date.now()
  const { rows } = await client.query<{ version: number; now: Date }>(
    `SELECT current_setting('server_version_num')::int / 10000 AS version, clock_timestamp() AS now`,
  )
  const [row] = rows
  const version = row?.version ?? 0
  const skewMs = (row?.now.getTime() ?? askedAt) - (askedAt + Date.now()) / 2
  if (version < oldestPostgres)
    return failure(name, `version ${version} at ${host}`, `Use version ${oldestPostgres} or newer.`)
  if (Math.abs(skewMs) > maxClockSkewMs) {
    const detail = `the clock of ${host} is ${Math.round(skewMs / 1000)} s from that of this machine`
    return warning(name, detail, 'Let both follow a time server: delays and expiries depend on it.')
  }
  return ok(name, `version ${version} at ${host}`)
}

async function examineMigrations(databaseUrl: string): Promise<Finding> {
  const name = 'migrations'
  try {
    const missing = await missingMigrations(databaseUrl)
    if (missing.length === 0) return ok(name, 'all applied')
    return warning(
      name,
      `${missing.length} not applied: ${missing.join(', ')}`,
      'Run "perennial start": it applies them.',
    )
  } catch (error) {
    return failure(name, reasonOf(error), 'Do what it says: the product does not start before.')
  }
}

/** Opens one customer's key: with another master key, nothing that is personal could be read. */
async function examineSeals(client: pg.Client, config: Config): Promise<Finding> {
  const { home, masterKey } = config
  const name = 'personal data'
  const { rows: tables } = await client.query<{ there: boolean }>(
    `SELECT to_regclass('customer_keys') IS NOT NULL AS there`,
  )
  if (tables[0]?.there !== true) return ok(name, 'none yet')
  const { rows } = await client.query<{ customer_id: string; wrapped_key: Buffer }>(
    'SELECT customer_id, wrapped_key FROM customer_keys LIMIT 1',
  )
  const [row] = rows
  if (row === undefined) return ok(name, 'none yet')
  const remedy = 'Restore the master key that this database was begun with: nothing else opens it.'
  if (masterKey === undefined && !existsSync(join(home, 'master.key')))
    return failure(name, 'the master key is gone', remedy)
  try {
    const keys = loadMasterKeys(config)
    const knowsOfOthers = await hasColumn(client, 'installation', 'former_keys')
    const vault = (knowsOfOthers ? await findVault(client, keys) : undefined) ?? new Vault(keys.current)
    vault.openCustomerKey(row.customer_id, row.wrapped_key)
    const standing = knowsOfOthers ? await rewrapStanding(client) : undefined
    if (standing !== undefined) {
      const detail = `opens; ${standing.left} customers' keys are still wrapped by the master key before`
      return warning(name, detail, 'Keep both keys until this is done: a running intake process does it.')
    }
    return ok(name, 'opens with the master key')
  } catch {
    return failure(name, 'does not open with this master key', remedy)
  }
}

/** A database may wait for the migrations of this version. */
async function hasColumn(client: pg.Client, table: string, column: string): Promise<boolean> {
  const { rows } = await client.query<{ there: boolean }>(
    `SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass($1) AND attname = $2 AND NOT attisdropped) AS there`,
    [table, column],
  )
  return rows[0]?.there === true
}

/** Whether somebody has stopped all sending, and perhaps forgotten it. */
async function examineSending(client: pg.Client): Promise<Finding> {
  const name = 'sending'
  const { rows } = await client.query<{ there: boolean }>(`SELECT to_regclass('sending_pauses') IS NOT NULL AS there`)
  const held = rows[0]?.there === true ? await findHold(client) : undefined
  if (held === undefined) return ok(name, 'not held')
  const { extent, since, reason } = held
  const detail = `${extent === 'everything' ? 'nothing is sent' : 'no marketing is sent'} since ${since.toISOString()}: ${reason}`
  return warning(name, detail, '"perennial resume --all" lets it go on.')
}

/** The embedded Temporal while it is not running: how it would be got. */
export async function examineTemporalProgram({ cacheDir }: Config): Promise<Finding> {
  const name = 'Temporal'
  const program = await temporalAtHand(cacheDir)
  if (program !== undefined) return ok(name, `embedded: ${program}`)
  const remedy = 'Nothing, if this machine may reach temporal.download'
  if (await goIsThere()) {
    return warning(
      name,
      'the first start downloads a server, or builds it in about five minutes',
      `${remedy} or has time.`,
    )
  }
  return warning(
    name,
    'the first start downloads a server; without network it could not be built, for there is no Go',
    `${remedy}; otherwise install Go, put "temporal" on PATH, or set TEMPORAL_ADDRESS.`,
  )
}

/** A Temporal that runs. */
export async function examineTemporalServer(config: Config['temporal'], address: string): Promise<Finding> {
  const name = 'Temporal'
  const { connectionOptions, namespace } = temporalConnectConfig({ ...config, address })
  let connection: Connection
  try {
    connection = await Connection.connect({ ...connectionOptions, connectTimeout: connectMs })
  } catch (error) {
    return failure(name, `${address} cannot be reached: ${reasonOf(error)}`, 'Start it, or correct TEMPORAL_ADDRESS.')
  }
  try {
    await connection.workflowService.describeNamespace({ namespace })
    const missing = await missingSearchAttributes(connection, namespace)
    if (missing.length === 0) return ok(name, `${address}, namespace ${namespace}`)
    return warning(
      name,
      `search attributes missing: ${missing.join(', ')}`,
      'Run "perennial start": it registers them.',
    )
  } catch (error) {
    return failure(
      name,
      `namespace ${namespace} at ${address}: ${reasonOf(error)}`,
      'Create it, or correct TEMPORAL_NAMESPACE.',
    )
  } finally {
    await connection.close()
  }
}

export async function examineMail(config: Config): Promise<Finding> {
  const { smtpUrl, mail, http } = config
  if (smtpUrl === undefined) return ok('email', 'the mail catcher: nothing leaves this machine')
  const servers = smtpUrl.trim().split(/\s+/).map(readServerUrl)
  for (const { host, port } of servers) {
    const refused = await whyUnreachable(host, port)
    if (refused === undefined) continue
    return failure('email', `${host}:${port} cannot be reached: ${refused}`, 'Correct SMTP_URL.')
  }
  const at = servers.map(({ host, port }) => `${host}:${port}`).join(', ')
  if (http.publicUrl === undefined) {
    return warning(
      'email',
      `${at}, but links in messages lead to this machine`,
      'Set PERENNIAL_PUBLIC_URL to the address that customers can reach.',
    )
  }
  if (mail.from.includes('perennial.example')) {
    return warning('email', `${at}, but the sender is the demo shop`, 'Set MAIL_FROM and MAIL_POSTAL_ADDRESS.')
  }
  return ok('email', at)
}

export function examineSms({ twilio, http }: Config): Finding {
  if (twilio === undefined) return ok('SMS', 'the SMS catcher: nothing leaves this machine')
  if (http.publicUrl === undefined) {
    return warning(
      'SMS',
      `Twilio as ${twilio.from}, which cannot report to this machine`,
      'Set PERENNIAL_PUBLIC_URL: without it STOP is not heard.',
    )
  }
  return ok('SMS', `Twilio as ${twilio.from}`)
}

/** Undefined: it can be reached. */
export function whyUnreachable(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: connectMs })
    const settle = (reason: string | undefined): void => {
      socket.destroy()
      resolve(reason)
    }
    socket.once('connect', () => settle(undefined))
    socket.once('timeout', () => settle('no answer'))
    socket.once('error', (error) => settle(reasonOf(error)))
  })
}
