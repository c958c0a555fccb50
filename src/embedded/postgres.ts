/** A private PostgreSQL for one installation, from the programs that npm brought. Also as root. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort, isPortFree } from './ports.ts'
import { postgresBinaries } from './postgres-binaries.ts'
import type { Cluster } from './postgres-data.ts'
import { database, inOneSentence, postgresData, serverEnvironment, superuser } from './postgres-data.ts'
import { postgresSettings } from './postgres-settings.ts'
import { argumentsOf, endProcess, markProcess } from './processes.ts'
import { serviceAccount } from './service-account.ts'
import { PortTakenError } from './service-error.ts'
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
  const { dataDir, password } = await postgresData({ home, account, binaries, durable, onStep })
  await stopOrphan(dataDir, onStep)
  const port = options.port ?? (await freePort())
  if (!(await isPortFree(port))) throw new PortTakenError(port, 'PostgreSQL')
  const service = await start({ home, account, binaries, dataDir, port, durable })
  return {
    url: `postgresql://${superuser}:${password}@127.0.0.1:${port}/${database}`,
    port,
    dataDir,
    mark: service.mark,
    exited: service.exited,
    stop: () => service.stop(),
  }
}

async function start(cluster: Cluster & { dataDir: string; port: number }): Promise<ServiceProcess> {
  const deadline = performance.now() + startTimeoutMs
  for (;;) {
    const service = await startService({
      command: cluster.binaries.postgres,
      args: [
        '-D',
        cluster.dataDir,
        '-p',
        String(cluster.port),
        ...postgresSettings(cluster.durable).flatMap((value) => ['-c', value]),
      ],
      logPath: join(cluster.home, 'logs', 'postgres.log'),
      env: serverEnvironment(),
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
    throw inOneSentence(new Error(said), cluster.dataDir)
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

function pidFile(dataDir: string): string[] {
  try {
    return readFileSync(join(dataDir, 'postmaster.pid'), 'utf8').split('\n')
  } catch {
    return []
  }
}
