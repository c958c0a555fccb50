/** The process that listens: tracking API, admin API, hooks and console. */

import { createClock } from '../clock.ts'
import { requireDatabaseUrl, runService } from '../service.ts'
import { openDatabase } from '../store/database.ts'
import { describeError } from '../store/describe-error.ts'
import { loadMasterKey, Vault } from '../store/vault.ts'
import { buildServer } from './server.ts'

await runService('api', async (config, log) => {
  const database = openDatabase(requireDatabaseUrl(config), {
    maxConnections: 10,
    onIdleError: (error) => log.warn({ error: describeError(error) }, 'database connection lost'),
  })
  const app = await buildServer({
    database,
    vault: new Vault(loadMasterKey(config.home, config.masterKey)),
    clock: createClock(config.clock),
    logger: log,
  })
  const url = await app.listen({ host: config.http.host, port: config.http.port })
  return {
    ready: { url },
    async stop() {
      await app.close()
      await database.close()
    },
  }
})
