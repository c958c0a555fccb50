/** The suppression list over HTTP. Addresses come in plain text and are kept as keyed hashes only. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../../clock.ts'
import type { Channel } from '../../domain/snapshot.ts'
import { normaliseEmail, normalisePhone } from '../../store/addresses.ts'
import { noteAudit } from '../../store/audit.ts'
import type { Database } from '../../store/database.ts'
import { type AddressToSuppress, listSuppressions, suppressMany, unsuppress } from '../../store/suppression-list.ts'
import type { SuppressionReason } from '../../store/suppressions.ts'
import type { Vault } from '../../store/vault.ts'
import { ApiError } from '../api-error.ts'
import { parseJsonBodies } from '../body-parsers.ts'
import { actorOf, needAdmin } from './admin-access.ts'

export interface SuppressionNeeds {
  readonly database: Database
  readonly vault: Vault
  readonly clock: Clock
}

const mostAtOnce = 1_000
const bodyLimit = 512 * 1024
/** What may be put on the list from outside; `erased` is ours to say. */
const reasons: readonly SuppressionReason[] = ['manual', 'stop', 'invalid', 'complaint', 'bounce']
const listed: readonly SuppressionReason[] = [...reasons, 'erased']

/** Register inside the admin API. */
export function suppressionRoutes(needs: SuppressionNeeds): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    parseJsonBodies(app, bodyLimit)
    app.get('/suppressions', (request) => list(needs, request))
    app.post('/suppressions', { bodyLimit, onRequest: needAdmin }, (request) => add(needs, request))
    app.delete('/suppressions', { bodyLimit, onRequest: needAdmin }, (request, reply) => remove(needs, request, reply))
  }
}

async function list({ database, vault }: SuppressionNeeds, request: FastifyRequest): Promise<object> {
  const query = request.query as Readonly<Record<string, unknown>>
  const address = text(query['address'])
  return listSuppressions(database.pool, {
    channel: oneOf('channel', text(query['channel']), ['email', 'sms']),
    reason: oneOf('reason', text(query['reason']), listed),
    addressHash: address === undefined ? undefined : read(vault, address).addressHash,
    limit: limitOf(text(query['limit'])),
  })
}

/** Addresses that are none are told by their position, never by their text. */
async function add({ database, vault, clock }: SuppressionNeeds, request: FastifyRequest): Promise<object> {
  const entries = (request.body as { readonly addresses?: unknown } | null)?.addresses
  if (!Array.isArray(entries) || entries.length === 0 || entries.length > mostAtOnce) {
    throw new ApiError(400, `addresses: must be a list of 1 to ${mostAtOnce}`, 'addresses')
  }
  const good: AddressToSuppress[] = []
  const rejected: { index: number; message: string }[] = []
  for (const [index, entry] of entries.entries()) {
    try {
      good.push(readEntry(vault, entry))
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      rejected.push({ index, message: error.message })
    }
  }
  const added = await database.transaction((client) => suppressMany(client, good, clock.nowMs()))
  const detail = { added, given: entries.length }
  await noteAudit(database.pool, vault, { actor: actorOf(request), action: 'suppress', detail })
  return { added, known: good.length - added, rejected }
}

async function remove(
  { database, vault, clock }: SuppressionNeeds,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<object> {
  const address = text((request.body as { readonly address?: unknown } | null)?.address)
  if (address === undefined) throw new ApiError(400, 'address: is missing', 'address')
  const { channel, addressHash } = read(vault, address)
  const outcome = await database.transaction((client) => unsuppress(client, channel, addressHash, clock.nowMs()))
  if (outcome === 'unknown') throw new ApiError(404, 'This address is not on the list.', 'address')
  if (outcome === 'stop') {
    throw new ApiError(409, 'Its owner said STOP: only they can take that back, by answering START.', 'address')
  }
  await noteAudit(database.pool, vault, { actor: actorOf(request), action: 'unsuppress' })
  void reply.code(200)
  return { removed: true }
}

function readEntry(vault: Vault, entry: unknown): AddressToSuppress {
  const { address, reason, detail } = (
    typeof entry === 'object' && entry !== null ? entry : { address: entry }
  ) as Readonly<Record<string, unknown>>
  const given = text(address)
  if (given === undefined) throw new ApiError(400, 'address: must be a text')
  const why = oneOf('reason', text(reason), reasons) ?? 'manual'
  return { ...read(vault, given), reason: why as SuppressionReason, detail: text(detail)?.slice(0, 200) ?? null }
}

function read(vault: Vault, address: string): { readonly channel: Channel; readonly addressHash: Buffer } {
  const email = address.includes('@') ? normaliseEmail(address) : undefined
  if (email !== undefined) return { channel: 'email', addressHash: vault.lookupHash('email', email) }
  const phone = address.trim().startsWith('+') ? normalisePhone(address) : undefined
  if (phone !== undefined) return { channel: 'sms', addressHash: vault.lookupHash('phone', phone.e164) }
  throw new ApiError(400, 'address: must be an e-mail address, or a phone number that starts with +', 'address')
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' && !value.includes('\u0000') ? value : undefined
}

function oneOf(field: string, value: string | undefined, allowed: readonly string[]): string | undefined {
  if (value === undefined || allowed.includes(value)) return value
  throw new ApiError(400, `${field}: must be one of ${allowed.join(', ')}`, field)
}

function limitOf(value: string | undefined): number {
  const limit = value === undefined ? 50 : Number(value)
  if (Number.isInteger(limit) && limit >= 1 && limit <= 500) return limit
  throw new ApiError(400, 'limit: must be a whole number from 1 to 500', 'limit')
}
