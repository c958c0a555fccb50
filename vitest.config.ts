import { defineConfig } from 'vitest/config'

/** Two kinds of tests: `pure` needs nothing but Node; `real` gets a PostgreSQL and a Temporal server of its own. */
export default defineConfig({
  test: {
    pool: 'forks',
    // Two files at once: most of them keep a server busy, and small machines have two cores.
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'pure',
          include: ['test/{analytics,domain,scenarios,simulation}/**/*.test.ts'],
          setupFiles: ['test/support/property-runs.ts'],
          testTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'real',
          include: ['test/**/*.test.ts'],
          exclude: ['test/{analytics,domain,scenarios,simulation}/**'],
          setupFiles: ['test/support/property-runs.ts'],
          testTimeout: 120_000,
          hookTimeout: 180_000,
          globalSetup: ['test/support/global-setup.ts'],
        },
      },
    ],
  },
})
