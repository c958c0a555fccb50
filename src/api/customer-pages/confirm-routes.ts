/**
 * Confirming a yes (double opt-in). Scanners follow links, so looking changes nothing: the button does, once. A link that
 * was used or has expired says so, and offers another message.
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { html } from '../../console/html.ts'
import { askAgain, type Confirmation, confirmConsent, findConfirmation } from '../../store/double-opt-in.ts'
import { readConfirmToken } from '../../store/links.ts'
import { parseFormBodies } from '../body-parsers.ts'
import { wordsFor } from './confirm-words.ts'
import type { CustomerPageNeeds } from './preference-routes.ts'
import { sendShopPage, sendUnknownLink } from './shop-page.ts'

type TokenRequest = FastifyRequest<{ Params: { token: string } }>

const title = 'Please confirm'

/** Register at the root. */
export function confirmRoutes(needs: CustomerPageNeeds): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    parseFormBodies(app)
    app.get('/c/:token', (request: TokenRequest, reply) => ask(needs, request, reply))
    app.post('/c/:token', { bodyLimit: 16 * 1024 }, (request: TokenRequest, reply) => answer(needs, request, reply))
  }
}

async function ask(needs: CustomerPageNeeds, request: TokenRequest, reply: FastifyReply): Promise<FastifyReply> {
  const ids = readConfirmToken(needs.vault, request.params.token)
  const found = ids && (await findConfirmation(needs.database.pool, ids, needs.clock.nowMs()))
  if (found === undefined) return sendUnknownLink(reply, needs.brand)
  if (found.state !== 'open') return sendSpent(needs, reply, found)
  const policy = await needs.policy()
  const card = html`<h1>One click, and you are in</h1><p class="soft">Nothing has been confirmed yet.</p>
    <ul>${found.topics.map((topic) => html`<li>${wordsFor(policy, found.channel, topic, needs.brand)}</li>`)}</ul>
    <form method="post"><div class="buttons"><button name="do" value="confirm">Yes, confirm</button></div></form>
    <p class="foot">If this was not you, close this page: then nothing will be sent.</p>`
  return sendShopPage(reply, 200, needs.brand, title, card)
}

async function answer(needs: CustomerPageNeeds, request: TokenRequest, reply: FastifyReply): Promise<FastifyReply> {
  const ids = readConfirmToken(needs.vault, request.params.token)
  if (ids === undefined) return sendUnknownLink(reply, needs.brand)
  const form = request.body instanceof URLSearchParams ? request.body : new URLSearchParams()
  if (form.get('do') === 'again') return sendAgain(needs, ids, reply)
  const policy = await needs.policy()
  const atMs = needs.clock.nowMs()
  const before = await findConfirmation(needs.database.pool, ids, atMs)
  if (before === undefined) return sendUnknownLink(reply, needs.brand)
  const words = (topic: string): string => `${wordsFor(policy, before.channel, topic, needs.brand)} [Yes, confirm]`
  const confirming = { ids, source: 'confirmation-page', words, allTopics: Object.keys(policy.topics), atMs }
  const found = await needs.database.transaction((client) => confirmConsent(client, confirming))
  if (found === undefined) return sendUnknownLink(reply, needs.brand)
  if (found.state !== 'open') return sendSpent(needs, reply, found)
  const card = html`<h1>Thank you, that is confirmed</h1>
    <ul>${found.topics.map((topic) => html`<li>${wordsFor(policy, found.channel, topic, needs.brand)}</li>`)}</ul>
    <p class="soft">Every message has a link with which you can change your mind.</p>`
  return sendShopPage(reply, 200, needs.brand, 'Confirmed', card)
}

function sendSpent({ brand }: CustomerPageNeeds, reply: FastifyReply, { state }: Confirmation): FastifyReply {
  const words =
    state === 'expired'
      ? 'This link has expired: it was good for seven days.'
      : 'This link has been used already, or you have decided otherwise since. Nothing was changed now.'
  const offer = html`<p>If you still want to confirm, we can send you a new message.</p>
    <form method="post"><div class="buttons"><button name="do" value="again">Send me a new link</button></div></form>`
  const card = html`<h1>This link has done its work</h1><p>${words}</p>${offer}`
  return sendShopPage(reply, 410, brand, 'Link ended', card)
}

async function sendAgain(needs: CustomerPageNeeds, ids: readonly number[], reply: FastifyReply): Promise<FastifyReply> {
  const { database, clock, brand } = needs
  const isAsked = await database.transaction((client) => askAgain(client, ids, clock.nowMs()))
  const card = isAsked
    ? html`<h1>A new link is on its way</h1><p>Please look into your inbox in a moment.</p>`
    : html`<h1>Please wait a little</h1><p>We have sent you a message a short while ago, or several today. Look for it
      among unwanted mail too, and try again later.</p>`
  return sendShopPage(reply, isAsked ? 200 : 429, brand, 'New link', card)
}
