/** Checks that the migrations lead to the schema, on a PostgreSQL that lives for this one check. Run by bin/check.mjs. */

import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inheritedEnvironment } from '../src/config.ts'
import { startEmbeddedPostgres } from '../src/embedded/postgres.ts'

const home = mkdtempSync(join(tmpdir(), 'perennial-check-'))
chmodSync(home, 0o755) // Others must get in: as root, PostgreSQL runs as another user.
try {
  const postgres = await startEmbeddedPostgres({ home, durable: false })
  try {
    const script = fileURLToPath(new URL('migration.ts', import.meta.url))
    const { status } = spawnSync(process.execPath, [script, 'check'], {
      env: { ...inheritedEnvironment(), DATABASE_URL: postgres.url },
      stdio: 'inherit',
    })
    process.exitCode = status ?? 1
  } finally {
    await postgres.stop()
  }
} finally {
  rmSync(home, { recursive: true, force: true })
}
