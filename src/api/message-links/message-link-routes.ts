/**
 * The links and the picture in messages. A link leads where its message was meant to lead, and nowhere else: the target is
 * kept by us, the request names it under our signature. Who came is noted after the answer is decided, never instead of it.
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../../clock.ts'
import type { Database } from '../../store/database.ts'
import { describeError } from '../../store/describe-error.ts'
import { type Hit, noteHit } from '../../store/message-hits.ts'
import { findShort, findTarget, readClickToken, readPixelToken, trapLink } from '../../store/tracked-links.ts'
import type { Vault } from '../../store/vault.ts'
import { sendUnknownLink } from '../customer-pages/shop-page.ts'
import { asksNotToBeMeasured, machineSign } from './machine-signs.ts'

export interface MessageLinkNeeds {
  readonly database: Database
  readonly vault: Vault
  readonly clock: Clock
  /** The name under which the shop writes. */
  readonly brand: string
  /** Where a link leads whose own target nobody is meant to reach. */
  readonly publicUrl: string
}

type TokenRequest = FastifyRequest<{ Params: { token: string } }>

/** A transparent picture of one pixel. */
const pixel = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64')

/** Register at the root. */
export function messageLinkRoutes(needs: MessageLinkNeeds): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    app.get('/o/:token', (request: TokenRequest, reply) => open(needs, request, reply))
    app.get('/l/:token', async (request: TokenRequest, reply) =>
      follow(needs, request, reply, readClickToken(needs.vault, request.params.token)),
    )
    app.get('/x/:token', async (request: TokenRequest, reply) =>
      follow(needs, request, reply, await findShort(needs.database.pool, needs.vault, request.params.token)),
    )
  }
}

async function open(needs: MessageLinkNeeds, request: TokenRequest, reply: FastifyReply): Promise<FastifyReply> {
  const messageId = readPixelToken(needs.vault, request.params.token)
  if (messageId !== undefined) await note(needs, request, { messageId, kind: 'open', linkId: '' })
  // The same picture for everybody: it tells nobody whether a link is one of ours.
  return reply.header('cache-control', 'no-store').type('image/gif').send(pixel)
}

async function follow(
  needs: MessageLinkNeeds,
  request: TokenRequest,
  reply: FastifyReply,
  link: { readonly messageId: string; readonly linkId: string } | undefined,
): Promise<FastifyReply> {
  if (link === undefined) return sendUnknownLink(request, reply, needs.brand)
  const isTrap = link.linkId === trapLink
  const target = isTrap ? needs.publicUrl : await findTarget(needs.database.pool, link.linkId)
  if (target === undefined) return sendUnknownLink(request, reply, needs.brand)
  await note(needs, request, isTrap ? { ...link, linkId: '', kind: 'trap' } : { ...link, kind: 'click' })
  return reply
    .header('cache-control', 'no-store')
    .header('referrer-policy', 'no-referrer')
    .header('x-robots-tag', 'noindex')
    .redirect(inHeader(target), 302)
}

/** A header holds ASCII only: as a browser would write the address that it asks for. */
function inHeader(target: string): string {
  return /^[\x21-\x7e]+$/.test(target) ? target : new URL(target).href
}

/** Whoever wants to read the shop's page shall, also while nothing can be noted. */
async function note(
  { database, clock }: MessageLinkNeeds,
  request: TokenRequest,
  hit: Pick<Hit, 'messageId' | 'kind' | 'linkId'>,
): Promise<void> {
  if (asksNotToBeMeasured(request)) return
  const sign = hit.kind === 'trap' ? 'trap' : machineSign(request, hit.kind)
  try {
    await noteHit(database.pool, { ...hit, machineSign: sign, atMs: clock.nowMs() })
  } catch (error) {
    request.log.warn({ error: describeError(error) }, 'a hit could not be noted')
  }
}
