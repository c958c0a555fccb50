/**
 * Segment's HTTP tracking API: `POST /v1/{identify,track,page,screen,alias,group,batch}`.
 *
 * What was accepted is committed before the answer. In a batch every item stands for itself:
 *
 * - 200 `{success: true, accepted, duplicates, rejected}` if at least one item was taken or was known already;
 * - 400 `{success: false, error, accepted: 0, duplicates: 0, rejected}` if every item was refused;
 * - 401 without a valid write key, 413 over a limit, 503 when nothing could be stored: send it again.
 *
 * `rejected` lists `{index, messageId, errors: [{field, message}]}`. Sending an event again (same `messageId`) is safe.
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../../clock.ts'
import type { FieldFault } from '../../domain/split-personal.ts'
import type { EventType, NewEvent } from '../../store/events.ts'
import type { Vault } from '../../store/vault.ts'
import { ApiError, errorBody, tooLarge } from '../api-error.ts'
import { parseJsonBodies } from '../body-parsers.ts'
import { basicUserName, type KeyCheck } from '../key-check.ts'
import type { EventWriter } from './event-writer.ts'
import { type Envelope, readCall } from './read-call.ts'

/** Segment's limits. */
export const maxEventBytes = 32 * 1024
export const maxBodyBytes = 500 * 1024
export const maxBatchItems = 2_500

export interface TrackingNeeds {
  readonly clock: Clock
  readonly vault: Vault
  readonly writer: EventWriter
  readonly checkKey: KeyCheck
}

interface RejectedItem {
  readonly index: number
  readonly messageId?: string
  readonly errors: readonly FieldFault[]
}

interface Answer {
  readonly accepted: number
  readonly duplicates: number
  readonly rejected: readonly RejectedItem[]
}

/** Path by type of call. The one-letter paths are those of Segment's browser library. */
const paths: Readonly<Record<EventType, readonly string[]>> = {
  identify: ['/identify', '/i'],
  track: ['/track', '/t'],
  page: ['/page', '/p'],
  screen: ['/screen', '/s'],
  alias: ['/alias', '/a'],
  group: ['/group', '/g'],
}

/** Register under `/v1`. */
export function trackingRoutes(needs: TrackingNeeds): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    parseJsonBodies(app, maxBodyBytes)
    allowBrowsers(app)
    app.addHook('onRequest', async (request) => {
      const key = basicUserName(request)
      if (key !== undefined) await requireKey(needs.checkKey, key)
      // Before the body is read; without a key in the header it may still be in there.
      else if (request.headers.authorization !== undefined) throw unauthorised()
    })
    const options = { bodyLimit: maxBodyBytes }
    for (const [type, names] of Object.entries(paths) as [EventType, readonly string[]][]) {
      for (const path of names) app.post(path, options, (request, reply) => takeSingle(needs, type, request, reply))
    }
    for (const path of ['/batch', '/import']) {
      app.post(path, options, (request, reply) => takeBatch(needs, request, reply))
    }
  }
}

async function takeSingle(needs: TrackingNeeds, type: EventType, request: FastifyRequest, reply: FastifyReply) {
  const body = bodyObject(request)
  await requireKeyOfBody(needs.checkKey, request, body)
  if (bodySize(request, body) > maxEventBytes) throw new ApiError(413, tooLarge(maxEventBytes))
  const answer = await take(needs, [body], { receivedAtMs: needs.clock.nowMs(), type }, false)
  return send(reply, answer)
}

async function takeBatch(needs: TrackingNeeds, request: FastifyRequest, reply: FastifyReply) {
  const body = bodyObject(request)
  await requireKeyOfBody(needs.checkKey, request, body)
  const { batch, sentAt, context } = body
  if (!Array.isArray(batch)) throw new ApiError(400, 'batch: must be a list of events', 'batch')
  if (batch.length === 0 || batch.length > maxBatchItems) {
    throw new ApiError(400, `batch: ${batch.length} items given, must have 1 to ${maxBatchItems}`, 'batch')
  }
  const mayBeTooLarge = bodySize(request, body) > maxEventBytes
  return send(reply, await take(needs, batch, { receivedAtMs: needs.clock.nowMs(), sentAt, context }, mayBeTooLarge))
}

async function take(
  needs: TrackingNeeds,
  calls: readonly unknown[],
  envelope: Envelope,
  checkSizes: boolean,
): Promise<Answer> {
  const events: NewEvent[] = []
  const rejected: RejectedItem[] = []
  for (const [index, call] of calls.entries()) {
    const read = checkSizes && sizeOf(call) > maxEventBytes ? oversized(call) : readCall(call, envelope, needs.vault)
    if ('event' in read) events.push(read.event)
    else
      rejected.push({
        index,
        ...(read.messageId === undefined ? {} : { messageId: read.messageId }),
        errors: read.faults,
      })
  }
  const inserted = events.length === 0 ? 0 : (await needs.writer.write(events)).size
  return { accepted: inserted, duplicates: events.length - inserted, rejected }
}

function send(reply: FastifyReply, answer: Answer): FastifyReply {
  const first = answer.rejected[0]
  if (first === undefined || answer.accepted + answer.duplicates > 0) return reply.send({ success: true, ...answer })
  const [fault] = first.errors
  const count = answer.rejected.length
  const message = `${fault?.field ?? 'event'}: ${fault?.message ?? 'refused'}${count > 1 ? ` (and ${count - 1} more items)` : ''}`
  return reply.code(400).send({ success: false, ...errorBody(message, fault?.field), ...answer })
}

function oversized(call: unknown): { messageId: string | undefined; faults: FieldFault[] } {
  const id = (call as { readonly messageId?: unknown } | null)?.messageId
  const message = `${sizeOf(call)} bytes given, must have at most ${maxEventBytes}`
  return { messageId: typeof id === 'string' ? id.slice(0, 256) : undefined, faults: [{ field: '', message }] }
}

function sizeOf(call: unknown): number {
  return Buffer.byteLength(JSON.stringify(call) ?? '')
}

/** Of the unpacked body; taken from its header where that tells. */
function bodySize(request: FastifyRequest, body: object): number {
  const length = Number(request.headers['content-length'])
  const isPacked = request.headers['content-encoding'] !== undefined
  return Number.isFinite(length) && !isPacked ? length : sizeOf(body)
}

function bodyObject(request: FastifyRequest): Readonly<Record<string, unknown>> {
  const { body } = request
  if (typeof body === 'object' && body !== null && !Array.isArray(body))
    return body as Readonly<Record<string, unknown>>
  throw new ApiError(400, 'The body must be a JSON object.')
}

/** Segment's browser library sends the key in the body. */
async function requireKeyOfBody(
  checkKey: KeyCheck,
  request: FastifyRequest,
  body: Readonly<Record<string, unknown>>,
): Promise<void> {
  if (request.headers.authorization !== undefined) return // Checked before the body was read.
  const key = body['writeKey']
  if (typeof key !== 'string') throw unauthorised()
  await requireKey(checkKey, key)
}

async function requireKey(checkKey: KeyCheck, key: string): Promise<void> {
  if ((await checkKey('write', key)) === undefined) throw unauthorised()
}

function unauthorised(): ApiError {
  return new ApiError(401, 'A valid write key is needed: send it as the user name of basic authentication.')
}

/** Shops send from their own pages. No cookie is read here, so any origin may. */
function allowBrowsers(app: FastifyInstance): void {
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('access-control-allow-origin', '*')
  })
  app.options('/*', async (_request, reply) =>
    reply
      .code(204)
      .header('access-control-allow-methods', 'POST')
      .header('access-control-allow-headers', 'authorization, content-type')
      .header('access-control-max-age', '86400')
      .send(),
  )
}
