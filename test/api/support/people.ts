/** Customers and messages for tests of what is shown and what people answer. */

import { pino } from 'pino'
import { handleNextPage } from '../../../src/intake/intake.ts'
import { send, type TestServer } from './test-server.ts'

/** Sends calls over HTTP and handles them, as the intake process does. */
export async function live(server: TestServer, calls: readonly object[]): Promise<void> {
  await send(server, 'batch', { batch: calls })
  const needs = {
    database: server.database,
    vault: server.vault,
    log: pino({ level: 'silent' }),
    nowMs: () => server.time.nowMs,
    interests: async () => ({ events: new Set<string>(), traits: new Set<string>() }),
  }
  while ((await handleNextPage(needs)).handled > 0);
}

export async function customerId(server: TestServer, userId: string): Promise<string> {
  const { rows } = await server.database.pool.query<{ customer_id: string }>(
    `SELECT customer_id FROM identities WHERE kind = 'user' AND value = $1`,
    [userId],
  )
  return rows[0]?.customer_id ?? ''
}

/** A row in the ledger. @returns its id. */
export async function plant(
  server: TestServer,
  message: {
    readonly customerId: string
    readonly channel?: string
    readonly status?: string
    readonly sid?: string
    readonly step?: string
  },
): Promise<string> {
  const { customerId, channel = 'email', status = 'sent', sid = null, step = 'hello' } = message
  const { rows } = await server.database.pool.query<{ id: string }>(
    `INSERT INTO messages (id, customer_id, journey, version, step, entry_number, visit, channel, message_class, topic, template,
                           status, planned_at, settled_at, provider_message_id)
     VALUES (gen_random_uuid(), $1, 'welcome', 'v1', $5, 1, 1, $2, 'marketing', 'offers', 'hello', $3, $6,
             CASE WHEN $3 IN ('planned', 'transmitting') THEN NULL ELSE $6::timestamptz END, $4)
     RETURNING id`,
    [customerId, channel, status, sid, step, new Date(server.time.nowMs)],
  )
  return rows[0]?.id ?? ''
}

/** The newest word per channel and topic: `email * withdrawn (one-click)`. */
export async function consentsOf(server: TestServer, id: string): Promise<string[]> {
  const { rows } = await server.database.pool.query<{ word: string }>(
    `SELECT concat_ws(' ', channel, topic, status, '(' || method || ')') AS word FROM (
       SELECT DISTINCT ON (channel, topic) * FROM consents WHERE customer_id = $1
       ORDER BY channel, topic, given_at DESC, id DESC) AS newest ORDER BY word`,
    [id],
  )
  return rows.map(({ word }) => word)
}
