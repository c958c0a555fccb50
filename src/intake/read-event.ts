/** What one stored event says, in our words. Pure: from the event and its opened personal part to facts. */

import { eventKey } from '../domain/event-key.ts'
import { comparableName } from '../domain/personal-names.ts'
import { referralCodeIn, referralParameter, toReferralCode } from '../domain/referral-code.ts'
import { normaliseEmail, normalisePhone, type PhoneNumber } from '../store/addresses.ts'
import type { SealedPart, WaitingEvent } from '../store/events.ts'
import type { Identity } from '../store/identities.ts'
import {
  type ConsentAct,
  type ConsentTrait,
  isConsentAct,
  readConsentAct,
  readConsentTraits,
} from './consent-events.ts'
import type { IdentityClaim } from './identity-plan.ts'
import { isOrderEvent, type OrderChange, type OrderContent, readOrderChange, readOrderContent } from './order-events.ts'
import { Problems } from './problems.ts'
import { type ProductSighting, readProducts } from './product-events.ts'

type Fields = Readonly<Record<string, unknown>>

export interface Reading {
  readonly eventId: number
  readonly receivedAtMs: number
  readonly messageId: string
  readonly atMs: number
  /** Of a track event. */
  readonly name: string | null
  /** Under which it is counted, if it is. */
  readonly key: string | undefined
  readonly claim: IdentityClaim
  /** Impersonal traits that it tells; null takes one back. */
  readonly traits: Fields
  /** Personal traits that it tells, without addresses; null takes one back. */
  readonly personal: Fields
  /** The person's own address, normalised; null takes it back; undefined: not told. */
  readonly email: string | null | undefined
  readonly phone: PhoneNumber | null | undefined
  readonly consentTraits: readonly ConsentTrait[]
  readonly consentAct: ConsentAct | undefined
  readonly timeZone: string | undefined
  readonly locale: string | undefined
  readonly country: string | undefined
  readonly order: OrderContent | undefined
  readonly orderChange: OrderChange | undefined
  readonly products: readonly ProductSighting[]
  /** The code of whoever sent them here. */
  readonly referralCode: string | undefined
  readonly problem: string | null
}

/** The keyed hash of a normalised address, in hex. */
export type AddressHash = (kind: 'email' | 'phone', normalised: string) => string

/** @param sealed the opened personal part; empty if there is none. */
export function readEvent(event: WaitingEvent, sealed: SealedPart, hash: AddressHash): Reading {
  const problems = new Problems()
  const isTrack = event.type === 'track' && event.name !== null
  const name = isTrack ? event.name : null
  const { traits, names: consentNames, consents } = toldTraits(event, problems)
  const personal = ownPersonalPart(name, sealed)
  const country = readCountry(traits['country']) ?? readCountry(fieldsOf(personal['address'])['country'])
  const email = readEmail(personal, problems)
  const phone = readPhone(personal, country, problems)
  const context = event.context ?? {}
  return {
    eventId: event.id,
    receivedAtMs: event.receivedAtMs,
    messageId: event.messageId,
    atMs: event.occurredAtMs,
    name,
    key: eventKey(event.type, event.name),
    claim: claimOf(event, email, phone, hash),
    traits: Object.fromEntries(Object.entries(traits).filter(([trait]) => !consentNames.has(trait))),
    personal: Object.fromEntries(Object.entries(personal).filter(([trait]) => !isAddressName(trait))),
    email,
    phone,
    consentTraits: consents,
    consentAct: name === null ? undefined : readConsentAct(name, event.properties, problems),
    timeZone: readTimeZone(traits['timezone'] ?? traits['timeZone'] ?? traits['time_zone'] ?? context['timezone']),
    locale: readLocale(traits['locale'] ?? context['locale']),
    country,
    order: name === null ? undefined : readOrderContent(name, event.properties, event.messageId, problems),
    orderChange: name === null ? undefined : readOrderChange(name, event.properties, problems),
    products: name === null ? [] : readProducts(name, event.properties),
    referralCode: readReferralCode(event),
    problem: problems.text,
  }
}

function toldTraits(event: WaitingEvent, problems: Problems) {
  const ofContext = fieldsOf(event.context?.['traits'])
  const own = event.type === 'identify' ? event.properties : {}
  const ofGroup = event.type === 'group' ? { groupId: event.properties['groupId'] } : {}
  const traits: Fields = { ...ofContext, ...own, ...ofGroup }
  return { traits, ...readConsentTraits(traits, problems) }
}

/**
 * Traits are about the person. The addresses among the properties of an event are so only where the event is the
 * person's own doing with that address: ordering, signing up for messages. Elsewhere they may be a friend's.
 */
function ownPersonalPart(name: string | null, sealed: SealedPart): Fields {
  const isOwn = name !== null && (isOrderEvent(name) || isConsentAct(name))
  if (!isOwn || sealed.properties === undefined) return sealed.traits ?? {}
  const addresses = Object.entries(sealed.properties).filter(([path]) => isAddressName(path))
  return { ...Object.fromEntries(addresses), ...sealed.traits }
}

const emailNames: ReadonlySet<string> = new Set(['email', 'emailaddress'])
const phoneNames: ReadonlySet<string> = new Set(['phone', 'phonenumber', 'mobile', 'mobilephone', 'mobilenumber'])

function isAddressName(trait: string): boolean {
  const name = comparableName(trait)
  return !trait.includes('.') && (emailNames.has(name) || phoneNames.has(name))
}

function readEmail(personal: Fields, problems: Problems): string | null | undefined {
  const given = valueNamed(personal, emailNames)
  if (given === null || given === undefined) return given
  const email = typeof given === 'string' ? normaliseEmail(given) : undefined
  if (email === undefined) problems.note('traits.email: must be an e-mail address')
  return email
}

function readPhone(personal: Fields, country: string | undefined, problems: Problems): PhoneNumber | null | undefined {
  const given = valueNamed(personal, phoneNames)
  if (given === null || given === undefined) return given
  const phone = typeof given === 'string' ? normalisePhone(given, country) : undefined
  if (phone === undefined) problems.note('traits.phone: must be a phone number with its country, such as +442079460958')
  return phone
}

/** Told as a property or trait, or in the address of the page that the link led to. */
function readReferralCode({ type, properties, context }: WaitingEvent): string | undefined {
  const told = toReferralCode(properties[referralParameter]) ?? toReferralCode(context?.[referralParameter])
  if (told !== undefined || type !== 'page') return told
  return referralCodeIn(properties['search']) ?? referralCodeIn(properties['url'])
}

function valueNamed(fields: Fields, names: ReadonlySet<string>): unknown {
  const entry = Object.entries(fields).find(([trait]) => !trait.includes('.') && names.has(comparableName(trait)))
  return entry?.[1]
}

function claimOf(
  event: WaitingEvent,
  email: string | null | undefined,
  phone: PhoneNumber | null | undefined,
  hash: AddressHash,
): IdentityClaim {
  const previousId = event.type === 'alias' ? event.properties['previousId'] : undefined
  const previous: Identity[] =
    typeof previousId === 'string'
      ? [
          { kind: 'user', value: previousId },
          { kind: 'anonymous', value: previousId },
        ]
      : []
  const addresses: Identity[] = [
    ...(email == null ? [] : [{ kind: 'email' as const, value: hash('email', email) }]),
    ...(phone == null ? [] : [{ kind: 'phone' as const, value: hash('phone', phone.e164) }]),
  ]
  return {
    ...(event.userId === null ? {} : { user: { kind: 'user', value: event.userId } }),
    ...(event.anonymousId === null ? {} : { anonymous: { kind: 'anonymous', value: event.anonymousId } }),
    addresses,
    previous,
  }
}

const timeZones = new Map<string, boolean>()

/** An IANA zone that this machine knows. */
function readTimeZone(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > 60) return undefined
  let isKnown = timeZones.get(value)
  if (isKnown === undefined) {
    isKnown = isTimeZone(value)
    if (timeZones.size < 2_000) timeZones.set(value, isKnown)
  }
  return isKnown ? value : undefined
}

function isTimeZone(name: string): boolean {
  // `Intl` also takes offsets ("+02:00"), which know nothing of summer time.
  if (!/^[A-Za-z]/.test(name)) return false
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

function readLocale(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > 35) return undefined
  const tag = value.replaceAll('_', '-')
  return /^[a-z]{2,3}(?:-[a-z0-9]{2,8})*$/i.test(tag) ? tag : undefined
}

function readCountry(value: unknown): string | undefined {
  return typeof value === 'string' && /^[a-z]{2}$/i.test(value.trim()) ? value.trim().toUpperCase() : undefined
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {}
}
