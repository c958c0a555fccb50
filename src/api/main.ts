/** The process that listens: tracking API, admin API, hooks and console. */

import type { Logger } from 'pino'
import { type Clock, createClock } from '../clock.ts'
import type { Config } from '../config.ts'
import { type MailListener, startMailListener } from '../inbound/mail-listener.ts'
import { requireDatabaseUrl, runService } from '../service.ts'
import { type Database, openDatabase } from '../store/database.ts'
import { describeError } from '../store/describe-error.ts'
import { readUnsubscribeToken } from '../store/links.ts'
import { takeMailReports } from '../store/mail-reports.ts'
import { openVault } from '../store/master-key.ts'
import { readReturnPath } from '../store/return-path.ts'
import { loadMasterKeys, type Vault } from '../store/vault.ts'
import { openTemporalClient } from '../temporal.ts'
import { buildServer } from './server.ts'
import { openTestChannels } from './test-channels.ts'

await runService('api', async (config, log) => {
  const database = openDatabase(requireDatabaseUrl(config), {
    name: 'api',
    maxConnections: 10,
    onIdleError: (error) => log.warn({ error: describeError(error) }, 'database connection lost'),
  })
  const vault = await openVault(database.pool, loadMasterKeys(config))
  const temporal = openTemporalClient(config.temporal)
  const { host, port } = config.http
  const tests = openTestChannels(config)
  const app = await buildServer({
    database,
    vault,
    clock: createClock(config.clock),
    logger: log,
    temporal: temporal.client.workflow,
    config,
    testChannels: tests,
    namespace: config.temporal.namespace,
    publicUrl: config.http.publicUrl ?? `http://${host}:${port}`,
  })
  const url = await app.listen({ host, port })
  const listener = await listenForReports(config, { database, vault, log, clock: createClock(config.clock) })
  return {
    ready: { url },
    async stop() {
      await listener?.close()
      await app.close()
      tests?.email.close()
      await temporal.close()
      await database.close()
    },
  }
})

/** Where bounces and complaints come in by mail, if there is to be such a place. */
async function listenForReports(
  { http, mail, inboundPort: port }: Config,
  { database, vault, log, clock }: { database: Database; vault: Vault; log: Logger; clock: Clock },
): Promise<MailListener | undefined> {
  const senders = mail.senders ?? []
  const domains = [mail.bounceDomain, ...senders.map((sender) => sender.bounceDomain)]
  const [domain, ...otherDomains] = domains.filter((one) => one !== undefined)
  if (port === undefined || domain === undefined) return undefined
  return startMailListener({
    host: http.host,
    port,
    domain,
    otherDomains,
    log,
    ours: {
      returnPath: (address) => readReturnPath(vault, address),
      unsubscribeLink: (token) => readUnsubscribeToken(vault, token),
    },
    take: async (reports) => void (await takeMailReports({ database, vault }, reports, clock.nowMs())),
  })
}
