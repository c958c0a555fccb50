// Prisma must never try to download an engine: generating, validating and formatting need none.
process.env['PRISMA_SCHEMA_ENGINE_BINARY'] ??= '/bin/true'

import { defineConfig } from 'prisma/config'

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: process.env['DATABASE_URL'] ?? 'postgresql://postgres@127.0.0.1:5432/perennial' },
})
