/**
 * Reads calls of Segment's HTTP tracking API. Either an event in the form in which it is stored, or what is wrong with
 * it, field by field.
 */

import { randomUUID } from 'node:crypto'
import { personalInProperties, personalInTraits } from '../../domain/personal-names.ts'
import { type FieldFault, mayHoldAddress, type Split, splitPersonal, textFault } from '../../domain/split-personal.ts'
import type { EpochMs } from '../../domain/time.ts'
import { normaliseEmail } from '../../store/addresses.ts'
import type { EventType, NewEvent, SealedPart } from '../../store/events.ts'
import type { Vault } from '../../store/vault.ts'
import { openContext } from './context.ts'
import { eventTime, parseInstant } from './event-time.ts'

/** What surrounds a call: taken over where the call itself says nothing. */
export interface Envelope {
  readonly receivedAtMs: EpochMs
  /** The sender's clock when it sent the request. */
  readonly sentAt?: unknown
  readonly context?: unknown
  /** The type that the path names; a batch has none and each item says its own. */
  readonly type?: EventType
}

export type ReadCall =
  | { readonly event: NewEvent }
  | { readonly messageId: string | undefined; readonly faults: readonly FieldFault[] }

const types: readonly string[] = ['identify', 'track', 'page', 'screen', 'alias', 'group'] satisfies EventType[]

/** Longest name or id: what an index entry holds with room to spare. */
const maxTextLength = 256

/** Words that broken integrations send as an id. Believing them would make one customer of everybody. */
const nobody = new Set(['null', 'undefined', 'nan', 'none', 'true', 'false', '[object object]', 'anonymous', 'guest'])

/** @param vault seals what is personal. */
export function readCall(call: unknown, envelope: Envelope, vault: Vault): ReadCall {
  if (!isObject(call)) return { messageId: undefined, faults: [fault('', call, 'must be an object')] }
  const reader = new CallReader(call, envelope, vault)
  const event = reader.read()
  if (event !== undefined) return { event }
  const { messageId } = call
  return {
    messageId: typeof messageId === 'string' ? messageId.slice(0, maxTextLength) : undefined,
    faults: reader.faults,
  }
}

class CallReader {
  readonly faults: FieldFault[] = []
  readonly #call: Readonly<Record<string, unknown>>
  readonly #envelope: Envelope
  readonly #vault: Vault
  #personalTraits: Record<string, unknown> | undefined

  constructor(call: Readonly<Record<string, unknown>>, envelope: Envelope, vault: Vault) {
    this.#call = call
    this.#envelope = envelope
    this.#vault = vault
  }

  read(): NewEvent | undefined {
    const type = this.#type()
    const messageId = this.#messageId()
    const userId = this.#id('userId')
    const anonymousId = this.#id('anonymousId')
    const name = type === 'track' ? this.#name('event', true) : this.#name('name', false)
    const occurredAtMs = this.#time()
    const context = this.#object('context') ?? (isObject(this.#envelope.context) ? this.#envelope.context : undefined)
    const traits = this.#traits(type, context)
    const properties = this.#properties(type, traits?.open)
    if (this.#call['userId'] == null && this.#call['anonymousId'] == null) {
      this.#fault('userId', undefined, 'must be given, or anonymousId')
    }
    if (this.faults.length > 0 || type === undefined) return undefined
    return {
      messageId,
      type,
      name,
      userId: userId ?? null,
      anonymousId: anonymousId ?? null,
      occurredAtMs,
      receivedAtMs: this.#envelope.receivedAtMs,
      properties: JSON.stringify(properties.open),
      context: openContext(context, type === 'identify' ? undefined : traits?.open),
      sealed: this.#sealed(messageId, traits?.personal, properties.personal),
    }
  }

  #type(): EventType | undefined {
    const { type } = this.#call
    const expected = this.#envelope.type
    if (expected !== undefined && (type === undefined || type === expected)) return expected
    if (expected !== undefined) {
      this.#fault('type', shown(type), `must be "${expected}", as the path says, or be left out`)
      return expected
    }
    if (typeof type === 'string' && types.includes(type)) return type as EventType
    this.#fault('type', shown(type), `must be one of ${types.join(', ')}`)
    return undefined
  }

  /** What makes sending it again safe. */
  #messageId(): string {
    const messageId = this.#text('messageId') ?? randomUUID()
    return mayHoldAddress(messageId) ? this.#hashed(messageId) : messageId
  }

  /** Of an event, page or screen: shown everywhere, so nothing personal may be in it. */
  #name(field: string, isRequired: boolean): string | null {
    const name = this.#text(field)
    if (name === undefined && isRequired && this.#call[field] == null) this.#fault(field, undefined, 'must be given')
    if (name !== undefined && mayHoldAddress(name)) this.#fault(field, undefined, 'must not hold an e-mail address')
    return name ?? null
  }

  #text(field: string): string | undefined {
    const value = this.#call[field]
    if (value == null) return undefined
    if (typeof value !== 'string') return this.#fault(field, kindOf(value), 'must be a text')
    if (value.trim() === '') return this.#fault(field, 'an empty text', 'must not be empty')
    if (value.length > maxTextLength) {
      return this.#fault(field, `a text of ${value.length} characters`, `must have at most ${maxTextLength}`)
    }
    const broken = textFault(value)
    return broken === undefined ? value : this.#fault(field, undefined, broken)
  }

  /** An id under which the shop knows somebody. Where shops use an e-mail address for it, only its keyed hash is kept. */
  #id(field: string): string | undefined {
    const id = this.#text(field)
    if (id === undefined) return undefined
    if (nobody.has(id.toLowerCase())) return this.#fault(field, shown(id), 'must name one person')
    const email = id.includes('@') ? normaliseEmail(id) : undefined
    if (email !== undefined && field === 'userId') this.#personalTraits = { email }
    if (email !== undefined) return `email:${this.#vault.lookupHash('email', email).toString('hex')}`
    return mayHoldAddress(id) ? this.#hashed(id) : id
  }

  #hashed(text: string): string {
    return `hashed:${this.#vault.lookupHash('email', text).toString('hex')}`
  }

  #requiredId(field: string): string | undefined {
    if (this.#call[field] == null) return this.#fault(field, undefined, 'must be given')
    return this.#id(field)
  }

  #time(): EpochMs {
    const { receivedAtMs } = this.#envelope
    const sentAtMs = this.#instant('sentAt', this.#call['sentAt'] ?? this.#envelope.sentAt)
    const timestampMs = this.#instant('timestamp', this.#call['originalTimestamp'] ?? this.#call['timestamp'])
    return eventTime(receivedAtMs, sentAtMs, timestampMs)
  }

  #instant(field: string, value: unknown): EpochMs | undefined {
    if (value == null) return undefined
    const instant = typeof value === 'string' ? parseInstant(value) : undefined
    if (instant === undefined)
      this.#fault(field, shown(value), 'must be an ISO 8601 instant, such as 2026-03-01T09:30:00Z')
    return instant
  }

  #object(field: string): Readonly<Record<string, unknown>> | undefined {
    const value = this.#call[field]
    if (value == null) return undefined
    return isObject(value) ? value : this.#fault(field, kindOf(value), 'must be an object')
  }

  /** What is said of the person: in `traits` of an identify, in `context.traits` of everything. */
  #traits(type: EventType | undefined, context: Readonly<Record<string, unknown>> | undefined): Split | undefined {
    const ofContext = isObject(context?.['traits']) ? context['traits'] : undefined
    const ofCall = type === 'identify' ? this.#object('traits') : undefined
    const root = ofCall === undefined ? 'context.traits' : 'traits'
    const given = ofCall !== undefined && ofContext !== undefined ? { ...ofContext, ...ofCall } : (ofCall ?? ofContext)
    return given === undefined ? undefined : this.#split(given, personalInTraits, root)
  }

  #properties(type: EventType | undefined, traits: Split['open'] | undefined): Pick<Split, 'open' | 'personal'> {
    if (type === 'identify') return { open: traits ?? {}, personal: undefined }
    if (type === 'alias') return { open: { previousId: this.#requiredId('previousId') }, personal: undefined }
    if (type === 'group') {
      const split = this.#split(this.#object('traits') ?? {}, personalInProperties, 'traits')
      return { open: { groupId: this.#requiredId('groupId'), traits: split.open }, personal: split.personal }
    }
    return this.#split(this.#object('properties') ?? {}, personalInProperties, 'properties')
  }

  #split(object: Readonly<Record<string, unknown>>, names: ReadonlySet<string>, root: string): Split {
    const split = splitPersonal(object, names, root)
    this.faults.push(...split.faults)
    return split
  }

  #sealed(messageId: string, traits: Split['personal'], properties: Split['personal']): Buffer | null {
    const ofPerson = this.#personalTraits === undefined ? traits : { ...this.#personalTraits, ...traits }
    if (ofPerson === undefined && properties === undefined) return null
    const part: SealedPart = {
      ...(ofPerson === undefined ? {} : { traits: ofPerson }),
      ...(properties === undefined ? {} : { properties }),
    }
    return this.#vault.sealForIntake(JSON.stringify(part), messageId)
  }

  #fault(field: string, value: string | undefined, rule: string): undefined {
    this.faults.push({ field, message: value === undefined ? rule : `${value} given, ${rule}` })
    return undefined
  }
}

function fault(field: string, value: unknown, rule: string): FieldFault {
  return { field, message: `${kindOf(value)} given, ${rule}` }
}

/** The value itself, shortened: for fields that hold nothing personal. */
function shown(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 60)
}

/** Names what a value is instead of repeating it. */
function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  const kinds: Readonly<Record<string, string>> = { object: 'an object', string: 'a text', undefined: 'nothing' }
  return kinds[typeof value] ?? `a ${typeof value}`
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
