/** Where Prisma's own tools find the schema, the migrations and the database. */

import { defineConfig } from 'prisma/config'

// These commands do not use the schema engine but would download it. Without network, any program may stand in for it.
if (process.argv.some((word) => ['generate', 'validate', 'format'].includes(word))) {
  process.env['PRISMA_SCHEMA_ENGINE_BINARY'] ??= process.execPath
}

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: process.env['DATABASE_URL'] ?? 'postgresql://127.0.0.1:5432/perennial' },
})
