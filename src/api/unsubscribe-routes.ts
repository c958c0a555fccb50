/**
 * Unsubscribe links. Looking at one changes nothing, because scanners follow links; the buttons do, and so does the
 * one-click POST of RFC 8058, which comes without cookies, is answered without a redirect, and may come twice.
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../clock.ts'
import { html } from '../console/html.ts'
import { sendPage } from '../console/page.ts'
import type { ContactPolicy } from '../domain/definitions.ts'
import type { Database } from '../store/database.ts'
import { describeError } from '../store/describe-error.ts'
import { preferencesPath, readUnsubscribeToken } from '../store/links.ts'
import { findMessageOrigin, type MessageOrigin, takeNo } from '../store/opt-out.ts'
import type { Vault } from '../store/vault.ts'
import { parseFormBodies } from './body-parsers.ts'
import { topicIn } from './customer-pages/topic-words.ts'
import type { CustomerWords } from './customer-pages/words/customer-words.ts'
import { languageField, wordsOfPage } from './customer-pages/words/languages.ts'

export interface UnsubscribeNeeds {
  readonly database: Database
  readonly vault: Vault
  readonly clock: Clock
  /** The contact policy that is in force: it names the topics. */
  readonly policy: () => Promise<ContactPolicy>
}

interface Choice {
  /** What is ended: `*` for everything. */
  readonly topic: string
  readonly method: 'one-click' | 'page'
  /** The words on the button, or what the mail program stands for. */
  readonly words: string
}

type TokenRequest = FastifyRequest<{ Params: { token: string } }>

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
  if (origin === undefined) return sendUnknown(request, reply)
  const words = wordsOfPage(request, origin.locale)
  const { lang, unsubscribe } = words
  const { all, topic } = buttons(words, origin, await topicName(needs, request, words, origin))
  const body = html`<div class="narrow"><h1>${unsubscribe.title}</h1>
    <p>${unsubscribe.hint}</p>
    <form method="post"><input type="hidden" name="${languageField}" value="${lang}">
    <button name="scope" value="all">${all}</button>
    <button name="scope" value="topic" class="quiet">${topic}</button></form>
    <p><a href="${choicesPath(needs, request)}">${unsubscribe.instead}</a></p></div>`
  return sendPage(reply, 200, unsubscribe.title, body, { lang })
}

async function end(needs: UnsubscribeNeeds, request: TokenRequest, reply: FastifyReply): Promise<FastifyReply> {
  const origin = await originOf(needs, request)
  if (origin === undefined) return sendUnknown(request, reply)
  const { customerId, channel, locale } = origin
  const form = request.body instanceof URLSearchParams ? request.body : new URLSearchParams()
  const words = wordsOfPage(request, locale, form.get(languageField))
  const name = await topicName(needs, request, words, origin)
  const choice = choiceOf(form.get('scope'), origin, buttons(words, origin, name))
  await needs.database.transaction((client) =>
    takeNo(client, {
      customerId,
      channel,
      status: 'withdrawn',
      atMs: needs.clock.nowMs(),
      source: 'unsubscribe-link',
      ...choice,
    }),
  )
  const { title, heading, all, topic, foot, choices } = words.unsubscribe.done
  const body = html`<div class="narrow"><h1>${heading}</h1>
    <p>${choice.topic === '*' ? all[channel] : topic[channel](name)}</p>
    <p class="soft">${foot}</p>
    <p><a href="${choicesPath(needs, request)}">${choices}</a></p></div>`
  return sendPage(reply, 200, title, body, { lang: words.lang })
}

type Buttons = Readonly<Record<'all' | 'topic', string>>

function buttons({ unsubscribe }: CustomerWords, { channel }: MessageOrigin, topic: string): Buttons {
  return { all: unsubscribe.endAll[channel], topic: unsubscribe.endTopic[channel](topic) }
}

/** Anything but the button for one topic ends everything: also what mail programs send on their own. */
function choiceOf(scope: string | null, origin: MessageOrigin, shown: Buttons): Choice {
  if (scope === 'topic') return { topic: origin.topic, method: 'page', words: shown.topic }
  if (scope === 'all') return { topic: '*', method: 'page', words: shown.all }
  return { topic: '*', method: 'one-click', words: 'List-Unsubscribe=One-Click' }
}

/** A policy that cannot be read keeps nobody from leaving. */
async function topicName(
  { policy }: UnsubscribeNeeds,
  request: TokenRequest,
  words: CustomerWords,
  { topic }: MessageOrigin,
): Promise<string> {
  try {
    return topicIn(await policy(), topic, words).name
  } catch (error) {
    request.log.warn({ error: describeError(error) }, 'topics could not be named')
    return topic
  }
}

function choicesPath({ vault }: UnsubscribeNeeds, { params }: TokenRequest): string {
  return preferencesPath(vault, readUnsubscribeToken(vault, params.token) ?? '')
}

async function originOf(
  { vault, database }: UnsubscribeNeeds,
  request: TokenRequest,
): Promise<MessageOrigin | undefined> {
  const messageId = readUnsubscribeToken(vault, request.params.token)
  return messageId === undefined ? undefined : findMessageOrigin(database.pool, messageId)
}

function sendUnknown(request: TokenRequest, reply: FastifyReply): FastifyReply {
  const { lang, link } = wordsOfPage(request, null)
  const body = html`<div class="narrow"><h1>${link.heading}</h1><p>${link.hint}</p></div>`
  return sendPage(reply, 404, link.title, body, { lang })
}
