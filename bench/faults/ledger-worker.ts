/**
 * Delivers the open messages of its share, again and again, by the product's own way from ledger to mail server: what an
 * activity does, without Temporal around it. Whoever is started in its place carries on in its name.
 *
 *   node bench/faults/ledger-worker.ts SHARE SHARES
 */

import { flushCompileCache } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import { deliver } from '../../activities/deliver.ts'
import { inParallel } from '../../activities/in-parallel.ts'
import { createEmailChannel } from '../../src/channels/email/email-channel.ts'
import { createThreadRenderer } from '../../src/channels/templates/thread-renderer.ts'
import { createClock } from '../../src/clock.ts'
import { readConfig } from '../../src/config.ts'
import { createDefinitionsCache, loadTemplate } from '../../src/store/campaigns.ts'
import { type Database, openDatabase } from '../../src/store/database.ts'
import { ownerPrefix } from '../../src/store/ledger-types.ts'
import { loadMasterKey, Vault } from '../../src/store/vault.ts'
import { deliveryNeeds } from '../../workers/delivery-needs.ts'

const deliveriesAtOnce = 8
const pageSize = 200
const pauseMs = 200

const [share = 0, shares = 1] = process.argv.slice(2).map(Number)
const owner = `bench:faults:${share}`
const config = readConfig()
const database = openDatabase(config.databaseUrl ?? '', { maxConnections: deliveriesAtOnce + 1, pipeline: true })
const publicUrl = config.http.publicUrl ?? 'https://shop.example'
const needs = deliveryNeeds({
  database,
  vault: new Vault(loadMasterKey(config.home, config.masterKey)),
  clock: createClock(config.clock),
  definitions: createDefinitionsCache(database),
  template: (key, locale) => loadTemplate(database, key, locale),
  renderer: createThreadRenderer(),
  email: createEmailChannel({ smtpUrl: config.smtpUrl ?? '', from: config.mail.from, dkim: [] }),
  bounceDomain: undefined,
  sms: { send: async () => ({ status: 'failed', reason: 'no SMS in this bench' }) },
  publicUrl,
  shop: { name: 'Shop', url: publicUrl, postalAddress: config.mail.postalAddress },
})

process.on('disconnect', () => process.exit(0))
process.on('SIGTERM', () => process.exit(0))
process.send?.({ type: 'ready' })
flushCompileCache() // As every process of ours does: whoever takes its place after a kill starts in half the time.
for (let page = 0; ; page++) {
  const ids = await openMessages(database).catch(() => [])
  // Whatever an outage stops is open still, and comes again.
  await inParallel(ids, deliveriesAtOnce, async (id) => {
    const holder = { owner, attempt: `${process.pid}/${page}` }
    await deliver(id, holder, needs).catch(() => undefined)
  })
  if (ids.length < pageSize) await sleep(pauseMs)
}

async function openMessages({ pool }: Database): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>({
    name: 'bench-open-messages',
    text: `SELECT id FROM messages
            WHERE settled_at IS NULL AND mod(hashtext(id::text)::bigint + 2147483648, $1) = $2
              AND (not_before IS NULL OR not_before <= now())
              AND (status = 'planned' OR lease_until < clock_timestamp() OR starts_with(claimed_by, $3))
            ORDER BY planned_at, id LIMIT ${pageSize}`,
    values: [shares, share, ownerPrefix(owner)],
  })
  return rows.map(({ id }) => id)
}
