/** A private PostgreSQL for one installation, from the programs that npm brought. Also as root. */

import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { isDiskFull } from './disk.ts'
import { freePort, isPortFree } from './ports.ts'
import type { PostgresBinaries } from './postgres-binaries.ts'
import { postgresBinaries } from './postgres-binaries.ts'
import { argumentsOf, endProcess, markProcess } from './processes.ts'
import type { ServiceAccount } from './service-account.ts'
import { canEnter, serviceAccount, sharedPlace } from './service-account.ts'
import { PortTakenError, ServiceError } from './service-error.ts'
import type { Running, ServiceProcess } from './service-process.ts'
import { startService } from './service-process.ts'

export interface PostgresOptions {
  /** The installation's folder: it holds the record of where the data is, the log, and where possible the data. */
  readonly home: string
  /** Default: a free one. */
  readonly port?: number
  /** `false` only for tests: a crash of the machine then loses the data. Default: true. */
  readonly durable?: boolean
  /** Told what takes time, in plain words. */
  readonly onStep?: (text: string) => void
}

export interface EmbeddedPostgres extends Running {
  /** With user and password: for the installation's own processes. */
  readonly url: string
  readonly port: number
  readonly dataDir: string
}

/** `postgres.json` in the home. */
interface PostgresRecord {
  /** Relative to the home, or absolute where the service's user may not enter the home. */
  readonly dataDir: string
  readonly password: string
}

const superuser = 'perennial'
const database = 'perennial'
const stopGraceMs = 30_000
const startTimeoutMs = 60_000
const pollMs = 15

/**
 * Starts PostgreSQL, making its data at the first start. What a killed predecessor left running on the same data is
 * stopped first. The caller makes sure that no living installation uses the same home.
 *
 * @throws ServiceError in one sentence: a taken port, a full disk, missing programs, lost data.
 */
export async function startEmbeddedPostgres(options: PostgresOptions): Promise<EmbeddedPostgres> {
  const { home, durable = true, onStep = () => undefined } = options
  const account = serviceAccount()
  const binaries = postgresBinaries(account)
  const record = readRecord(home) ?? (await createCluster({ home, account, binaries, durable, onStep }))
  const dataDir = absoluteDataDir(home, record)
  const draft = `${dataDir}.draft`
  if (!existsSync(dataDir) && existsSync(draft)) renameSync(draft, dataDir) // The first start was killed at its last step.
  if (!existsSync(join(dataDir, 'PG_VERSION'))) {
    throw new ServiceError(
      `The database of ${home} should be in ${dataDir} and is not: put it back, or delete ${recordPath(home)} to start empty`,
    )
  }
  await stopOrphan(dataDir, onStep)
  const port = options.port ?? (await freePort())
  if (!(await isPortFree(port))) throw new PortTakenError(port, 'PostgreSQL')
  const service = await start({ home, account, binaries, dataDir, port, durable })
  return {
    url: `postgresql://${superuser}:${record.password}@127.0.0.1:${port}/${database}`,
    port,
    dataDir,
    mark: service.mark,
    exited: service.exited,
    stop: () => service.stop(),
  }
}

/**
 * Removes an installation's database for good: also where its data lies outside the home. It must not be running.
 */
export function removeEmbeddedPostgres(home: string): void {
  const record = readRecord(home)
  if (record === undefined) return
  rmSync(absoluteDataDir(home, record), { recursive: true, force: true })
  rmSync(recordPath(home))
}

interface Cluster {
  readonly home: string
  readonly account: ServiceAccount | undefined
  readonly binaries: PostgresBinaries
  readonly durable: boolean
}

/** Makes the data in a draft folder, and records it when it is whole: a first start may be killed at any moment. */
async function createCluster(cluster: Cluster & { onStep: (text: string) => void }): Promise<PostgresRecord> {
  const { home, account, binaries, durable, onStep } = cluster
  onStep('creating the database')
  mkdirSync(home, { recursive: true })
  const outside = account !== undefined && !canEnter(account, home)
  const parent = outside ? sharedPlace(account) : home
  const name = outside ? `postgres-${randomBytes(6).toString('hex')}` : 'postgres'
  if (existsSync(join(parent, name))) {
    throw new ServiceError(
      `${join(parent, name)} holds a database, but its record ${recordPath(home)} is gone: put the record back, or move the folder away to start empty`,
    )
  }
  const draft = join(parent, `${name}.draft`)
  const passwordFile = join(parent, `${name}.password`)
  const password = randomBytes(18).toString('base64url')
  const user = account && { uid: account.uid, gid: account.gid }
  const run = async (program: string, args: string[], input = ''): Promise<void> => {
    const running = promisify(execFile)(program, args, { ...user, cwd: '/', env: serverEnv() })
    running.child.stdin?.on('error', () => undefined).end(input) // Why it did not read is in how it ended.
    await running
  }
  try {
    rmSync(draft, { recursive: true, force: true })
    mkdirSync(draft, { mode: 0o700 })
    writeFileSync(passwordFile, password, { mode: 0o600 })
    if (account) for (const path of [draft, passwordFile]) chownSync(path, account.uid, account.gid)
    const locale = ['--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C']
    const access = [`--username=${superuser}`, '--auth=scram-sha-256', `--pwfile=${passwordFile}`]
    await run(binaries.initdb, [`--pgdata=${draft}`, ...locale, ...access, ...(durable ? [] : ['--no-sync'])])
    await run(binaries.postgres, ['--single', '-D', draft, 'postgres'], `CREATE DATABASE ${database}\n`)
    const record = { dataDir: outside ? join(parent, name) : name, password }
    writeRecord(home, record) // From here on the draft counts as whole: starting moves it into place.
    return record
  } catch (error) {
    const reason = explained(error, parent)
    rmSync(draft, { recursive: true, force: true })
    throw reason
  } finally {
    rmSync(passwordFile, { force: true })
  }
}

async function start(cluster: Cluster & { dataDir: string; port: number }): Promise<ServiceProcess> {
  const deadline = performance.now() + startTimeoutMs
  for (;;) {
    const service = await startService({
      command: cluster.binaries.postgres,
      args: ['-D', cluster.dataDir, '-p', String(cluster.port), ...settings(cluster.durable)],
      logPath: join(cluster.home, 'logs', 'postgres.log'),
      env: serverEnv(),
      account: cluster.account,
      stopSignal: 'SIGINT', // "Fast": ends the open sessions; the default would wait for them for ever.
      stopGraceMs,
    })
    if (await becomesReady(service, cluster.dataDir, deadline)) return service
    const said = service.tail()
    // The last sessions of a killed server are still ending.
    if (/pre-existing shared memory block|lock file .* already exists/.test(said) && performance.now() < deadline) {
      await sleep(200)
      continue
    }
    if (/could not bind|Address already in use/.test(said)) throw new PortTakenError(cluster.port, 'PostgreSQL')
    throw explained(new Error(said), cluster.dataDir)
  }
}

/** The server writes how far it is into the eighth line of its pid file. */
async function becomesReady(service: ServiceProcess, dataDir: string, deadline: number): Promise<boolean> {
  while (service.isUp()) {
    const [pid, , , , , , , status] = pidFile(dataDir)
    if (Number(pid) === service.mark.pid && status?.trim() === 'ready') return true
    if (performance.now() > deadline) {
      await service.stop()
      return false
    }
    await sleep(pollMs)
  }
  return false
}

/** Stops a server on this data whose installation was killed. Its pid file may name a process that is not one. */
async function stopOrphan(dataDir: string, onStep: (text: string) => void): Promise<void> {
  const pid = Number(pidFile(dataDir)[0])
  const mark = pid > 0 ? markProcess(pid) : undefined
  if (mark === undefined || !argumentsOf(pid).includes(dataDir)) return
  onStep('stopping the PostgreSQL that a killed installation left behind')
  await endProcess(mark, 'SIGINT', stopGraceMs)
}

function settings(durable: boolean): string[] {
  const values = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'max_connections=200',
    'log_min_messages=warning',
    'log_checkpoints=off',
    'timezone=UTC',
    'log_timezone=UTC',
    ...(durable ? [] : ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off']),
  ]
  return values.flatMap((value) => ['-c', value])
}

function serverEnv(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' }
}

function pidFile(dataDir: string): string[] {
  try {
    return readFileSync(join(dataDir, 'postmaster.pid'), 'utf8').split('\n')
  } catch {
    return []
  }
}

function recordPath(home: string): string {
  return join(home, 'postgres.json')
}

function absoluteDataDir(home: string, record: PostgresRecord): string {
  return isAbsolute(record.dataDir) ? record.dataDir : join(home, record.dataDir)
}

function readRecord(home: string): PostgresRecord | undefined {
  if (!existsSync(recordPath(home))) return undefined
  return JSON.parse(readFileSync(recordPath(home), 'utf8')) as PostgresRecord
}

function writeRecord(home: string, record: PostgresRecord): void {
  const path = recordPath(home)
  writeFileSync(`${path}.new`, `${JSON.stringify(record, undefined, 2)}\n`, { mode: 0o600, flush: true })
  chmodSync(`${path}.new`, 0o600)
  renameSync(`${path}.new`, path)
}

/** What went wrong, in one sentence with the server's own words. */
function explained(error: unknown, path: string): ServiceError {
  const said = error instanceof Error ? `${error.message}\n${(error as { stderr?: string }).stderr ?? ''}` : ''
  if (isDiskFull(path, said)) {
    return new ServiceError(`The disk that holds ${path} is full: free some space, then start again`)
  }
  if (/initialized by PostgreSQL version/.test(said)) {
    return new ServiceError(
      `The database in ${path} was made by another version of PostgreSQL: use that version, or dump and restore`,
    )
  }
  const lines = said.split('\n').filter((line) => /(FATAL|PANIC|ERROR|error):/.test(line))
  return new ServiceError(
    `PostgreSQL in ${path} did not start: ${lines.at(-1)?.trim() ?? said.trim().split('\n').at(-1) ?? 'no reason given'}`,
  )
}
