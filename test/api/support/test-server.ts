/** The HTTP side on a database and a port of its own, listening for real. */

import { Client, Connection } from '@temporalio/client'
import { pino } from 'pino'
import { inject } from 'vitest'
import { buildServer, type ServerNeeds } from '../../../src/api/server.ts'
import type { MailHooksConfig } from '../../../src/config.ts'
import type { MailSenderConfig } from '../../../src/senders-file.ts'
import { createApiKey } from '../../../src/store/api-keys.ts'
import { type Database, openDatabase } from '../../../src/store/database.ts'
import { Vault } from '../../../src/store/vault.ts'
import { createTestDatabase } from '../../support/database.ts'

export interface TestServer {
  readonly url: string
  readonly database: Database
  readonly vault: Vault
  readonly writeKey: string
  readonly adminToken: string
  /** What the server takes for now. */
  readonly time: { nowMs: number }
  readonly databaseUrl: string
  /** Everything that it answers, as registered. */
  readonly routes: readonly Route[]
  /** Lines that it logged. */
  readonly logged: readonly string[]
  close(): Promise<void>
}

export interface Route {
  readonly method: string
  /** With its parameters: `/api/customers/:id`. */
  readonly url: string
}

export const twilioToken = 'twilio-auth-token'
export const publicUrl = 'https://shop.example'
const noon = Date.UTC(2026, 2, 1, 12)

/** @param more of what the server is handed. */
export async function startTestServer(
  more: Partial<Pick<ServerNeeds, 'fetchText' | 'testChannels'>> & {
    readonly mailHooks?: MailHooksConfig
    readonly senders?: readonly MailSenderConfig[]
  } = {},
): Promise<TestServer> {
  const testDatabase = await createTestDatabase()
  const database = openDatabase(testDatabase.url)
  const vault = new Vault(Buffer.alloc(32, 7))
  const time = { nowMs: noon }
  const logged: string[] = []
  const connection = Connection.lazy({ address: inject('temporalAddress') })
  const app = await buildServer({
    database,
    vault,
    clock: { nowMs: () => time.nowMs, realMsUntil: (momentMs) => Math.max(0, momentMs - time.nowMs), speed: 1 },
    logger: pino({ level: 'debug' }, { write: (line) => void logged.push(line) }),
    temporal: new Client({ connection }).workflow,
    config: {
      mail: {
        from: 'Garden Shop <shop@example.org>',
        postalAddress: '1 Garden Row',
        dkim: [],
        bounceDomain: undefined,
        senders: more.senders ?? [],
      },
      twilio: { accountSid: 'AC1', authToken: twilioToken, from: '+15005550006', apiUrl: undefined },
      pages: { mail: 'http://127.0.0.1:1/', sms: undefined, temporal: 'http://127.0.0.1:2/' },
      mailHooks: more.mailHooks ?? {},
    },
    ...(more.fetchText ? { fetchText: more.fetchText } : {}),
    testChannels: more.testChannels,
    namespace: 'default',
    publicUrl,
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const { key: writeKey } = await createApiKey(database, { kind: 'write', name: 'test' })
  const { key: adminToken } = await createApiKey(database, { kind: 'admin', name: 'test' })
  return {
    url,
    database,
    databaseUrl: testDatabase.url,
    routes: routesIn(app.printRoutes({ commonPrefix: false })),
    vault,
    writeKey,
    adminToken,
    time,
    logged,
    async close() {
      await app.close()
      await connection.close()
      await database.close()
      await testDatabase.drop()
    },
  }
}

/** Reads the tree that Fastify prints: `│   └── /:id (GET, HEAD)`, four columns for each level. */
function routesIn(tree: string): Route[] {
  const above: string[] = []
  return tree.split('\n').flatMap((line): Route[] => {
    const [, indent = '', path = '', methods] = /^((?:[│ ] {3})*)[├└]── (\S+)(?: \(([A-Z, ]+)\))?$/.exec(line) ?? []
    if (path === '') return []
    above.length = indent.length / 4
    above.push(path)
    const url = above.join('')
    return (methods?.split(', ') ?? []).filter((method) => method !== 'HEAD').map((method) => ({ method, url }))
  })
}

/** Sends a call of the tracking API. */
export async function send(
  server: TestServer,
  path: string,
  body: unknown,
  { key = server.writeKey, headers = {} }: { readonly key?: string | null; readonly headers?: object } = {},
): Promise<{ status: number; json: TrackingAnswer }> {
  const response = await fetch(`${server.url}/v1/${path}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(key === null ? {} : { authorization: `Basic ${Buffer.from(`${key}:`).toString('base64')}` }),
      ...headers,
    },
    body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
  })
  return { status: response.status, json: (await response.json()) as TrackingAnswer }
}

export interface TrackingAnswer {
  readonly success?: boolean
  readonly accepted?: number
  readonly duplicates?: number
  readonly rejected?: readonly {
    readonly index: number
    readonly messageId?: string
    readonly errors: readonly { readonly field: string; readonly message: string }[]
  }[]
  readonly error?: { readonly message: string; readonly field?: string }
}
