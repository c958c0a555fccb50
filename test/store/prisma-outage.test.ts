/** What Prisma says of a server that is away is an outage like any other: try again later. */

import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startEmbeddedPostgres } from '../../src/embedded/postgres.ts'
import { createApiKey, verifyApiKey } from '../../src/store/api-keys.ts'
import { openDatabase } from '../../src/store/database.ts'
import { isPassing } from '../../src/store/describe-error.ts'
import { migrateDeploy } from '../../src/store/migrate.ts'

test('while PostgreSQL stops, is away and starts, every error of a record is a passing one', async () => {
  const home = mkdtempSync(join(tmpdir(), 'perennial-test-'))
  chmodSync(home, 0o755) // Others must get in: as root, PostgreSQL runs as another user.
  const postgres = await startEmbeddedPostgres({ home, durable: false })
  await migrateDeploy(postgres.url)
  const database = openDatabase(postgres.url, { onIdleError: () => undefined })
  const { key } = await createApiKey(database, { kind: 'admin', name: 'test' })
  const errors: unknown[] = []
  const over = new AbortController()
  const asking = Promise.all(
    Array.from({ length: 4 }, async () => {
      while (!over.signal.aborted)
        await verifyApiKey(database, 'admin', key).catch((error: unknown) => errors.push(error))
    }),
  )
  try {
    await new Promise((resolve) => setTimeout(resolve, 300))
    await postgres.stop()
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    const again = await startEmbeddedPostgres({ home, durable: false, port: postgres.port })
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    over.abort()
    await asking
    expect(await verifyApiKey(database, 'admin', key)).toBeDefined()
    expect(errors.length).toBeGreaterThan(0)
    expect(errors.filter((error) => !isPassing(error)).map(String)).toEqual([])
    await again.stop()
  } finally {
    over.abort()
    await database.close()
    rmSync(home, { recursive: true, force: true })
  }
})
