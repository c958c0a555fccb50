/**
 * Makes a migration from a changed prisma/schema.prisma, or checks that none is missing. Needs no engine binary: it
 * drives the WebAssembly build of Prisma's schema engine through the pg driver adapter.
 *
 *   node bin/migration.ts new NAME     writes prisma/migrations/<time>_NAME/migration.sql
 *   node bin/migration.ts check        exits 1 and prints the missing SQL when the schema is ahead of its migrations
 *
 * DATABASE_URL names a server on which a shadow database may be made for a moment.
 */

import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { PrismaPg } from '@prisma/adapter-pg'
import { bindMigrationAwareSqlAdapterFactory, ColumnTypeEnum } from '@prisma/driver-adapter-utils'

const migrationsDir = 'prisma/migrations'
const schemaPath = 'prisma/schema.prisma'
const url = process.env['DATABASE_URL']
const [command, name = 'change'] = process.argv.slice(2)
if (!url || (command !== 'new' && command !== 'check')) {
  console.error('usage: DATABASE_URL=… node bin/migration.ts new NAME | check')
  process.exit(2)
}

/** The SQL that leads from the migrations to the schema; empty when nothing is missing. */
async function missingSql(databaseUrl: string): Promise<string> {
  const files = [{ path: schemaPath, content: readFileSync(schemaPath, 'utf8') }]
  const bindings = await schemaEngine()
  const engine = await bindings.SchemaEngine.new(
    { datamodels: files.map((file) => [file.path, file.content]) },
    () => {},
    bindMigrationAwareSqlAdapterFactory(new ShadowingAdapter(databaseUrl)),
  )
  const { stdout, exitCode } = await engine.diff({
    from: { tag: 'migrations', ...migrations() },
    to: { tag: 'schemaDatamodel', files },
    script: true,
    exitCode: true,
    filters: { externalTables: [], externalEnums: [] },
  })
  return exitCode === 2 ? (stdout ?? '') : ''
}

function writeMigration(sql: string): string {
  const folder = join(migrationsDir, `${new Date().toISOString().replaceAll(/\D/g, '').slice(0, 14)}_${name}`)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(migrationsDir, 'migration_lock.toml'), 'provider = "postgresql"\n')
  writeFileSync(join(folder, 'migration.sql'), sql)
  return join(folder, 'migration.sql')
}

function migrations(): object {
  const folders = existsSync(migrationsDir) ? readdirSync(migrationsDir, { withFileTypes: true }) : []
  return {
    baseDir: migrationsDir,
    shadowDbInitScript: '',
    lockfile: { path: 'migration_lock.toml', content: 'provider = "postgresql"\n' },
    migrationDirectories: folders
      .filter((folder) => folder.isDirectory())
      .map((folder) => folder.name)
      .sort()
      .map((path) => ({
        path,
        migrationFile: {
          path: 'migration.sql',
          content: { tag: 'ok', value: readFileSync(join(migrationsDir, path, 'migration.sql'), 'utf8') },
        },
      })),
  }
}

/** Part of Node, but not of its typings without those of a browser. */
declare const WebAssembly: {
  instantiate(bytes: Uint8Array, imports: Record<string, object>): Promise<{ instance: { exports: unknown } }>
}

interface EngineBindings {
  __wbg_set_wasm(exports: unknown): void
  SchemaEngine: {
    new: (
      datamodels: object,
      log: () => void,
      adapter: object,
    ) => Promise<{ diff(input: object): Promise<{ stdout: string | null; exitCode: number }> }>
  }
}

async function schemaEngine(): Promise<EngineBindings> {
  const panics = { set_message: (message: string) => console.error('schema engine:', message) }
  ;(globalThis as Record<string, unknown>)['PRISMA_WASM_PANIC_REGISTRY'] = panics
  const path = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg')
  const bindings = (await import(path)) as EngineBindings
  const binary = readFileSync(join(path, '..', 'schema_engine_bg.wasm'))
  const { instance } = await WebAssembly.instantiate(binary, { './schema_engine_bg.js': bindings })
  bindings.__wbg_set_wasm(instance.exports)
  ;(instance.exports as { __wbindgen_start(): void }).__wbindgen_start()
  return bindings
}

type Adapter = Awaited<ReturnType<PrismaPg['connect']>>

/** The pg adapter, with a shadow database of its own that is dropped only after everybody has left it. */
class ShadowingAdapter extends PrismaPg {
  readonly #url: string

  constructor(databaseUrl: string) {
    super({ connectionString: databaseUrl })
    this.#url = databaseUrl
  }

  override async connect(): Promise<Adapter> {
    return readingCatalogue(await super.connect())
  }

  override async connectToShadowDb(): Promise<Adapter> {
    const main = await super.connect()
    const database = `shadow_${randomUUID()}`
    const shadowUrl = new URL(this.#url)
    shadowUrl.pathname = `/${database}`
    await main.executeScript(`CREATE DATABASE "${database}"`)
    const shadow = readingCatalogue(await new PrismaPg({ connectionString: shadowUrl.href }).connect())
    const leave = shadow.dispose.bind(shadow)
    shadow.dispose = async () => {
      await leave()
      await main.executeScript(`DROP DATABASE "${database}" WITH (FORCE)`)
      await main.dispose()
    }
    return shadow
  }
}

const internalChar = 18 // The catalogue's "char" type, which the adapter does not know.
const blankPaddedChar = 1042

/**
 * Hands the catalogue's internal "char" columns over as text and labels them as the engine expects. Scripts go to the
 * server whole: the adapter cuts them at every semicolon, also in the middle of a function.
 */
function readingCatalogue(adapter: Adapter): Adapter {
  interface Inner {
    client: { query(statement: unknown): Promise<{ fields?: { dataTypeID: number }[]; rows: object }> }
    queryRaw(query: unknown): Promise<{ columnTypes: number[]; rows: object }>
  }
  const inner = adapter as unknown as Inner
  adapter.executeScript = async (script) => void (await inner.client.query(script))
  const relabelled = new WeakMap<object, number[]>()
  const query = inner.client.query.bind(inner.client)
  const queryRaw = inner.queryRaw.bind(inner)
  inner.client.query = async (statement) => {
    const result = await query(statement)
    const columns = (result.fields ?? []).flatMap((field, i) => (field.dataTypeID === internalChar ? [i] : []))
    for (const i of columns)
      (result.fields as { dataTypeID: number }[])[i] = { ...result.fields?.[i], dataTypeID: blankPaddedChar }
    if (columns.length > 0) relabelled.set(result.rows, columns)
    return result
  }
  inner.queryRaw = async (statement) => {
    const result = await queryRaw(statement)
    for (const i of relabelled.get(result.rows) ?? []) result.columnTypes[i] = ColumnTypeEnum.Character
    return result
  }
  return adapter
}

const missing = await missingSql(url)
if (command === 'check') {
  process.stdout.write(missing)
  process.exit(missing === '' ? 0 : 1)
}
if (missing === '') console.log('The migrations already give this schema.')
else console.log(`Wrote ${writeMigration(missing)}. Read it before you commit it.`)
process.exit(0)
