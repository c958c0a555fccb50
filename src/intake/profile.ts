/**
 * A customer's profile, folded from what events tell: pure. Each trait keeps the moment at which it was last said, so
 * the outcome does not depend on the order in which the events arrive; of two at the same moment the later arrival wins.
 */

import type { ConsentChannel } from '../domain/tracking.ts'
import { emailDomain, type PhoneNumber } from '../store/addresses.ts'
import type { Profile } from '../store/profiles.ts'
import type { ConsentStatus } from './consent-events.ts'
import type { IdentityClaim } from './identity-plan.ts'
import type { Reading } from './read-event.ts'

/** A word about messages, given at a moment. */
export interface ConsentWord {
  readonly channel: ConsentChannel
  readonly topic: string
  readonly status: ConsentStatus
  readonly atMs: number
  /** Which kind of call told it. */
  readonly source: string
  readonly method: string
  readonly words: string | null
  /** The ids under which it came. */
  readonly by: IdentityClaim
}

export interface FoldedProfile {
  readonly profile: Profile
  /** Impersonal traits that have another value now. */
  readonly changedTraits: ReadonlySet<string>
  readonly personalChanged: boolean
  readonly consents: readonly ConsentWord[]
  /** Something has to be saved. */
  readonly changed: boolean
}

/** @param readings about this customer, in the order in which they came. */
export function foldProfile(before: Profile, readings: readonly Reading[]): FoldedProfile {
  const fold = new Fold(before)
  for (const reading of readings) fold.take(reading)
  return fold.result()
}

class Fold {
  readonly #traits: Record<string, unknown>
  readonly #times: Record<string, string>
  readonly #personal: Record<string, unknown>
  readonly #columns: {
    timeZone: string | null
    locale: string | null
    country: string | null
    emailDomain: string | null
  }
  readonly #consents: ConsentWord[] = []
  readonly #changedTraits = new Set<string>()
  #personalChanged = false
  #timesChanged = false

  constructor(before: Profile) {
    this.#traits = { ...before.traits }
    this.#times = { ...before.traitTimes }
    this.#personal = { ...before.personal }
    const { timeZone, locale, country, emailDomain } = before
    this.#columns = { timeZone, locale, country, emailDomain }
  }

  take(reading: Reading): void {
    const { atMs } = reading
    for (const [name, value] of Object.entries(reading.traits)) {
      if (this.#isNews(name, atMs)) this.#setTrait(name, value)
    }
    for (const [name, value] of Object.entries(reading.personal)) {
      if (this.#isNews(name, atMs)) this.#setPersonal(name, value)
    }
    if (reading.email !== undefined && this.#isNews('email', atMs)) this.#setEmail(reading.email)
    if (reading.phone !== undefined && this.#isNews('phone', atMs)) this.#setPhone(reading.phone)
    this.#setColumn('timeZone', reading.timeZone, atMs)
    this.#setColumn('locale', reading.locale, atMs)
    this.#setColumn('country', reading.country, atMs)
    this.#takeConsents(reading)
  }

  result(): FoldedProfile {
    return {
      profile: { ...this.#columns, traits: this.#traits, traitTimes: this.#times, personal: this.#personal },
      changedTraits: this.#changedTraits,
      personalChanged: this.#personalChanged,
      consents: this.#consents,
      changed: this.#timesChanged || this.#changedTraits.size > 0 || this.#personalChanged,
    }
  }

  /** Whether something of that moment is newer than what is known; if so, the moment is noted. */
  #isNews(name: string, atMs: number): boolean {
    const known = this.#times[name]
    if (known !== undefined && Date.parse(known) > atMs) return false
    const time = new Date(atMs).toISOString()
    if (known !== time) {
      this.#times[name] = time
      this.#timesChanged = true
    }
    return true
  }

  /** What was sealed under this name before is not any more: the newer value holds nothing personal. */
  #setTrait(name: string, value: unknown): void {
    this.#setSealed(name, null)
    if (isSame(this.#traits[name], value)) return
    this.#changedTraits.add(name)
    if (value === null || value === undefined) delete this.#traits[name]
    else this.#traits[name] = value
  }

  #setPersonal(name: string, value: unknown): void {
    if (Object.hasOwn(this.#traits, name)) {
      this.#changedTraits.add(name)
      delete this.#traits[name]
    }
    this.#setSealed(name, value)
  }

  #setSealed(name: string, value: unknown): void {
    if (isSame(this.#personal[name], value)) return
    this.#personalChanged = true
    if (value === null || value === undefined) delete this.#personal[name]
    else this.#personal[name] = value
  }

  #setEmail(email: string | null): void {
    if (isSame(this.#personal['email'], email)) return
    this.#setPersonal('email', email)
    this.#columns.emailDomain = email === null ? null : emailDomain(email)
  }

  #setPhone(phone: PhoneNumber | null): void {
    const number = phone?.e164 ?? null
    if (isSame(this.#personal['phone'], number)) return
    this.#setPersonal('phone', number)
    // What the person says of where they live goes before what their number says.
    if (phone?.country !== undefined && this.#times['$country'] === undefined) this.#columns.country = phone.country
  }

  #setColumn(column: 'timeZone' | 'locale' | 'country', value: string | undefined, atMs: number): void {
    if (value !== undefined && this.#isNews(`$${column}`, atMs)) this.#columns[column] = value
  }

  #takeConsents({ atMs, consentTraits, consentAct, claim: by }: Reading): void {
    for (const { name, channel, topic, status } of consentTraits) {
      const isNews = this.#isNews(name, atMs)
      if (!isNews || this.#traits[name] === (status === 'granted')) continue
      this.#setTrait(name, status === 'granted')
      this.#consents.push({ channel, topic, status, atMs, source: 'identify', method: 'trait', words: null, by })
    }
    if (consentAct !== undefined) this.#consents.push({ ...consentAct, atMs, source: 'track', by })
  }
}

/** Traits are small JSON values: comparing their texts is exact enough, and a false "changed" only costs a write. */
function isSame(one: unknown, other: unknown): boolean {
  const [a, b] = [one ?? null, other ?? null]
  return a === b || (typeof a === 'object' && typeof b === 'object' && JSON.stringify(a) === JSON.stringify(b))
}
