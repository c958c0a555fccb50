/** The data of the embedded PostgreSQL: made at the first start, found again at every later one. */

import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { promisify } from 'node:util'
import { isDiskFull } from './disk.ts'
import { forgetHome, noteHome, outsideName, removeTemporaryAbandoned } from './outside-data.ts'
import type { PostgresBinaries } from './postgres-binaries.ts'
import type { ServiceAccount } from './service-account.ts'
import { canEnter, sharedPlace } from './service-account.ts'
import { diskFull, ServiceError } from './service-error.ts'

/** What making the data needs. */
export interface Cluster {
  readonly home: string
  /** Whom PostgreSQL runs as; `undefined` for ourselves. */
  readonly account: ServiceAccount | undefined
  readonly binaries: PostgresBinaries
  readonly durable: boolean
}

/** `postgres.json` in the home. */
interface PostgresRecord {
  /** Relative to the home, or absolute where the server's user may not enter the home. */
  readonly dataDir: string
  /** Beside it: where the data was made, whole since this record was written. */
  readonly draft: string
  readonly password: string
}

export const superuser = 'perennial'
export const database = 'perennial'

/**
 * Where the data is, and the password of its superuser. Makes both at the first start.
 *
 * @throws ServiceError in one sentence: a full disk, or data or its record gone.
 */
export async function postgresData(
  cluster: Cluster & { readonly onStep: (text: string) => void },
): Promise<{ dataDir: string; password: string }> {
  const { home } = cluster
  const record = readRecord(home) ?? (await createData(cluster))
  const dataDir = absolute(home, record.dataDir)
  if (!existsSync(dataDir)) moveIntoPlace(absolute(home, record.draft), dataDir)
  if (existsSync(join(dataDir, 'PG_VERSION'))) return { dataDir, password: record.password }
  throw new ServiceError(
    `The database of ${home} should be in ${dataDir} and is not: put it back, or delete ${recordPath(home)} to start empty`,
  )
}

/** The last step of a first start, which may be taken by the second one. */
function moveIntoPlace(draft: string, dataDir: string): void {
  if (existsSync(draft)) renameSync(draft, dataDir)
}

/** Removes an installation's database for good, also where its data lies outside the home. It must not be running. */
export function removeEmbeddedPostgres(home: string): void {
  const record = readRecord(home)
  if (record === undefined) return
  const dataDir = absolute(home, record.dataDir)
  rmSync(dataDir, { recursive: true, force: true })
  forgetHome(dataDir)
  rmSync(recordPath(home))
}

/** The environment of PostgreSQL's programs: nothing of ours. */
export function serverEnvironment(): NodeJS.ProcessEnv {
  return { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' }
}

/** What went wrong, in one sentence with PostgreSQL's own words. Ask before cleaning up: it looks at the disk. */
export function inOneSentence(error: unknown, path: string): ServiceError {
  const said = error instanceof Error ? `${error.message}\n${(error as { stderr?: string }).stderr ?? ''}` : ''
  if (isDiskFull(path, said)) return diskFull(path)
  if (/initialized by PostgreSQL version/.test(said)) {
    return new ServiceError(
      `The database in ${path} was made by another version of PostgreSQL: use that version, or dump and restore`,
    )
  }
  const lines = said.split('\n').filter((line) => /(FATAL|PANIC|ERROR|error):/.test(line))
  const reason = lines.at(-1)?.trim() ?? said.trim().split('\n').at(-1) ?? 'no reason given'
  return new ServiceError(`PostgreSQL in ${path} did not start: ${reason}`)
}

/**
 * Makes the data in a draft, and records it when it is whole. A first start may be killed at any moment, and what it was
 * running may go on for a second: so each draft has a name of its own.
 */
async function createData(cluster: Cluster & { readonly onStep: (text: string) => void }): Promise<PostgresRecord> {
  const { home, account, onStep } = cluster
  onStep('creating the database')
  mkdirSync(home, { recursive: true })
  const outside = account !== undefined && !canEnter(account, home)
  const parent = outside ? sharedPlace(account) : home
  const name = outside ? outsideName() : 'postgres'
  const dataDir = join(parent, name)
  if (existsSync(dataDir)) {
    throw new ServiceError(
      `${dataDir} holds a database, but its record ${recordPath(home)} is gone: put the record back, or move the folder away to start empty`,
    )
  }
  const draft = `${name}.draft-${randomBytes(4).toString('hex')}`
  const password = randomBytes(18).toString('base64url')
  if (outside) {
    removeTemporaryAbandoned()
    noteHome(dataDir, home)
  }
  try {
    await fillDraft(cluster, join(parent, draft), password)
    const placed = (path: string): string => (outside ? join(parent, path) : path)
    const record = { dataDir: placed(name), draft: placed(draft), password }
    writeRecord(home, record)
    return record
  } catch (error) {
    const reason = inOneSentence(error, parent)
    rmSync(join(parent, draft), { recursive: true, force: true })
    forgetHome(dataDir)
    throw reason
  }
}

async function fillDraft({ account, binaries, durable }: Cluster, draft: string, password: string): Promise<void> {
  const passwordFile = `${draft}.password`
  const user = account && { uid: account.uid, gid: account.gid }
  const run = async (program: string, args: string[], input = ''): Promise<void> => {
    const running = promisify(execFile)(program, args, { ...user, cwd: '/', env: serverEnvironment() })
    running.child.stdin?.on('error', () => undefined).end(input) // Why it did not read is in how it ended.
    await running
  }
  try {
    mkdirSync(draft, { mode: 0o700 })
    writeFileSync(passwordFile, password, { mode: 0o600 })
    if (account) for (const path of [draft, passwordFile]) chownSync(path, account.uid, account.gid)
    const locale = ['--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C']
    const access = [`--username=${superuser}`, '--auth=scram-sha-256', `--pwfile=${passwordFile}`]
    await run(binaries.initdb, [`--pgdata=${draft}`, ...locale, ...access, ...(durable ? [] : ['--no-sync'])])
    await run(binaries.postgres, ['--single', '-D', draft, 'postgres'], `CREATE DATABASE ${database}\n`)
  } finally {
    rmSync(passwordFile, { force: true })
  }
}

function recordPath(home: string): string {
  return join(home, 'postgres.json')
}

function absolute(home: string, path: string): string {
  return isAbsolute(path) ? path : join(home, path)
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
