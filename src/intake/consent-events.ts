/**
 * How a shop tells what a person agreed to.
 *
 * As a fact about the person, in an identify: `consent: {email: true, sms: false}`, by topic
 * `consent: {email: {newsletter: true}}`, or `emailConsent`, `smsConsent`, `acceptsMarketing` (email). Shops repeat such
 * facts at every sign-in, so only a change counts as a new word: a `true` that merely comes again does not undo what
 * the person told us by unsubscribing.
 *
 * `consent: {tracking: false}`, also by topic, says that it is not to be measured what the person does with messages.
 *
 * As something the person did, in a track event, which always counts: Email Subscribed, Email Unsubscribed, SMS
 * Subscribed, SMS Unsubscribed, Unsubscribed (email), Email Marked as Spam, Inquiry Made, Consent Granted and Consent
 * Withdrawn with `channel`. Each may carry `topic` (default: every topic), `words` (what the person was shown) and `method`.
 */

import { comparableName } from '../domain/personal-names.ts'
import { type ConsentChannel, trackingChannel } from '../domain/tracking.ts'
import type { Problems } from './problems.ts'

type Fields = Readonly<Record<string, unknown>>
/** `implied`: an inquiry, which says yes to nothing but lets implied consent begin anew. */
export type ConsentStatus = 'granted' | 'withdrawn' | 'implied'

/** What an identify says: kept as a trait under `name`, so that a change can be told from a repetition. */
export interface ConsentTrait {
  readonly name: string
  readonly channel: ConsentChannel
  readonly topic: string
  readonly status: ConsentStatus
}

/** What a track event says. */
export interface ConsentAct {
  readonly channel: ConsentChannel
  readonly topic: string
  readonly status: ConsentStatus
  readonly method: string
  readonly words: string | null
}

/** The topic that stands for all of them. */
export const everyTopic = '*'

const acts: Readonly<Record<string, readonly [ConsentChannel | 'named', ConsentStatus]>> = {
  'email subscribed': ['email', 'granted'],
  'email unsubscribed': ['email', 'withdrawn'],
  'sms subscribed': ['sms', 'granted'],
  'sms unsubscribed': ['sms', 'withdrawn'],
  unsubscribed: ['email', 'withdrawn'],
  'email marked as spam': ['email', 'withdrawn'],
  'inquiry made': ['email', 'implied'],
  'consent granted': ['named', 'granted'],
  'consent withdrawn': ['named', 'withdrawn'],
}

export function isConsentAct(name: string): boolean {
  return Object.hasOwn(acts, name.toLowerCase())
}

export function readConsentAct(name: string, properties: Fields, problems: Problems): ConsentAct | undefined {
  const act = isConsentAct(name) ? acts[name.toLowerCase()] : undefined
  if (act === undefined) return undefined
  const channel = act[0] === 'named' ? readChannel(properties['channel']) : act[0]
  if (channel === undefined) {
    problems.block('properties.channel: must be email, sms or tracking')
    return undefined
  }
  return {
    channel,
    topic: shortText(properties['topic'], 100) ?? everyTopic,
    status: act[1],
    method: shortText(properties['method'], 100) ?? 'event',
    words: shortText(properties['words'], 2_000) ?? null,
  }
}

const plainTraits: Readonly<Record<string, ConsentChannel>> = {
  emailconsent: 'email',
  emailoptin: 'email',
  emailsubscribed: 'email',
  acceptsmarketing: 'email',
  smsconsent: 'sms',
  smsoptin: 'sms',
  smssubscribed: 'sms',
}

/** The consent traits among the traits, and the names under which they came. */
export function readConsentTraits(
  traits: Fields,
  problems: Problems,
): { readonly consents: readonly ConsentTrait[]; readonly names: ReadonlySet<string> } {
  const consents: ConsentTrait[] = []
  const names = new Set<string>()
  for (const [name, value] of Object.entries(traits)) {
    const comparable = comparableName(name)
    const channel = Object.hasOwn(plainTraits, comparable) ? plainTraits[comparable] : undefined
    if (comparable !== 'consent' && channel === undefined) continue
    names.add(name)
    const given: Fields = channel === undefined ? fieldsOf(value) : { [channel]: value }
    for (const [key, word] of Object.entries(given)) consents.push(...readWords(key, word, problems))
  }
  return { consents, names }
}

function readWords(key: string, word: unknown, problems: Problems): ConsentTrait[] {
  const channel = readChannel(key)
  if (channel === undefined) {
    problems.note('traits.consent: each name must be email, sms or tracking')
    return []
  }
  const byTopic = typeof word === 'object' && word !== null ? Object.entries(word) : [[everyTopic, word] as const]
  return byTopic.flatMap(([topic, value]) => {
    const status = readStatus(value)
    const name = topic === everyTopic ? `consent.${channel}` : `consent.${channel}.${topic.slice(0, 100)}`
    if (status !== undefined) return [{ name, channel, topic: topic.slice(0, 100), status }]
    if (value !== null) problems.note(`traits.consent.${channel}: must be true or false`)
    return []
  })
}

function readStatus(value: unknown): ConsentStatus | undefined {
  const word = typeof value === 'string' ? value.trim().toLowerCase() : value
  if (word === true || word === 'true' || word === 'granted' || word === 'subscribed' || word === 'yes')
    return 'granted'
  if (word === false || word === 'false' || word === 'withdrawn' || word === 'unsubscribed' || word === 'no') {
    return 'withdrawn'
  }
  return undefined
}

function readChannel(value: unknown): ConsentChannel | undefined {
  const name = typeof value === 'string' ? value.trim().toLowerCase() : ''
  return name === 'email' || name === 'sms' || name === trackingChannel ? name : undefined
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {}
}

function shortText(value: unknown, maxLength: number): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value.trim().slice(0, maxLength) : undefined
}
