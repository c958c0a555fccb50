/** The door to PostgreSQL: one pool per process for SQL over sets and hot paths, one Prisma client for single records. */

import pg from 'pg'
import { createSeldom } from '../seldom.ts'
import type { PrismaClient } from './generated/client.ts'

/** What a query needs: the pool, or one connection inside a transaction. */
export interface Queryable {
  query<Row extends pg.QueryResultRow = pg.QueryResultRow>(
    query: string | pg.QueryConfig,
    values?: readonly unknown[],
  ): Promise<pg.QueryResult<Row>>
}

export interface Database {
  /** Sets and hot paths. */
  readonly pool: pg.Pool
  /**
   * Single records. The client is large, so it is loaded at the first call: a process that does not need it, or not yet,
   * starts without.
   */
  prisma(): Promise<PrismaClient>
  /** Work in one transaction, rolled back if it throws. */
  transaction<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T>
  close(): Promise<void>
}

const int8 = 20

/** Ids and money fit a double exactly up to 2⁵³; anything above would be a corrupted row and is refused. */
function parseInt8(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new RangeError(`bigint ${text}: must be a safe integer`)
  return value
}

const types: pg.CustomTypesConfig = {
  // The declared type is an overload per OID and format; what is called here is its most general form.
  getTypeParser: ((oid: number, format?: 'text' | 'binary'): unknown =>
    oid === int8 && format !== 'binary' ? parseInt8 : generalTypeParser(oid, format)) as typeof pg.types.getTypeParser,
}

const generalTypeParser = pg.types.getTypeParser as (oid: number, format?: 'text' | 'binary') => unknown

/** What the functions about one record at a time need. */
export type Records = Pick<Database, 'prisma'>

export interface DatabaseOptions {
  /** Of the process, for whoever looks at the server's connections: `perennial <name>`. */
  readonly name?: string
  /** Of the pool. Default: 10. */
  readonly maxConnections?: number
  /** Called when the server drops an idle connection, which is no error of any query. */
  readonly onIdleError?: (error: Error) => void
  /**
   * Statements that are not waited for one by one share a round trip. For processes with many small transactions; COPY
   * and cursors do not work on such connections. Default: false.
   */
  readonly pipeline?: boolean
}

/**
 * Opens a pool. It connects at the first query; an outage of the server fails the queries of that moment and heals by
 * itself.
 */
export function openDatabase(databaseUrl: string, options: DatabaseOptions = {}): Database {
  const { pipeline = false } = options
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    application_name: applicationName(options),
    max: options.maxConnections ?? 10,
    connectionTimeoutMillis: 10_000,
    // A server whose machine is gone says nothing: without this its connections would be waited for a quarter of an hour.
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    idleTimeoutMillis: 30_000,
    types,
    ...({ pipeline } as object), // pg knows it, its typings do not yet.
  })
  // A server that goes ends all of them at once.
  const tellLoss = createSeldom(1_000)
  pool.on('error', (error) => tellLoss('loss', () => options.onIdleError?.(error)))
  // A connection that is lost between two statements of a transaction: the next statement fails and tells its caller,
  // but without a listener the loss itself would end the process.
  pool.on('connect', (client) => void client.on('error', () => undefined))
  let prisma: Promise<PrismaClient> | undefined
  return {
    pool,
    prisma: () => (prisma ??= openPrisma(databaseUrl, options)),
    transaction: (work) => inTransaction(pool, pipeline, work),
    async close() {
      await Promise.all([pool.end(), prisma?.then((client) => client.$disconnect())])
    },
  }
}

function applicationName({ name }: DatabaseOptions): string {
  return name === undefined ? 'perennial' : `perennial ${name}`
}

async function openPrisma(databaseUrl: string, options: DatabaseOptions): Promise<PrismaClient> {
  const [{ PrismaPg }, { PrismaClient }] = await Promise.all([
    import('@prisma/adapter-pg'),
    import('./generated/client.ts'),
  ])
  const { onIdleError } = options
  const connections = {
    connectionString: databaseUrl,
    application_name: applicationName(options),
    max: 3,
    connectionTimeoutMillis: 10_000,
  }
  return new PrismaClient({ adapter: new PrismaPg(connections, { onPoolError: (error) => onIdleError?.(error) }) })
}

async function inTransaction<T>(
  pool: pg.Pool,
  pipeline: boolean,
  work: (client: pg.PoolClient) => Promise<T>,
): Promise<T> {
  const client = await pool.connect()
  let broken: Error | undefined
  try {
    const begun = client.query('BEGIN')
    if (!pipeline) await begun
    // Together with the first statements of the work, which fail too if it fails.
    const [result] = await Promise.all([work(client), begun])
    await client.query('COMMIT')
    return result
  } catch (error) {
    // If even the rollback fails, the connection is unusable: destroy it instead of handing it to the next one.
    await client.query('ROLLBACK').catch((rollbackError: Error) => (broken = rollbackError))
    throw error
  } finally {
    client.release(broken)
  }
}
