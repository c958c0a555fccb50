/** An installation of the product for a bench: the shop's campaigns with one journey of the bench instead of their own. */

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Clock, createClock } from '../../src/clock.ts'
import type { Config } from '../../src/config.ts'
import { type Installation, type InstallationOptions, startInstallation } from '../../src/embedded/supervisor.ts'
import { type Database, openDatabase } from '../../src/store/database.ts'
import { publishCampaigns } from '../../src/store/publishing/publish-campaigns.ts'
import { loadMasterKey, Vault } from '../../src/store/vault.ts'
import { say } from './bench.ts'

export interface BenchShop {
  readonly installation: Installation
  readonly database: Database
  readonly vault: Vault
  readonly clock: Clock
}

/** The key of the journey, where there is one. */
export const benchJourney = 'bench'

/** Runs `work` with an installation of its own, whose every message may leave at any hour. */
export async function withShop<Result>(
  /** One, or several by their keys. */
  journeys: string | Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>>,
  work: (shop: BenchShop) => Promise<Result>,
  processes?: InstallationOptions['processes'],
): Promise<Result> {
  const home = mkdtempSync(join(tmpdir(), 'perennial-bench-'))
  say('starting an installation …')
  try {
    const installation = await startInstallation({
      home,
      port: 0,
      env,
      ...(processes ? { processes } : {}),
      prepare: ({ config }) =>
        publish(config, home, typeof journeys === 'string' ? { [benchJourney]: journeys } : journeys),
    })
    const database = openDatabase(installation.databaseUrl)
    const { config } = installation
    try {
      const vault = new Vault(loadMasterKey(config.home, config.masterKey))
      return await work({ installation, database, vault, clock: createClock(config.clock) })
    } finally {
      await database.close()
      await installation.stop()
    }
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

async function publish(config: Config, home: string, journeys: Readonly<Record<string, string>>): Promise<void> {
  const directory = join(home, 'campaigns')
  cpSync(fileURLToPath(new URL('../../campaigns', import.meta.url)), directory, { recursive: true })
  rmSync(join(directory, 'journeys'), { recursive: true })
  mkdirSync(join(directory, 'journeys'))
  for (const [key, journey] of Object.entries(journeys)) {
    writeFileSync(join(directory, 'journeys', `${key}.yaml`), journey)
  }
  // Whatever the hour: a message that waits for the morning is not planned tonight.
  const policy = join(directory, 'contact-policy.yaml')
  writeFileSync(policy, readFileSync(policy, 'utf8').replaceAll(/^ *(quiet_hours|when_quiet):.*\n/gm, ''))
  const database = openDatabase(config.databaseUrl ?? '')
  await publishCampaigns(database, directory, Date.now())
  await database.close()
}

/** From now until `count` of something are there. `counted` is asked the less often the longer it takes. @returns how many a second. */
export async function perSecond(
  count: number,
  startedAt: number,
  patienceMs: number,
  counted: () => Promise<number>,
): Promise<number> {
  for (;;) {
    const there = await counted()
    const elapsedMs = performance.now() - startedAt
    if (there >= count) return (count * 1000) / elapsedMs
    if (elapsedMs > patienceMs)
      throw new Error(`after ${Math.round(elapsedMs / 1000)} s only ${there} of ${count} were there`)
    await sleep(Math.min(500, Math.max(20, elapsedMs / 100)))
  }
}
