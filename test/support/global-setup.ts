/**
 * One PostgreSQL and one Temporal server for a whole run of the tests, in a folder that goes with them. For quick
 * repeated runs, PERENNIAL_TEST_DATABASE_URL and PERENNIAL_TEST_TEMPORAL name servers to use instead.
 */

import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Connection } from '@temporalio/client'
import type { TestProject } from 'vitest/node'
import { readConfig } from '../../src/config.ts'
import { startEmbeddedPostgres } from '../../src/embedded/postgres.ts'
import { removeEmbeddedPostgres } from '../../src/embedded/postgres-data.ts'
import type { ProcessMark } from '../../src/embedded/processes.ts'
import { isRunning, markProcess } from '../../src/embedded/processes.ts'
import { ensureSearchAttributes } from '../../src/embedded/search-attributes.ts'
import { startEmbeddedTemporal } from '../../src/embedded/temporal.ts'
import { obtainTemporal } from '../../src/embedded/temporal-binary.ts'
import { ensureTemplateDatabase } from './template-database.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** A PostgreSQL server on which tests make databases of their own. */
    readonly databaseServerUrl: string
    /** The migrated database that they are copied from. */
    readonly templateDatabase: string
    /** Host and port of a Temporal server with the search attributes registered. */
    readonly temporalAddress: string
  }
}

interface Server {
  readonly at: string
  stop(): Promise<void>
}

const prefix = 'perennial-test-'
const tell = (text: string): boolean => process.stderr.write(`tests: ${text}\n`)

export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  removeAbandoned()
  const home = mkdtempSync(join(tmpdir(), prefix))
  writeFileSync(join(home, 'owner.json'), JSON.stringify(markProcess(process.pid)))
  chmodSync(home, 0o755) // Others must get in: as root, PostgreSQL runs as another user.
  const [database, temporal] = await Promise.all([databaseServer(home), temporalServer(home)])
  project.provide('databaseServerUrl', database.at)
  project.provide('templateDatabase', await ensureTemplateDatabase(database.at))
  project.provide('temporalAddress', temporal.at)
  return async () => {
    await Promise.all([database.stop(), temporal.stop()])
    remove(home)
  }
}

async function databaseServer(home: string): Promise<Server> {
  const given = process.env['PERENNIAL_TEST_DATABASE_URL']
  if (given) return { at: given, stop: async () => undefined }
  const postgres = await startEmbeddedPostgres({ home, durable: false })
  return { at: postgres.url, stop: () => postgres.stop() }
}

async function temporalServer(home: string): Promise<Server> {
  const given = process.env['PERENNIAL_TEST_TEMPORAL']
  if (given) {
    const connection = await Connection.connect({ address: given })
    await ensureSearchAttributes(connection, 'default')
    await connection.close()
    return { at: given, stop: async () => undefined }
  }
  const program = await obtainTemporal(readConfig().cacheDir, tell)
  const temporal = await startEmbeddedTemporal({ home, program, inMemory: true })
  return { at: temporal.address, stop: () => temporal.stop() }
}

/** A run that was killed could not clean up. */
function removeAbandoned(): void {
  for (const name of readdirSync(tmpdir())) {
    if (!name.startsWith(prefix)) continue
    const home = join(tmpdir(), name)
    try {
      const owner = JSON.parse(readFileSync(join(home, 'owner.json'), 'utf8')) as ProcessMark
      if (!isRunning(owner)) remove(home)
    } catch {
      // Just being made by another run, or not ours to read.
    }
  }
}

function remove(home: string): void {
  removeEmbeddedPostgres(home)
  rmSync(home, { recursive: true, force: true })
}
