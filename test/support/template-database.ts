/** A migrated, empty database that tests are given copies of: copying is several times faster than migrating. */

import { createHash } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { migrateDeploy } from '../../src/store/migrate.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const templateLock = 8_700_001

/** Makes the template on a server unless it is there. @returns its name, which changes with the migrations. */
export async function ensureTemplateDatabase(serverUrl: string): Promise<string> {
  const name = `perennial_template_${migrationsHash()}`
  const client = new pg.Client({ connectionString: serverUrl })
  await client.connect()
  try {
    await client.query('SELECT pg_advisory_lock($1)', [templateLock])
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name])
    if (rowCount === 0) {
      // Under another name until it is whole: a run may be killed while it migrates.
      const draft = `${name}_draft`
      await client.query(`DROP DATABASE IF EXISTS "${draft}" WITH (FORCE)`)
      await client.query(`CREATE DATABASE "${draft}"`)
      await migrateDeploy(databaseUrl(serverUrl, draft))
      await client.query(`ALTER DATABASE "${draft}" RENAME TO "${name}"`)
    }
    return name
  } finally {
    await client.end()
  }
}

/** The address of one database of a server. */
export function databaseUrl(serverUrl: string, database: string): string {
  const url = new URL(serverUrl)
  url.pathname = `/${database}`
  return url.href
}

function migrationsHash(): string {
  const hash = createHash('sha256')
  for (const path of globSync('prisma/migrations/*/migration.sql', { cwd: root }).sort()) {
    hash.update(path).update(readFileSync(`${root}${path}`))
  }
  return hash.digest('hex').slice(0, 12)
}
