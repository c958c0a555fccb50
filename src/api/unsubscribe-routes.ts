/**
 * Unsubscribe links. Looking at one changes nothing, because scanners follow links; the buttons do, and so does the
 * one-click POST of RFC 8058, which comes without cookies, is answered without a redirect, and may come twice.
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../clock.ts'
import { html } from '../console/html.ts'
import { sendPage } from '../console/page.ts'
import type { Database } from '../store/database.ts'
import { preferencesPath, readUnsubscribeToken } from '../store/links.ts'
import { findMessageOrigin, type MessageOrigin, takeWord } from '../store/opt-out.ts'
import type { Vault } from '../store/vault.ts'
import { parseFormBodies } from './body-parsers.ts'

export interface UnsubscribeNeeds {
  readonly database: Database
  readonly vault: Vault
  readonly clock: Clock
}

interface Choice {
  /** What is ended: `*` for everything. */
  readonly topic: string
  readonly method: 'one-click' | 'page'
  /** The words on the button, or what the mail program stands for. */
  readonly words: string
}

type TokenRequest = FastifyRequest<{ Params: { token: string } }>

const channelNames = { email: 'e-mails', sms: 'text messages' } as const

/** Register at the root. */
export function unsubscribeRoutes(needs: UnsubscribeNeeds): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    parseFormBodies(app)
    app.get('/u/:token', (request: TokenRequest, reply) => ask(needs, request, reply))
    app.post('/u/:token', { bodyLimit: 16 * 1024 }, (request: TokenRequest, reply) => end(needs, request, reply))
  }
}

async function ask(needs: UnsubscribeNeeds, request: TokenRequest, reply: FastifyReply): Promise<FastifyReply> {
  const origin = await originOf(needs, request)
  if (origin === undefined) return sendUnknown(reply)
  const body = html`<div class="narrow"><h1>Unsubscribe</h1>
    <p>Nothing has changed yet. What would you like to end?</p>
    <form method="post"><button name="scope" value="all">${wordsFor(origin, 'all')}</button>
    <button name="scope" value="topic" class="quiet">${wordsFor(origin, 'topic')}</button></form>
    <p>Or <a href="${choicesPath(needs, request)}">choose what you hear about</a>.</p></div>`
  return sendPage(reply, 200, 'Unsubscribe', body)
}

async function end(needs: UnsubscribeNeeds, request: TokenRequest, reply: FastifyReply): Promise<FastifyReply> {
  const origin = await originOf(needs, request)
  if (origin === undefined) return sendUnknown(reply)
  const { customerId, channel } = origin
  const { topic, method, words } = choiceOf(request, origin)
  await needs.database.transaction((client) =>
    takeWord(client, {
      customerId,
      channel,
      topic,
      status: 'withdrawn',
      atMs: needs.clock.nowMs(),
      source: 'unsubscribe-link',
      method,
      words,
    }),
  )
  const left = topic === '*' ? `marketing ${channelNames[channel]}` : `${channelNames[channel]} about “${topic}”`
  const body = html`<div class="narrow"><h1>You are unsubscribed</h1>
    <p>You will get no more ${left} from us. This holds from now on.</p>
    <p class="soft">Messages about orders you place may still reach you.</p>
    <p><a href="${choicesPath(needs, request)}">See all that you may choose</a></p></div>`
  return sendPage(reply, 200, 'Unsubscribed', body)
}

/** Anything but the button for one topic ends everything: also what mail programs send on their own. */
function choiceOf({ body }: TokenRequest, origin: MessageOrigin): Choice {
  const scope = body instanceof URLSearchParams ? body.get('scope') : null
  if (scope === 'topic') return { topic: origin.topic, method: 'page', words: wordsFor(origin, 'topic') }
  if (scope === 'all') return { topic: '*', method: 'page', words: wordsFor(origin, 'all') }
  return { topic: '*', method: 'one-click', words: 'List-Unsubscribe=One-Click' }
}

function choicesPath({ vault }: UnsubscribeNeeds, { params }: TokenRequest): string {
  return preferencesPath(vault, readUnsubscribeToken(vault, params.token) ?? '')
}

function wordsFor({ channel, topic }: MessageOrigin, scope: 'all' | 'topic'): string {
  const name = channelNames[channel]
  return scope === 'all' ? `End all marketing ${name}` : `End only ${name} about “${topic}”`
}

async function originOf(
  { vault, database }: UnsubscribeNeeds,
  request: TokenRequest,
): Promise<MessageOrigin | undefined> {
  const messageId = readUnsubscribeToken(vault, request.params.token)
  return messageId === undefined ? undefined : findMessageOrigin(database.pool, messageId)
}

function sendUnknown(reply: FastifyReply): FastifyReply {
  const body = html`<div class="narrow"><h1>This link is not complete</h1>
    <p>Please open it again from the message, or copy all of it.</p></div>`
  return sendPage(reply, 404, 'Unknown link', body)
}
