/** The home of an installation: who runs it, and where what runs can be found. One installation a home, one supervisor. */

import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { withLock } from '../../bin/setup/lock.mjs'
import type { ProcessMark } from './processes.ts'
import { endProcess, isRunning, markProcess } from './processes.ts'
import { ServiceError } from './service-error.ts'

/** Where the parts of a running installation are reached. */
export interface Addresses {
  readonly url: string
  readonly temporalAddress: string
  readonly databaseUrl: string
  readonly smtp: string
  /** Pages of the embedded services; `null` where a real service stands in. */
  readonly temporalUi: string | null
  readonly mailUi: string | null
  readonly smsUi: string | null
}

/** `run.json`: written by the supervisor, read by the commands and by the next supervisor. */
export interface RunRecord {
  readonly supervisor: ProcessMark
  readonly state: 'starting' | 'running' | 'stopping'
  /** The product's own processes, by name: what a killed supervisor may leave behind. */
  readonly processes: Readonly<Record<string, ProcessMark>>
  readonly addresses?: Addresses
}

export interface ClaimedHome {
  readonly path: string
  /** Changes the record; the parts not named stay. */
  update(change: Partial<Omit<RunRecord, 'supervisor'>>): void
  /** Gives the home back. */
  release(): void
}

/** One that was killed together with what started it needs a moment to notice. */
const noticeMs = 2000
const stoppingMs = 60_000
const orphanGraceMs = 10_000
const pollMs = 50

/**
 * Takes the home for this process. Waits for a supervisor that is on its way out, and stops what a killed one left.
 *
 * @throws ServiceError if another supervisor runs it.
 */
export async function claimHome(path: string, onStep: (text: string) => void = () => undefined): Promise<ClaimedHome> {
  createHome(path)
  const supervisor = markProcess(process.pid)
  if (supervisor === undefined) throw new Error('This process cannot find itself')
  let record: RunRecord = { supervisor, state: 'starting', processes: {} }
  await withLock(join(path, 'claim.lock'), async () => {
    const last = readRunRecord(path)
    if (last) {
      await waitForEnd(path, last, onStep)
      await stopOrphans(last, onStep)
    }
    writeRunRecord(path, record)
  })
  return {
    path,
    update(change) {
      record = { ...record, ...change }
      try {
        writeRunRecord(path, record)
      } catch (error) {
        // A disk that is full by now must keep nobody from coming back up or going down. What the record then lacks ends
        // by itself when we are gone.
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      }
    },
    release: () => rmSync(recordPath(path), { force: true }),
  }
}

/** The record of a home; `undefined` if nothing runs there and nothing was left behind. */
function readRunRecord(path: string): RunRecord | undefined {
  try {
    return JSON.parse(readFileSync(recordPath(path), 'utf8')) as RunRecord
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** The record of the installation that runs in a home now. */
export function runningInstallation(path: string): RunRecord | undefined {
  const record = readRunRecord(path)
  return record && isRunning(record.supervisor) ? record : undefined
}

/** A new or empty home: as root, others may pass through (PostgreSQL never runs as root), but not look around. */
function createHome(path: string): void {
  try {
    mkdirSync(path, { recursive: true })
    const isOursToSetUp = readdirSync(path).length === 0
    if (isOursToSetUp) chmodSync(path, process.getuid?.() === 0 ? 0o711 : 0o700)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new ServiceError(`The home ${path} cannot be made (${code}): choose another with --home or PERENNIAL_HOME`)
  }
}

async function waitForEnd(path: string, last: RunRecord, onStep: (text: string) => void): Promise<void> {
  const startedAt = performance.now()
  for (let told = false; isRunning(last.supervisor); await sleep(pollMs)) {
    const now = readRunRecord(path)
    const isStopping = now?.state === 'stopping'
    if (performance.now() - startedAt > (isStopping ? stoppingMs : noticeMs)) {
      const at = now?.addresses ? ` at ${now.addresses.url}` : ''
      throw new ServiceError(
        `Perennial already runs in ${path}${at} (process ${last.supervisor.pid}): stop it first, or choose another home with --home`,
      )
    }
    if (isStopping && !told) onStep('waiting for the installation in this home to stop')
    told ||= isStopping
  }
}

async function stopOrphans(last: RunRecord, onStep: (text: string) => void): Promise<void> {
  const orphans = Object.entries(last.processes).filter(([, mark]) => isRunning(mark))
  if (orphans.length === 0) return
  onStep(`stopping what a killed installation left behind: ${orphans.map(([name]) => name).join(', ')}`)
  await Promise.all(orphans.map(([, mark]) => endProcess(mark, 'SIGTERM', orphanGraceMs)))
}

function recordPath(path: string): string {
  return join(path, 'run.json')
}

function writeRunRecord(path: string, record: RunRecord): void {
  // It holds the database's address with its password.
  writeFileSync(`${recordPath(path)}.new`, `${JSON.stringify(record, undefined, 2)}\n`, { mode: 0o600 })
  renameSync(`${recordPath(path)}.new`, recordPath(path))
}
