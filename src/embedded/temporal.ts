/** A private Temporal server with its web UI for one installation: Temporal's own dev server, with a store on disk. */

import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Connection } from '@temporalio/client'
import { isDiskFull } from './disk.ts'
import { freePort, isPortFree } from './ports.ts'
import type { ProcessMark } from './processes.ts'
import { argumentsOf, endProcess, isRunning, signalProcess } from './processes.ts'
import { ensureSearchAttributes } from './search-attributes.ts'
import { diskFull, PortTakenError, ServiceError } from './service-error.ts'
import type { Running, ServiceProcess } from './service-process.ts'
import { startService } from './service-process.ts'
import { watchTemporal } from './temporal-watch.ts'

export interface TemporalOptions {
  /** The installation's folder: it holds the store and the log. */
  readonly home: string
  /** From `obtainTemporal`. */
  readonly program: string
  /** Default: free ones. */
  readonly port?: number
  readonly uiPort?: number
  /** `true` only for tests: everything is lost at the end. Default: false. */
  readonly inMemory?: boolean
  readonly onStep?: (text: string) => void
  /** How long the server may give no answer before it is ended as hung. Default: 30 seconds. */
  readonly patienceMs?: number
}

export interface EmbeddedTemporal extends Running {
  /** Host and port of the gRPC service. */
  readonly address: string
  readonly port: number
  readonly uiPort: number
  readonly uiUrl: string
}

const host = '127.0.0.1'
const namespace = 'default'
const stopGraceMs = 15_000
const startTimeoutMs = 60_000
const pollMs = 50

const serverFlags = [
  'server',
  'start-dev',
  '--headless=false',
  '--ip',
  host,
  '--log-level',
  'error',
  '--color',
  'never',
]

/** Without these pragmas a store on disk is five times slower. WAL with `normal` survives a crash of the process. */
function storeFlags(store: string): string[] {
  return ['--db-filename', store, '--sqlite-pragma', 'journal_mode=wal', '--sqlite-pragma', 'synchronous=normal']
}

/**
 * Starts the server and registers the search attributes. What a killed predecessor left running on the same store is
 * stopped first. The caller makes sure that no living installation uses the same home.
 *
 * @throws ServiceError in one sentence: a taken port, a full disk, a server that does not start.
 */
export async function startEmbeddedTemporal(options: TemporalOptions): Promise<EmbeddedTemporal> {
  const { home, program, inMemory = false, onStep = () => undefined } = options
  const store = join(home, 'temporal.db')
  await stopOrphan(home, store, onStep)
  const port = options.port ?? (await freePort())
  const uiPort = options.uiPort ?? (await freePort())
  for (const taken of [port, uiPort])
    if (!(await isPortFree(taken))) throw new PortTakenError(taken, 'the Temporal server')
  const service = await startService({
    command: program,
    args: [...serverFlags, '--port', String(port), '--ui-port', String(uiPort), ...(inMemory ? [] : storeFlags(store))],
    logPath: join(home, 'logs', 'temporal.log'),
    stopSignal: 'SIGTERM',
    stopGraceMs,
  })
  recordService(home, service.mark)
  const address = `${host}:${port}`
  await whenReady(service, address, store)
  const watch = watchTemporal({
    address,
    namespace,
    onSilence: () => signalProcess(service.mark, 'SIGKILL'), // Whoever keeps it brings it back.
    ...(options.patienceMs === undefined ? {} : { patienceMs: options.patienceMs }),
  })
  void service.exited.then(() => watch.stop())
  return {
    address,
    port,
    uiPort,
    uiUrl: `http://${host}:${uiPort}`,
    mark: service.mark,
    exited: service.exited,
    stop() {
      watch.stop()
      return service.stop()
    },
  }
}

async function whenReady(service: ServiceProcess, address: string, store: string): Promise<void> {
  const deadline = performance.now() + startTimeoutMs
  let reason: unknown
  while (service.isUp() && performance.now() < deadline) {
    try {
      const connection = await Connection.connect({ address, connectTimeout: 1000 })
      try {
        await ensureSearchAttributes(connection, namespace)
        return
      } finally {
        await connection.close()
      }
    } catch (error) {
      reason = error // Not up yet, or the namespace is still being made.
      await sleep(pollMs)
    }
  }
  await service.stop()
  throw explained(service.tail(), reason, store)
}

/** Two servers on one store would ruin it. The record names the last one; its arguments prove that it is one. */
async function stopOrphan(home: string, store: string, onStep: (text: string) => void): Promise<void> {
  const path = recordPath(home)
  if (!existsSync(path)) return
  const mark = JSON.parse(readFileSync(path, 'utf8')) as ProcessMark
  if (!isRunning(mark) || !argumentsOf(mark.pid).includes(store)) return
  onStep('stopping the Temporal server that a killed installation left behind')
  await endProcess(mark, 'SIGTERM', stopGraceMs)
}

function recordPath(home: string): string {
  return join(home, 'temporal.json')
}

function recordService(home: string, mark: ProcessMark): void {
  writeFileSync(`${recordPath(home)}.new`, JSON.stringify(mark))
  renameSync(`${recordPath(home)}.new`, recordPath(home))
}

function explained(said: string, reason: unknown, store: string): ServiceError {
  const taken = /address already in use|can't set frontend port (\d+)/.exec(said)
  if (taken) return new PortTakenError(Number(/:(\d+): bind/.exec(said)?.[1] ?? taken[1]), 'the Temporal server')
  if (isDiskFull(store, said)) return diskFull(store)
  const last = said.trim().split('\n').at(-1)
  const detail = last === undefined || last === '' ? String(reason) : last
  return new ServiceError(`The Temporal server with the store ${store} did not start: ${detail}`)
}
