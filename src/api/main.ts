/** The process that listens: tracking API, admin API, hooks and console. */

import { createClock } from '../clock.ts'
import { requireDatabaseUrl, runService } from '../service.ts'
import { checkMasterKey } from '../store/customers.ts'
import { openDatabase } from '../store/database.ts'
import { describeError } from '../store/describe-error.ts'
import { loadMasterKey, Vault } from '../store/vault.ts'
import { openTemporalClient } from '../temporal.ts'
import { buildServer } from './server.ts'

await runService('api', async (config, log) => {
  const database = openDatabase(requireDatabaseUrl(config), {
    maxConnections: 10,
    onIdleError: (error) => log.warn({ error: describeError(error) }, 'database connection lost'),
  })
  const vault = new Vault(loadMasterKey(config.home, config.masterKey))
  await checkMasterKey(database.pool, vault)
  const temporal = openTemporalClient(config.temporal)
  const { host, port } = config.http
  const app = await buildServer({
    database,
    vault,
    clock: createClock(config.clock),
    logger: log,
    temporal: temporal.client.workflow,
    config,
    namespace: config.temporal.namespace,
    publicUrl: config.http.publicUrl ?? `http://${host}:${port}`,
  })
  const url = await app.listen({ host, port })
  return {
    ready: { url },
    async stop() {
      await app.close()
      await temporal.close()
      await database.close()
    },
  }
})
