/**
 * Lines per second of `import retail` for the whole Online Retail file, against the bare COPY of the same lines.
 *
 * The COPY goes into a logged table with the same eight columns, typed, without index or constraint, on the same server:
 * nothing is checked, matched or summed. Both read and unpack the file.
 *
 *   npm run -s bench -- import [--rounds 2] [--json]
 */

import { createReadStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { createGunzip } from 'node:zlib'
import { from as copyFrom } from 'pg-copy-streams'
import { startInstallation } from '../src/embedded/supervisor.ts'
import { type Database, openDatabase } from '../src/store/database.ts'
import { loadMasterKey, Vault } from '../src/store/vault.ts'
import { runBench, say, wholeNumber } from './support/bench.ts'
import { importRetail, retailFile as name } from './support/import-retail.ts'
import { median } from './support/measure.ts'
import { dataPath, missingData } from './support/shared-data.ts'

async function copyBare(database: Database, path: string): Promise<number> {
  await database.pool.query(`
    DROP TABLE IF EXISTS bare_retail;
    CREATE TABLE bare_retail (invoice text, stock_code text, description text, quantity int, invoice_date timestamptz,
                              unit_price numeric, customer_id text, country text)`)
  const client = await database.pool.connect()
  try {
    const startedAt = performance.now()
    const copy = client.query(copyFrom('COPY bare_retail FROM STDIN (FORMAT csv, HEADER)'))
    await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), createGunzip({ chunkSize: 1 << 20 }), copy)
    return (copy.rowCount * 1000) / (performance.now() - startedAt)
  } finally {
    client.release()
  }
}

async function importOnce(database: Database, home: string): Promise<number> {
  await database.pool.query(
    `TRUNCATE customers, identities, orders, order_lines, order_changes, products, imports, imported_customers,
              imported_refunds, dirty_customers, lifecycle_moves`,
  )
  const vault = new Vault(loadMasterKey(home, undefined))
  const { lines, tookMs } = await importRetail({ database, vault, home }, Date.now())
  return (lines * 1000) / tookMs
}

await runBench('import', { rounds: '2' }, async (options) => {
  const rounds = wholeNumber('rounds', options.rounds, 1)
  const missing = missingData(name)
  if (missing !== undefined) throw new RangeError(missing)
  const path = fileURLToPath(dataPath(name))
  const home = mkdtempSync(join(tmpdir(), 'perennial-bench-'))
  say('starting PostgreSQL …')
  const installation = await startInstallation({ home, port: 0, processes: ['api'] })
  const database = openDatabase(installation.databaseUrl)
  const rates = { ours: [] as number[], bare: [] as number[] }
  try {
    for (let round = 0; round < rounds; round++) {
      rates.bare.push(await copyBare(database, path))
      rates.ours.push(await importOnce(database, home))
      say(
        `round ${round + 1}: ${Math.round(rates.ours[round] ?? 0)} against ${Math.round(rates.bare[round] ?? 0)} lines/s`,
      )
    }
  } finally {
    await database.close()
    await installation.stop()
    rmSync(home, { recursive: true, force: true })
  }
  const result = { ours: Math.round(median(rates.ours)), reference: Math.round(median(rates.bare)), unit: 'lines/s' }
  const text = `${result.ours} lines/s imported, ${result.reference} lines/s by the bare COPY: ${(result.ours / result.reference).toFixed(2)} (at least 0.3 wanted).`
  return { result: { ...result, target: 0.3 }, text }
})
