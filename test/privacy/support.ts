/** The product with a contact policy of its own: database, mail server, workers, and the HTTP side on one clock. */

import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { buildServer } from '../../src/api/server.ts'
import { needsConfirmation } from '../../src/domain/consent-rule.ts'
import { handleNextPage } from '../../src/intake/intake.ts'
import { createApiKey } from '../../src/store/api-keys.ts'
import { createDefinitionsCache } from '../../src/store/campaigns.ts'
import { publishCampaigns } from '../../src/store/publishing/publish-campaigns.ts'
import { createWorld, type World } from '../workflows/support/world.ts'

export interface Shop {
  readonly world: World
  readonly url: string
  readonly adminToken: string
  readonly writeKey: string
  /** Sends calls over HTTP and handles them as the intake process does. */
  live(...calls: readonly object[]): Promise<void>
  customerId(userId: string): Promise<string>
  /** All words of a customer, oldest first: `email news pending (event)`. */
  history(userId: string): Promise<string[]>
  close(): Promise<void>
}

const original = fileURLToPath(new URL('../workflows/campaigns/', import.meta.url))

/**
 * @param policy the contact policy, in place of that of the test campaigns.
 * @param templates files of further ones, by name.
 */
export async function openShop(policy: string, templates: Readonly<Record<string, string>> = {}): Promise<Shop> {
  const folder = mkdtempSync(join(tmpdir(), 'perennial-test-'))
  cpSync(original, folder, { recursive: true })
  writeFileSync(join(folder, 'contact-policy.yaml'), policy)
  const text = '---\nsubject: Please confirm\n---\n{{ data.topics | join: ", " }}: {{ confirm_url }}\n'
  writeFileSync(join(folder, 'templates', 'confirm.email.txt'), text)
  for (const [name, content] of Object.entries(templates)) writeFileSync(join(folder, 'templates', name), content)
  const world = await createWorld({ speed: 1 })
  await publishCampaigns(world.database, folder, world.clock.nowMs())
  rmSync(folder, { recursive: true })

  const app = await buildServer({
    database: world.database,
    vault: world.vault,
    clock: world.clock,
    logger: pino({ level: 'silent' }),
    temporal: world.client.workflow,
    config: {
      mail: {
        from: 'Garden Shop <shop@shop.example>',
        postalAddress: '1 Garden Row',
        dkim: [],
        bounceDomain: undefined,
      },
      twilio: undefined,
      pages: { mail: undefined, sms: undefined, temporal: undefined },
    },
    namespace: world.namespace,
    publicUrl: 'https://shop.example',
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const { key } = await createApiKey(world.database, { kind: 'write', name: 'test' })
  const { key: adminToken } = await createApiKey(world.database, { kind: 'admin', name: 'test' })
  const definitions = createDefinitionsCache(world.database)
  const intake = {
    database: world.database,
    vault: world.vault,
    log: pino({ level: 'silent' }),
    nowMs: () => world.clock.nowMs(),
    interests: async () => ({
      events: new Set(['Offer Wanted']),
      traits: new Set<string>(),
      needsConfirmation: await definitions.get().then((all) => needsConfirmation.bind(undefined, all.policy)),
    }),
  }
  const customerId = async (userId: string): Promise<string> => {
    const { rows } = await world.database.pool.query<{ id: string }>(
      'SELECT id FROM customers WHERE external_id = $1',
      [userId],
    )
    return rows[0]?.id ?? ''
  }
  return {
    world,
    url,
    adminToken,
    writeKey: key,
    customerId,
    async live(...batch) {
      const authorization = `Basic ${Buffer.from(`${key}:`).toString('base64')}`
      const headers = { 'content-type': 'application/json', authorization }
      await fetch(`${url}/v1/batch`, { method: 'POST', headers, body: JSON.stringify({ batch }) })
      while ((await handleNextPage(intake)).handled > 0);
    },
    async history(userId) {
      const { rows } = await world.database.pool.query<{ word: string }>(
        `SELECT concat_ws(' ', channel, topic, status, '(' || method || ')') AS word FROM consents
         WHERE customer_id = $1 ORDER BY given_at, id`,
        [await customerId(userId)],
      )
      return rows.map(({ word }) => word)
    },
    async close() {
      await app.close()
      await world.close()
    },
  }
}
