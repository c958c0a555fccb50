/**
 * The page on which a customer chooses what to hear about: reached by a signed link in every marketing message, without
 * a login and without script. Looking changes nothing; a choice holds as soon as it is saved.
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../../clock.ts'
import { needsConfirmation } from '../../domain/consent-rule.ts'
import type { ContactPolicy } from '../../domain/definitions.ts'
import type { Channel } from '../../domain/snapshot.ts'
import { trackingChannel } from '../../domain/tracking.ts'
import { sayConsent } from '../../store/consents.ts'
import type { Database, Queryable } from '../../store/database.ts'
import { readPreferencesToken } from '../../store/links.ts'
import { findMessageOrigin, type MessageOrigin, takeNo } from '../../store/opt-out.ts'
import { openAddress } from '../../store/personal-data.ts'
import {
  type Chooser,
  lockCustomer,
  type Preferences,
  readMeasured,
  readPreferences,
  saveChoice,
} from '../../store/preferences.ts'
import type { Vault } from '../../store/vault.ts'
import { parseFormBodies } from '../body-parsers.ts'
import {
  type ChannelView,
  fieldName,
  isOn,
  measuredField,
  measuredShownField,
  preferenceCard,
} from './preference-page.ts'
import { sendShopPage, sendUnknownLink } from './shop-page.ts'
import { choiceWords, topicIn } from './topic-words.ts'
import type { CustomerWords } from './words/customer-words.ts'
import { languageField, wordsOfPage } from './words/languages.ts'

export interface CustomerPageNeeds {
  readonly database: Database
  readonly vault: Vault
  readonly clock: Clock
  /** The contact policy that is in force. */
  readonly policy: () => Promise<ContactPolicy>
  /** The name under which the shop writes. */
  readonly brand: string
}

type TokenRequest = FastifyRequest<{ Params: { token: string } }>

/** Register at the root. */
export function preferenceRoutes(needs: CustomerPageNeeds): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    parseFormBodies(app)
    app.get('/p/:token', (request: TokenRequest, reply) => look(needs, request, reply))
    app.post('/p/:token', { bodyLimit: 16 * 1024 }, (request: TokenRequest, reply) => save(needs, request, reply))
  }
}

async function look(needs: CustomerPageNeeds, request: TokenRequest, reply: FastifyReply): Promise<FastifyReply> {
  const origin = await originOf(needs, request)
  if (origin === undefined) return sendUnknownLink(request, reply, needs.brand)
  return show(needs, origin, wordsOfPage(request, origin.locale), reply, undefined)
}

async function show(
  needs: CustomerPageNeeds,
  origin: MessageOrigin,
  words: CustomerWords,
  reply: FastifyReply,
  said: string | undefined,
): Promise<FastifyReply> {
  const { pool } = needs.database
  const [policy, known, isMeasured] = await Promise.all([
    needs.policy(),
    readPreferences(pool, origin.customerId),
    readMeasured(pool, origin.customerId),
  ])
  const channels = known.map((one) => opened(one, origin.customerId, needs.vault))
  const card = preferenceCard(words, { policy, channels, isMeasured, said })
  return sendShopPage(reply, 200, needs.brand, words, words.choices.title, card)
}

async function save(needs: CustomerPageNeeds, request: TokenRequest, reply: FastifyReply): Promise<FastifyReply> {
  const origin = await originOf(needs, request)
  if (origin === undefined) return sendUnknownLink(request, reply, needs.brand)
  const form = request.body instanceof URLSearchParams ? request.body : new URLSearchParams()
  const words = wordsOfPage(request, origin.locale, form.get(languageField))
  const said =
    form.get('do') === 'save'
      ? await saveTopics(needs, origin, words, form)
      : await endEverything(needs, origin, words.choices)
  return show(needs, origin, words, reply, said)
}

/** Anything but the button that saves ends everything: of two readings the stricter one. */
async function endEverything(
  { database, clock }: CustomerPageNeeds,
  { customerId }: MessageOrigin,
  { endAll, ended }: CustomerWords['choices'],
): Promise<string> {
  const atMs = clock.nowMs()
  await database.transaction(async (client) => {
    for (const channel of ['email', 'sms'] as const) {
      await takeNo(client, {
        customerId,
        channel,
        topic: '*',
        status: 'withdrawn',
        atMs,
        source: 'preference-page',
        method: 'unsubscribe-all',
        words: endAll,
      })
    }
  })
  return ended
}

async function saveTopics(
  { database, clock, policy: readPolicy }: CustomerPageNeeds,
  origin: MessageOrigin,
  words: CustomerWords,
  form: URLSearchParams,
): Promise<string> {
  const policy = await readPolicy()
  const { customerId } = origin
  const chooser = { customerId, source: 'preference-page', method: 'page', atMs: clock.nowMs() }
  return database.transaction(async (client) => {
    if (!(await lockCustomer(client, customerId))) return words.choices.unchanged
    const chosen: string[] = []
    let waits = false
    for (const known of await readPreferences(client, customerId)) {
      if (known.suppressed !== null) continue
      const { channel } = known
      const topics = Object.keys(policy.topics).map((topic) => ({
        topic,
        wanted: form.get(fieldName(channel, topic)) !== null,
        words: choiceWords(policy, words, channel, topic),
      }))
      // Whoever holds a link that was mailed to an address has shown that the address is theirs; not so of the others.
      const isToConfirm = (topic: string): boolean =>
        channel !== origin.channel && needsConfirmation(policy, channel, topic)
      const changed = topics.filter(
        ({ topic, wanted }) =>
          wanted !== isOn(policy, channel, topic, known.words) || isNewYes(policy, known, topic, wanted),
      )
      await saveChoice(client, known.words, { channel, topics: withRest(topics, changed, known), isToConfirm }, chooser)
      // Whoever else has that address has heard a no, too.
      for (const { topic, words: shown } of changed.filter(({ wanted }) => !wanted)) {
        await takeNo(client, { ...chooser, channel, topic, status: 'withdrawn', words: shown })
      }
      waits ||= changed.some(({ topic, wanted }) => wanted && isToConfirm(topic))
      chosen.push(...topics.filter(({ wanted }) => wanted).map(({ topic }) => said(policy, words, channel, topic)))
    }
    await saveMeasured(client, form, { ...chooser, words: words.choices.measured })
    return inWords(words.choices, chosen, waits)
  })
}

/** A form that did not ask says nothing. */
async function saveMeasured(
  client: Queryable,
  form: URLSearchParams,
  chooser: Chooser & { readonly words: string },
): Promise<void> {
  if (form.get(measuredShownField) === null) return
  const wanted = form.get(measuredField) !== null
  if (wanted === (await readMeasured(client, chooser.customerId))) return
  const status = wanted ? 'granted' : 'withdrawn'
  await sayConsent(client, { ...chooser, channel: trackingChannel, topic: '*', status })
}

/** Where implied consent ends by itself, a tick that is saved is a yes in words, which does not. */
function isNewYes(policy: ContactPolicy, { channel, words }: Preferences, topic: string, wanted: boolean): boolean {
  return (
    wanted && policy.channels[channel].impliedFor !== null && words[topic] === undefined && words['*'] === undefined
  )
}

type Chosen = { readonly topic: string; readonly wanted: boolean; readonly words: string }

/** Only what the person changed is their word, unless it takes back a no to everything: then all of it is. */
function withRest(all: readonly Chosen[], changed: readonly Chosen[], { words }: Preferences): readonly Chosen[] {
  return words['*'] === 'withdrawn' && all.some(({ wanted }) => wanted) ? all : changed
}

function inWords(
  { saved, savedNothing, savedWaits }: CustomerWords['choices'],
  chosen: readonly string[],
  waits: boolean,
): string {
  const list = chosen.length === 0 ? savedNothing : saved(chosen.join('; '))
  return waits ? `${list} ${savedWaits}` : list
}

function said(policy: ContactPolicy, words: CustomerWords, channel: Channel, topic: string): string {
  return `${topicIn(policy, topic, words).name} (${words.onChannel[channel]})`
}

function opened(one: Preferences, customerId: string, vault: Vault): ChannelView {
  const key = vault.openCustomerKey(customerId, one.wrappedKey)
  return { ...one, address: openAddress(vault, key, one.contactPointId, one.address) }
}

async function originOf(
  { vault, database }: CustomerPageNeeds,
  request: TokenRequest,
): Promise<MessageOrigin | undefined> {
  const messageId = readPreferencesToken(vault, request.params.token)
  return messageId === undefined ? undefined : findMessageOrigin(database.pool, messageId)
}
