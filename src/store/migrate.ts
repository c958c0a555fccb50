/** Applies prisma/migrations in order: the same table, checksums and lock as `prisma migrate deploy`, without an engine. */

import { createHash, randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'

const defaultDir = fileURLToPath(new URL('../../prisma/migrations', import.meta.url))

/** The advisory lock that Prisma takes while it migrates. */
const prismaMigrateLock = 72_707_369

const createMigrationsTable = `
  CREATE TABLE IF NOT EXISTS _prisma_migrations (
    id                  VARCHAR(36)  PRIMARY KEY NOT NULL,
    checksum            VARCHAR(64)  NOT NULL,
    finished_at         TIMESTAMPTZ,
    migration_name      VARCHAR(255) NOT NULL,
    logs                TEXT,
    rolled_back_at      TIMESTAMPTZ,
    started_at          TIMESTAMPTZ  NOT NULL DEFAULT now(),
    applied_steps_count INTEGER      NOT NULL DEFAULT 0
  )`

/** A migration that stands in the way of starting: its message says which one and what to do. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError'
}

interface Migration {
  readonly name: string
  readonly sql: string
  readonly checksum: string
}

/**
 * Brings the database up to the newest migration. Each migration is one transaction; several processes may call this
 * at once.
 *
 * @returns the names of the migrations that this call applied.
 * @throws MigrationError if a migration was edited after it was applied, is missing from `dir`, or fails.
 */
export async function migrateDeploy(databaseUrl: string, dir: string = defaultDir): Promise<string[]> {
  return withLock(databaseUrl, async (client) => {
    await client.query(createMigrationsTable)
    const pending = await pendingMigrations(client, dir)
    for (const migration of pending) await apply(client, migration)
    return pending.map((migration) => migration.name)
  })
}

/** The names of the migrations that the database still lacks. Changes nothing. */
export async function missingMigrations(databaseUrl: string, dir: string = defaultDir): Promise<string[]> {
  return withLock(databaseUrl, async (client) => {
    const { rows } = await client.query(`SELECT to_regclass('_prisma_migrations') IS NOT NULL AS present`)
    const pending = rows[0].present ? await pendingMigrations(client, dir) : readMigrations(dir)
    return pending.map((migration) => migration.name)
  })
}

async function withLock<T>(databaseUrl: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 10_000 })
  await client.connect()
  try {
    await client.query('SELECT pg_advisory_lock($1)', [prismaMigrateLock])
    return await work(client)
  } finally {
    await client.end() // Closing the session gives the lock back.
  }
}

async function pendingMigrations(client: pg.Client, dir: string): Promise<Migration[]> {
  const { rows } = await client.query<{ migration_name: string; checksum: string; finished_at: Date | null }>(
    'SELECT migration_name, checksum, finished_at FROM _prisma_migrations WHERE rolled_back_at IS NULL',
  )
  const known = new Map(rows.map((row) => [row.migration_name, row]))
  const migrations = readMigrations(dir)
  const names = new Set(migrations.map((migration) => migration.name))
  for (const row of rows) {
    if (!names.has(row.migration_name)) {
      throw new MigrationError(
        `The database has the migration ${row.migration_name}, which this version does not know: run a newer version.`,
      )
    }
  }
  return migrations.filter((migration) => {
    const row = known.get(migration.name)
    if (!row) return true
    if (!row.finished_at) {
      throw new MigrationError(`The migration ${migration.name} failed earlier: mend it with "prisma migrate resolve".`)
    }
    if (row.checksum !== migration.checksum) {
      throw new MigrationError(
        `The migration ${migration.name} was edited after it was applied: restore the file and put the change into a new migration.`,
      )
    }
    return false
  })
}

function readMigrations(dir: string): Migration[] {
  return readdirSync(dir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
    .map((name) => {
      const sql = readFileSync(join(dir, name, 'migration.sql'), 'utf8')
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') }
    })
}

async function apply(client: pg.Client, { name, sql, checksum }: Migration): Promise<void> {
  const id = randomUUID()
  try {
    await client.query('BEGIN')
    await client.query('INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ($1, $2, $3)', [
      id,
      checksum,
      name,
    ])
    await client.query(sql)
    await client.query(
      'UPDATE _prisma_migrations SET finished_at = clock_timestamp(), applied_steps_count = 1 WHERE id = $1',
      [id],
    )
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK')
    throw new MigrationError(`The migration ${name} failed and changed nothing: ${String(error)}`)
  }
}
