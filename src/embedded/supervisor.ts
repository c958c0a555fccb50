/**
 * Brings up a whole installation in one home (its neighbours, its database, its processes), keeps it running, and takes
 * it down in order. The start command, the demo and the tests use it.
 */

import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createClock } from '../clock.ts'
import type { ClockConfig, Config } from '../config.ts'
import { inheritedEnvironment, readConfig } from '../config.ts'
import { requireDatabaseUrl } from '../service.ts'
import { openDatabase } from '../store/database.ts'
import { openVault, replaceMasterKey } from '../store/master-key.ts'
import { migrateDeploy } from '../store/migrate.ts'
import { publishFirstCampaigns } from '../store/publishing/publish-campaigns.ts'
import { checkedReason, holdSending } from '../store/sending-hold.ts'
import { loadMasterKeys, type Vault } from '../store/vault.ts'
import type { FirstKeys } from './first-keys.ts'
import { ensureKeys } from './first-keys.ts'
import type { Addresses, ClaimedHome } from './home.ts'
import { claimHome } from './home.ts'
import { Keeper } from './keeper.ts'
import { freePort, freePorts, isPortFree } from './ports.ts'
import { type ProcessName, processNames } from './process-names.ts'
import type { ProcessMark } from './processes.ts'
import type { ProductProcess } from './product-process.ts'
import { startProductProcess } from './product-process.ts'
import { diskFull, ServiceError } from './service-error.ts'
import type { Reporter, Services } from './services.ts'
import { bringUpServices } from './services.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

const scripts: Readonly<Record<ProcessName, string>> = {
  api: 'src/api/main.ts',
  intake: 'workers/intake.ts',
  lifecycle: 'workers/lifecycle.ts',
}

export interface InstallationOptions {
  readonly home: string
  /** The port of the product. 0 for any; default: 8700, or the next free one. */
  readonly port?: number
  /** Default: as configured. */
  readonly clock?: ClockConfig
  /** Configuration on top of the environment of this process; `undefined` takes a name out of it. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Default: all. */
  readonly processes?: readonly ProcessName[]
  readonly report?: Partial<Reporter>
  /** The directory of campaigns that a new installation begins with. Default: those of the demo shop. */
  readonly campaigns?: string
  /** Why nothing is to be sent: sending is held before the product is up, until a person lets it go on. */
  readonly hold?: string
  /** Runs when the database is migrated, before the product is up: imports, campaigns of one's own. */
  readonly prepare?: (context: { readonly config: Config }) => Promise<void>
}

export interface Installation extends Addresses {
  readonly home: string
  /** The configuration of its processes, with everything that was brought up filled in. */
  readonly config: Config
  /** That of its database. */
  readonly vault: Vault
  /** At the first start only. */
  readonly firstKeys: FirstKeys | undefined
  readonly postgres: Services['postgres']
  readonly temporal: Services['temporal']
  /** One of the product's processes: `crash`, `stop`, `resume`. @throws RangeError if it was not started. */
  process(name: ProcessName): Keeper<ProductProcess>
  /** Takes everything down: first the product, which finishes what it holds, then its neighbours. */
  stop(): Promise<void>
}

/**
 * Starts an installation.
 *
 * @throws ServiceError in one sentence: the home is in use, a port is taken, a neighbour cannot be had, and so on.
 */
export async function startInstallation(options: InstallationOptions): Promise<Installation> {
  const home = resolve(options.home)
  const report: Reporter = { step: () => undefined, up: () => undefined, down: () => undefined, ...options.report }
  const env = { ...inheritedEnvironment(), ...options.env, ...clockEnvironment(options.clock), PERENNIAL_HOME: home }
  const config = readConfig(env)
  if (options.hold !== undefined) checkedReason(options.hold)
  createClock(config.clock) // A contradiction in it is better said before anything is up.
  try {
    const claimed = await claimHome(home, (text) => report.step(text))
    return await new Supervisor(claimed, config, env, report).start(options)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') throw diskFull(home) // Some small file of our own.
    throw error
  }
}

/** The environment that sets a clock. */
function clockEnvironment(clock: ClockConfig | undefined): Record<string, string> {
  if (clock === undefined) return {}
  const instant = (name: string, ms: number | undefined): Record<string, string> =>
    ms === undefined ? {} : { [name]: new Date(ms).toISOString() }
  const { speed, startsAtMs, anchoredAtMs, anchorFile } = clock
  return {
    CLOCK_SPEED: String(speed),
    ...instant('CLOCK_START', startsAtMs),
    ...instant('CLOCK_ANCHOR', anchoredAtMs),
    ...(anchorFile === undefined ? {} : { CLOCK_ANCHOR_FILE: anchorFile }),
  }
}

class Supervisor {
  readonly #home: ClaimedHome
  readonly #config: Config
  readonly #env: NodeJS.ProcessEnv
  readonly #report: Reporter
  readonly #marks: Record<string, ProcessMark> = {}
  readonly #processes = new Map<ProcessName, Keeper<ProductProcess>>()
  #services: Services | undefined
  #stopping: Promise<void> | undefined

  constructor(home: ClaimedHome, config: Config, env: NodeJS.ProcessEnv, report: Reporter) {
    this.#home = home
    this.#config = config
    this.#env = env
    this.#report = report
  }

  async start(options: InstallationOptions): Promise<Installation> {
    try {
      return await this.#bringUp(options)
    } catch (error) {
      await this.#takeDown()
      throw error
    }
  }

  async #bringUp(options: InstallationOptions): Promise<Installation> {
    const home = this.#home.path
    const processes = options.processes ?? processNames
    this.#checkPublicUrl(processes)
    const port = await this.#choosePort(options.port)
    loadMasterKeys({ ...this.#config, home })
    const firstPort = options.port === 0 ? 0 : port + 1
    const services = await bringUpServices({ home, config: this.#config, firstPort, report: this.#report })
    this.#services = services
    const { keys: firstKeys, vault } = await this.#prepareDatabase(services.databaseUrl)
    const env = this.#processEnvironment(services, port)
    const config = readConfig(env)
    if (options.hold !== undefined) await this.#hold(config, options.hold)
    await options.prepare?.({ config })
    await this.#publishFirstCampaigns(config, options.campaigns ?? join(root, 'campaigns'))
    const url = config.http.publicUrl ?? localUrl(port)
    services.setInboundWebhook(new URL('/hooks/twilio/inbound', url).href)
    await this.#startProcesses(processes, env)
    const { databaseUrl, temporalAddress, temporalUi, smtpUrl: smtp, mailUi, smsUi } = services
    const addresses = { url, temporalAddress, databaseUrl, smtp, temporalUi, mailUi, smsUi }
    this.#home.update({ state: 'running', addresses })
    return {
      ...addresses,
      home,
      config,
      vault,
      firstKeys,
      postgres: services.postgres,
      temporal: services.temporal,
      process: (name) => this.#processNamed(name),
      stop: () => this.#takeDown(),
    }
  }

  /** Without the API here, nothing listens at the local address: links in messages must lead to where it is. */
  #checkPublicUrl(processes: readonly ProcessName[]): void {
    if (processes.includes('api') || this.#config.http.publicUrl !== undefined) return
    throw new ServiceError('PERENNIAL_PUBLIC_URL must be set where the API does not run: links in messages lead there')
  }

  async #choosePort(wanted: number | undefined): Promise<number> {
    const { host, port: configured } = this.#config.http
    if (wanted === 0) return freePort(host)
    if (wanted !== undefined) {
      if (await isPortFree(wanted, host)) return wanted
      throw new ServiceError(`Port ${wanted} is taken: choose another with --port, or --port 0 for any`)
    }
    const [port = configured] = await freePorts(configured, 1, host)
    if (port !== configured) this.#report.step(`port ${configured} is taken, so Perennial listens on ${port}`)
    return port
  }

  async #prepareDatabase(databaseUrl: string): Promise<{ keys: FirstKeys | undefined; vault: Vault }> {
    const startedAt = performance.now()
    const applied = await migrateDeploy(databaseUrl)
    const vault = await this.#openVault(databaseUrl)
    const keys = await ensureKeys(databaseUrl, this.#home.path)
    const what = applied.length === 0 ? 'database' : `database (${applied.length} migrations applied)`
    this.#report.up(what, performance.now() - startedAt)
    return { keys, vault }
  }

  async #openVault(databaseUrl: string): Promise<Vault> {
    const db = openDatabase(databaseUrl, { maxConnections: 1 })
    try {
      const masterKeys = loadMasterKeys({ ...this.#config, home: this.#home.path })
      if (await replaceMasterKey(db, masterKeys))
        this.#report.step("the master key was replaced; customers' keys are wrapped anew meanwhile")
      return await openVault(db.pool, masterKeys)
    } finally {
      await db.close()
    }
  }

  async #hold(config: Config, reason: string): Promise<void> {
    const db = openDatabase(requireDatabaseUrl(config), { maxConnections: 1 })
    try {
      const hold = { extent: 'everything', reason, by: 'cli' } as const
      await db.transaction((client) => holdSending(client, hold, createClock(config.clock).nowMs()))
    } finally {
      await db.close()
    }
    this.#report.step('nothing is sent until "perennial resume --all --yes"')
  }

  /** What a new installation begins with; afterwards what is in force changes only when somebody publishes. */
  async #publishFirstCampaigns(config: Config, directory: string): Promise<void> {
    const db = openDatabase(requireDatabaseUrl(config), { maxConnections: 1 })
    try {
      const startedAt = performance.now()
      const publication = await publishFirstCampaigns(db, directory, createClock(config.clock).nowMs())
      if (publication)
        this.#report.up(`campaigns (${publication.published.length} published)`, performance.now() - startedAt)
    } finally {
      await db.close()
    }
  }

  /** All of the configuration is in the environment of each process. */
  #processEnvironment(services: Services, port: number): NodeJS.ProcessEnv {
    const { twilio } = services
    return {
      ...this.#env,
      DATABASE_URL: services.databaseUrl,
      TEMPORAL_ADDRESS: services.temporalAddress,
      SMTP_URL: services.smtpUrl,
      TWILIO_ACCOUNT_SID: twilio.accountSid,
      TWILIO_AUTH_TOKEN: twilio.authToken,
      TWILIO_FROM: twilio.from,
      TWILIO_API_URL: twilio.apiUrl,
      PERENNIAL_PORT: String(port),
      PERENNIAL_PUBLIC_URL: this.#config.http.publicUrl ?? localUrl(port),
      PERENNIAL_MAIL_PAGE: services.mailUi ?? this.#config.pages.mail,
      PERENNIAL_SMS_PAGE: services.smsUi ?? this.#config.pages.sms,
      PERENNIAL_TEMPORAL_PAGE: services.temporalUi ?? this.#config.pages.temporal,
    }
  }

  async #startProcesses(names: readonly ProcessName[], env: NodeJS.ProcessEnv): Promise<void> {
    const outcomes = await Promise.allSettled(names.map((name) => this.#keepProcess(name, env)))
    const failure = outcomes.find((outcome) => outcome.status === 'rejected')
    if (failure) throw failure.reason
  }

  async #keepProcess(name: ProcessName, env: NodeJS.ProcessEnv): Promise<void> {
    const startedAt = performance.now()
    const logPath = join(this.#home.path, 'logs', `${name}.log`)
    const keeper = await Keeper.keep({
      start: () => startProductProcess({ name, script: join(root, scripts[name]), env, logPath }),
      onUp: ({ mark }) => {
        this.#marks[name] = mark
        this.#home.update({ processes: { ...this.#marks } })
      },
      onDown: (reason, retryInMs) => this.#report.down(name, reason, retryInMs),
    })
    this.#processes.set(name, keeper)
    this.#report.up(name, performance.now() - startedAt)
  }

  #processNamed(name: ProcessName): Keeper<ProductProcess> {
    const keeper = this.#processes.get(name)
    if (keeper === undefined) throw new RangeError(`process "${name}": was not started here`)
    return keeper
  }

  /** Safe to call again: everybody gets the same end. */
  #takeDown(): Promise<void> {
    this.#stopping ??= (async () => {
      this.#home.update({ state: 'stopping' })
      await Promise.all([...this.#processes.values()].map((keeper) => keeper.stop()))
      await this.#services?.stop()
      this.#home.release()
    })()
    return this.#stopping
  }
}

function localUrl(port: number): string {
  return `http://127.0.0.1:${port}`
}
