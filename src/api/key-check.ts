/** Who may ask: keys are looked up in the database and remembered for a moment, so that they cost no query each time. */

import type { FastifyRequest } from 'fastify'
import { type ApiKeyKind, findApiKey } from '../store/api-keys.ts'
import type { Records } from '../store/database.ts'

/** How long a revoked key may still be believed, in real time. */
const rememberMs = 5_000
const maxRemembered = 1_000

/** The id of a valid key, or undefined. */
export type KeyCheck = (kind: ApiKeyKind, key: string) => Promise<string | undefined>

export function createKeyCheck(db: Records): KeyCheck {
  const remembered = new Map<string, { readonly id: string; readonly kind: ApiKeyKind; readonly untilMs: number }>()
  return async (kind, key) => {
    if (key.length > 200) return undefined
    const entry = remembered.get(key)
    if (entry !== undefined && entry.untilMs > performance.now()) return entry.kind === kind ? entry.id : undefined
    // Whatever its kind: who may do something by several kinds of key is asked for each, and looked up once.
    const found = await findApiKey(db, key)
    remembered.delete(key)
    if (remembered.size >= maxRemembered) remembered.clear()
    // Only keys that exist are remembered: guesses must not fill the memory.
    if (found !== undefined) remembered.set(key, { ...found, untilMs: performance.now() + rememberMs })
    return found?.kind === kind ? found.id : undefined
  }
}

/** The user name of basic authentication, as Segment's clients send the write key. */
export function basicUserName(request: FastifyRequest): string | undefined {
  const encoded = /^basic +([a-z0-9+/_=-]+) *$/i.exec(request.headers.authorization ?? '')?.[1]
  if (encoded === undefined) return undefined
  const [userName = ''] = Buffer.from(encoded, 'base64').toString('utf8').split(':', 1)
  return userName === '' ? undefined : userName
}

export function bearerToken(request: FastifyRequest): string | undefined {
  return /^bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1]
}
