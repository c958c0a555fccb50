/** Customers, events and consent from files: lines that become events. */

import { personalInProperties, personalInTraits } from '../../domain/personal-names.ts'
import { mayHoldAddress, splitPersonal, textFault } from '../../domain/split-personal.ts'
import { normaliseEmail, normalisePhone } from '../../store/addresses.ts'
import type { NewEvent, SealedPart } from '../../store/events.ts'
import type { Identity } from '../../store/identities.ts'
import { readConsentTraits } from '../consent-events.ts'
import { Problems } from '../problems.ts'
import type { Chunk, ImportContext, ImportKind } from './chunk.ts'
import type { ColumnPlan, FieldRule, KindFields } from './columns.ts'
import { EventChunk, type EventStretch, previewEvents } from './event-chunk.ts'
import { writeEvents } from './event-writing.ts'
import { InputError } from './input-error.ts'
import type { FileRecord } from './line-blocks.ts'
import { BadType, objectOf, typedValue } from './typed-values.ts'
import { MomentReader, readText, readYesNo } from './values.ts'

const who: readonly FieldRule[] = [
  { name: 'customer_id', aliases: ['userid', 'user', 'customer', 'externalid', 'id'] },
  { name: 'email', aliases: ['emailaddress'] },
  { name: 'phone', aliases: ['phonenumber', 'mobile', 'mobilephone'] },
]

const customerFields: KindFields = {
  fields: [...who, { name: 'at', aliases: ['updatedat', 'timestamp'] }, { name: 'created_at', aliases: ['createdat'] }],
  required: [['customer_id', 'email', 'phone']],
  extras: 'kept',
}

const eventFields: KindFields = {
  fields: [
    ...who,
    { name: 'event', aliases: ['eventname', 'name'] },
    { name: 'at', aliases: ['timestamp', 'occurredat', 'time', 'date'] },
    { name: 'message_id', aliases: ['eventid'] },
    { name: 'properties', aliases: [] },
  ],
  required: [['customer_id', 'email', 'phone'], ['event'], ['at']],
  extras: 'kept',
}

const consentFields: KindFields = {
  fields: [
    ...who,
    { name: 'channel', aliases: [] },
    { name: 'topic', aliases: ['list'] },
    { name: 'status', aliases: ['consent', 'subscribed'] },
    { name: 'at', aliases: ['givenat', 'timestamp', 'date', 'when'] },
    { name: 'source', aliases: [] },
    { name: 'method', aliases: ['how'] },
    { name: 'words', aliases: ['text', 'wording'] },
  ],
  required: [['customer_id', 'email', 'phone'], ['channel'], ['status']],
  extras: 'ignored',
}

const chunkLines = 5_000

export const customersImport = kind('customers', customerFields, (...given) => new CustomerChunk(...given))
export const eventsImport = kind('events', eventFields, (...given) => new PastEventChunk(...given))
export const consentImport = kind('consent', consentFields, (...given) => new ConsentChunk(...given))

type MakeChunk = (plan: ColumnPlan, context: ImportContext, moments: MomentReader) => Chunk<EventStretch>

function kind(name: string, fields: KindFields, make: MakeChunk): ImportKind<EventStretch> {
  return {
    name,
    fields,
    chunkLines,
    open(plan, context) {
      const moments = new MomentReader(context.options.dates, context.options.timeZone)
      return { next: () => make(plan, context, moments) }
    },
    readsInThread: false, // What is personal is sealed as it is read, and the keys stay where they are.
    write: writeEvents,
    preview: previewEvents,
  }
}

export const peopleRules = {
  nobody: 'must name somebody: customer_id, email or phone must be given',
  id: 'must be an id of the shop with at most 256 characters, and hold no e-mail address',
  email: 'must be an e-mail address',
  phone: 'must be a phone number with its country, such as +442079460958',
  future: 'must not be in the future',
  name: 'must be given, with at most 256 characters, and hold no e-mail address',
  messageId: 'must have at most 256 characters, and hold no e-mail address',
  properties: 'must be a JSON object',
  channel: 'must be email or sms',
  status: 'must be granted, confirmed or withdrawn',
  when: 'must be given where consent was granted',
  source: 'must be given, in the file or with --source',
} as const

interface Person {
  readonly userId: string | null
  readonly addresses: Readonly<Record<string, string>>
}

type Refuse = (column: string, rule: string) => undefined

abstract class PeopleChunk extends EventChunk {
  readonly plan: ColumnPlan
  readonly context: ImportContext
  readonly moments: MomentReader

  constructor(plan: ColumnPlan, context: ImportContext, moments: MomentReader) {
    super()
    this.plan = plan
    this.context = context
    this.moments = moments
  }

  protected refuse(record: FileRecord): Refuse {
    return (column, rule) => {
      this.reading.reject(record, column, rule)
      return undefined
    }
  }

  protected person(values: readonly unknown[], refuse: Refuse): Person | undefined {
    const [id = '', email = '', phone = ''] = values.slice(0, who.length).map(readText)
    if (id === '' && email === '' && phone === '') return refuse('', peopleRules.nobody)
    if (id.length > 256 || mayHoldAddress(id) || textFault(id) !== undefined)
      return refuse('customer_id', peopleRules.id)
    const addresses: Record<string, string> = {}
    if (email !== '') {
      const normal = normaliseEmail(email)
      if (normal === undefined) return refuse('email', peopleRules.email)
      addresses['email'] = normal
    }
    if (phone !== '') {
      const number = normalisePhone(phone)
      if (number === undefined) return refuse('phone', peopleRules.phone)
      addresses['phone'] = number.e164
    }
    this.noteName(id === '' ? this.#addressName(addresses) : { kind: 'user', value: id })
    return { userId: id === '' ? null : id, addresses }
  }

  #addressName({ email, phone = '' }: Readonly<Record<string, string>>): Identity {
    const kind = email === undefined ? 'phone' : 'email'
    return { kind, value: this.context.vault.lookupHash(kind, email ?? phone).toString('hex') }
  }

  /** `null`: nothing given. */
  protected moment(column: string, value: unknown, refuse: Refuse): number | null | undefined {
    const text = readText(value) ?? ''
    if (text === '') return null
    const ms = this.moments.read(text)
    if (ms === undefined) return refuse(column, this.moments.rule)
    return this.context.nowMs > 0 && ms > this.context.nowMs ? refuse(column, peopleRules.future) : ms
  }

  protected extras(record: FileRecord, refuse: Refuse): Record<string, unknown> | undefined {
    const values: [string, unknown][] = []
    for (const extra of this.plan.extras(record)) {
      const value = typedValue(extra, this.moments)
      if (value instanceof BadType) return refuse(extra.name, value.rule)
      if (value !== undefined) values.push([extra.name, value])
    }
    return Object.fromEntries(values)
  }

  /** Of a line the same at every run. */
  protected messageId(record: FileRecord): string {
    return `line:${this.context.contentId}:${record.line}`
  }

  protected event(
    given: Pick<NewEvent, 'messageId' | 'type' | 'name' | 'userId' | 'occurredAtMs'>,
    open: object,
    sealed: SealedPart,
  ): NewEvent {
    const { vault, nowMs } = this.context
    const isSealed = sealed.traits !== undefined || sealed.properties !== undefined
    return {
      ...given,
      anonymousId: null,
      receivedAtMs: nowMs,
      properties: JSON.stringify(open),
      context: null,
      sealed: isSealed ? vault.sealForIntake(JSON.stringify(sealed), given.messageId) : null,
    }
  }
}

class CustomerChunk extends PeopleChunk {
  override take(record: FileRecord): void {
    const refuse = this.refuse(record)
    const values = this.plan.values(record)
    const person = this.person(values, refuse)
    const atMs = this.moment('at', values[3], refuse)
    const createdMs = this.moment('created_at', values[4], refuse)
    if (person === undefined || atMs === undefined || createdMs === undefined) return
    const traits = this.extras(record, refuse)
    if (traits === undefined) return
    const split = splitPersonal(traits, personalInTraits, 'traits')
    const [fault] = split.faults
    if (fault !== undefined) return refuse(fault.field, fault.message)
    const consent = [...readConsentTraits(split.open, new Problems()).names]
    if (consent.length > 0) {
      throw new InputError(
        `column ${JSON.stringify(consent[0])} tells of consent: bring it in with "perennial import consent", which asks when it was given, and leave it out here with --map`,
      )
    }
    const personal = { ...split.personal, ...person.addresses }
    const base = { type: 'identify', name: null, userId: person.userId } as const
    const sealed = Object.keys(personal).length === 0 ? {} : { traits: personal }
    const occurredAtMs = atMs ?? createdMs ?? this.context.nowMs
    const messageId = this.messageId(record)
    this.addEvent(this.event({ ...base, messageId, occurredAtMs }, split.open, sealed))
    // That they were there before is told by an event that says nothing else.
    if (createdMs !== null && createdMs < occurredAtMs) {
      const addresses = Object.keys(person.addresses).length === 0 ? {} : { traits: person.addresses }
      this.addEvent(
        this.event(
          { ...base, messageId: `${messageId}:created`, occurredAtMs: createdMs },
          {},
          person.userId === null ? addresses : {},
        ),
      )
    }
    this.reading.add('customer lines')
  }
}

class PastEventChunk extends PeopleChunk {
  override take(record: FileRecord): void {
    const refuse = this.refuse(record)
    const values = this.plan.values(record)
    const person = this.person(values, refuse)
    if (person === undefined) return
    const name = readText(values[3]) ?? ''
    if (name === '' || name.length > 256 || mayHoldAddress(name)) return refuse('event', peopleRules.name)
    const atMs = this.moment('at', values[4], refuse)
    if (atMs === undefined) return
    if (atMs === null) return refuse('at', this.moments.rule)
    const told = readText(values[5]) ?? ''
    if (told.length > 256 || mayHoldAddress(told)) return refuse('message_id', peopleRules.messageId)
    const own = objectOf(values[6])
    const extras = this.extras(record, refuse)
    if (own === undefined) return refuse('properties', peopleRules.properties)
    if (extras === undefined) return
    const split = splitPersonal({ ...extras, ...own }, personalInProperties, 'properties')
    const [fault] = split.faults
    if (fault !== undefined) return refuse(fault.field, fault.message)
    const sealed = {
      ...(Object.keys(person.addresses).length === 0 ? {} : { traits: person.addresses }),
      ...(split.personal === undefined ? {} : { properties: split.personal }),
    }
    const messageId = told === '' ? this.messageId(record) : told
    this.addEvent(
      this.event({ messageId, type: 'track', name, userId: person.userId, occurredAtMs: atMs }, split.open, sealed),
    )
    this.reading.add('event lines')
  }
}

const granted = new Set(['granted', 'subscribed', 'optin', 'opted_in', 'opted-in'])
const confirmed = new Set(['confirmed', 'doubleoptin', 'double_opt_in', 'double-opt-in'])
const withdrawn = new Set(['withdrawn', 'unsubscribed', 'optout', 'opted_out', 'opted-out'])

class ConsentChunk extends PeopleChunk {
  override take(record: FileRecord): void {
    const refuse = this.refuse(record)
    const values = this.plan.values(record)
    const person = this.person(values, refuse)
    if (person === undefined) return
    const [channelText = '', topic = '', statusText = '', , source = '', method = '', words = ''] = values
      .slice(who.length)
      .map(readText)
    const channel = channelText.toLowerCase()
    if (channel !== 'email' && channel !== 'sms') return refuse('channel', peopleRules.channel)
    const isConfirmed = confirmed.has(statusText.toLowerCase())
    const status = isConfirmed ? 'granted' : statusOf(statusText.toLowerCase(), values[5])
    if (status === undefined) return refuse('status', peopleRules.status)
    const atMs = this.moment('at', values[6], refuse)
    if (atMs === undefined) return
    if (atMs === null && status === 'granted') return refuse('at', peopleRules.when)
    const from = source === '' ? (this.context.options.source ?? '') : source
    if (from === '') return refuse('source', peopleRules.source)
    for (const [column, text] of Object.entries({ topic, source: from, method, words })) {
      const broken = textFault(text)
      if (broken !== undefined) return refuse(column, broken)
    }
    const messageId = this.messageId(record)
    const occurredAtMs = atMs ?? this.context.nowMs
    const sealed = Object.keys(person.addresses).length === 0 ? {} : { traits: person.addresses }
    this.addEvent(
      this.event({ messageId, type: 'identify', name: null, userId: person.userId, occurredAtMs }, {}, sealed),
    )
    this.addConsent({
      messageId,
      channel,
      topic: topic === '' ? '*' : topic.slice(0, 100),
      status,
      isConfirmed,
      atMs: occurredAtMs,
      source: `import: ${from}`.slice(0, 200),
      method: method !== '' ? method.slice(0, 100) : isConfirmed ? 'double-opt-in' : 'import',
      words: words === '' ? null : words.slice(0, 2_000),
    })
    this.reading.add('consent lines')
  }
}

function statusOf(text: string, value: unknown): 'granted' | 'withdrawn' | undefined {
  const isYes = typeof value === 'boolean' ? value : readYesNo(text)
  if (granted.has(text) || isYes === true) return 'granted'
  return withdrawn.has(text) || isYes === false ? 'withdrawn' : undefined
}
