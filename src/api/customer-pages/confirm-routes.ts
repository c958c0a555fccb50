/**
 * Confirming a yes (double opt-in). Scanners follow links, so looking changes nothing: the button does, once. A link that
 * was used or has expired says so, and offers another message.
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Html, html } from '../../console/html.ts'
import { askAgain, type Confirmation, confirmConsent, findConfirmation } from '../../store/double-opt-in.ts'
import { readConfirmToken } from '../../store/links.ts'
import { parseFormBodies } from '../body-parsers.ts'
import type { CustomerPageNeeds } from './preference-routes.ts'
import { sendShopPage, sendUnknownLink } from './shop-page.ts'
import { confirmedWords } from './topic-words.ts'
import type { CustomerWords } from './words/customer-words.ts'
import { languageField, wordsOfPage } from './words/languages.ts'

type TokenRequest = FastifyRequest<{ Params: { token: string } }>

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
  if (found === undefined) return sendUnknownLink(request, reply, needs.brand)
  const words = wordsOfPage(request, found.locale)
  if (found.state !== 'open') return sendSpent(needs, words, reply, found)
  const { title, heading, hint, button, foot } = words.confirm
  const card = html`<h1>${heading}</h1><p class="soft">${hint}</p>
    ${await listOf(needs, words, found)}
    <form method="post"><input type="hidden" name="${languageField}" value="${words.lang}">
    <div class="buttons"><button name="do" value="confirm">${button}</button></div></form>
    <p class="foot">${foot}</p>`
  return sendShopPage(reply, 200, needs.brand, words, title, card)
}

async function answer(needs: CustomerPageNeeds, request: TokenRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { brand } = needs
  const ids = readConfirmToken(needs.vault, request.params.token)
  const atMs = needs.clock.nowMs()
  const before = ids && (await findConfirmation(needs.database.pool, ids, atMs))
  if (ids === undefined || before === undefined) return sendUnknownLink(request, reply, brand)
  const form = request.body instanceof URLSearchParams ? request.body : new URLSearchParams()
  const words = wordsOfPage(request, before.locale, form.get(languageField))
  if (form.get('do') === 'again') return sendAgain(needs, words, ids, reply)
  const policy = await needs.policy()
  const shown = (topic: string): string =>
    `${confirmedWords(policy, words, before.channel, topic, brand)} [${words.confirm.button}]`
  const confirming = { ids, source: 'confirmation-page', words: shown, allTopics: Object.keys(policy.topics), atMs }
  const found = await needs.database.transaction((client) => confirmConsent(client, confirming))
  if (found === undefined) return sendUnknownLink(request, reply, brand)
  if (found.state !== 'open') return sendSpent(needs, words, reply, found)
  const { title, heading, hint } = words.confirm.done
  const card = html`<h1>${heading}</h1>${await listOf(needs, words, found)}<p class="soft">${hint}</p>`
  return sendShopPage(reply, 200, brand, words, title, card)
}

async function listOf(needs: CustomerPageNeeds, words: CustomerWords, found: Confirmation): Promise<Html> {
  const policy = await needs.policy()
  const { channel, topics } = found
  return html`<ul>${topics.map((topic) => html`<li>${confirmedWords(policy, words, channel, topic, needs.brand)}</li>`)}</ul>`
}

function sendSpent(
  { brand }: CustomerPageNeeds,
  words: CustomerWords,
  reply: FastifyReply,
  { state }: Confirmation,
): FastifyReply {
  const { spent, again } = words.confirm
  const card = html`<h1>${spent.heading}</h1><p>${state === 'expired' ? spent.expired : spent.used}</p><p>${again.offer}</p>
    <form method="post"><input type="hidden" name="${languageField}" value="${words.lang}">
    <div class="buttons"><button name="do" value="again">${again.button}</button></div></form>`
  return sendShopPage(reply, 410, brand, words, spent.title, card)
}

async function sendAgain(
  { database, clock, brand }: CustomerPageNeeds,
  words: CustomerWords,
  ids: readonly number[],
  reply: FastifyReply,
): Promise<FastifyReply> {
  const isAsked = await database.transaction((client) => askAgain(client, ids, clock.nowMs()))
  const { sent, tooSoon, again } = words.confirm
  const { heading, hint } = isAsked ? sent : tooSoon
  const card = html`<h1>${heading}</h1><p>${hint}</p>`
  return sendShopPage(reply, isAsked ? 200 : 429, brand, words, again.title, card)
}
