/** What is known of a customer as a person: traits, sealed and not, each with the moment at which it was last said. */

import { emailDomain } from './addresses.ts'
import type { Keyring } from './keyring.ts'
import { openPersonalTraits, type PersonalTraits } from './personal-data.ts'
import type { Vault } from './vault.ts'

export interface Profile {
  readonly traits: Readonly<Record<string, unknown>>
  /** When each trait was last said, ISO 8601. Names that start with `$` stand for the columns beside the traits. */
  readonly traitTimes: Readonly<Record<string, string>>
  readonly personal: PersonalTraits
  readonly timeZone: string | null
  readonly locale: string | null
  readonly country: string | null
  readonly emailDomain: string | null
}

export const emptyProfile: Profile = {
  traits: {},
  traitTimes: {},
  personal: {},
  timeZone: null,
  locale: null,
  country: null,
  emailDomain: null,
}

/** A profile as it is stored. */
export interface SealedProfile extends Omit<Profile, 'personal'> {
  readonly id: string
  /** Sealed. */
  readonly personal: Buffer | null
}

/** @throws RangeError if its personal part does not open: writing without it would lose it. */
export function openProfile(stored: SealedProfile | undefined, vault: Vault, keyring: Keyring): Profile {
  if (stored === undefined) return emptyProfile
  const { traits, traitTimes, timeZone, locale, country, emailDomain } = stored
  const personal = openPersonal(stored, vault, keyring)
  return { traits, traitTimes, personal, timeZone, locale, country, emailDomain }
}

function openPersonal({ id, personal }: SealedProfile, vault: Vault, keyring: Keyring): PersonalTraits {
  if (personal === null) return {}
  try {
    const key = keyring.existing(id)
    return key === undefined ? {} : openPersonalTraits(vault, key, id, personal)
  } catch (error) {
    throw new RangeError(`customer ${id}: the personal part does not open`, { cause: error })
  }
}

/**
 * One profile out of two that turned out to be one person's: of each trait the newer word. The columns beside the
 * traits follow the person who stays, and fill from the other.
 */
export function mergeProfiles(staying: Profile, leaving: Profile): Profile {
  const traits = { ...staying.traits }
  const personal = { ...staying.personal }
  const traitTimes = { ...staying.traitTimes }
  for (const [name, time] of Object.entries(leaving.traitTimes)) {
    const known = traitTimes[name]
    if (known !== undefined && known >= time) continue
    traitTimes[name] = time
    if (!name.startsWith('$')) {
      copyTrait(leaving.traits, traits, name)
      copyTrait(leaving.personal, personal, name)
    }
  }
  return {
    traits,
    personal,
    traitTimes,
    timeZone: staying.timeZone ?? leaving.timeZone,
    locale: staying.locale ?? leaving.locale,
    country: staying.country ?? leaving.country,
    emailDomain: domainOf(personal),
  }
}

/**
 * What is left of a joint profile without one of those who had joined: what they told last goes, and what the others had
 * told before comes back.
 *
 * @param leaving as they were when they joined.
 * @param others as they were before that; of each trait the newer word counts.
 */
export function splitProfile(joint: Profile, leaving: Profile, others: readonly Profile[]): Profile {
  const traits = { ...joint.traits }
  const personal = { ...joint.personal }
  const traitTimes = { ...joint.traitTimes }
  const columns = { timeZone: joint.timeZone, locale: joint.locale, country: joint.country }
  const before = others.reduce((one, other) => mergeProfiles(one, other), emptyProfile)
  for (const [name, time] of Object.entries(leaving.traitTimes)) {
    if (traitTimes[name] !== time || before.traitTimes[name] === time) continue
    if (before.traitTimes[name] === undefined) delete traitTimes[name]
    else traitTimes[name] = before.traitTimes[name]
    copyTrait(before.traits, traits, name)
    copyTrait(before.personal, personal, name)
  }
  for (const column of ['timeZone', 'locale', 'country'] as const) {
    // Not told since: then it was either theirs or had been the others' already.
    if (before[column] === null && columns[column] === leaving[column]) columns[column] = null
  }
  return { traits, personal, traitTimes, ...columns, emailDomain: domainOf(personal) }
}

function copyTrait(from: Readonly<Record<string, unknown>>, to: Record<string, unknown>, name: string): void {
  if (Object.hasOwn(from, name)) to[name] = from[name]
  else delete to[name]
}

function domainOf(personal: PersonalTraits): string | null {
  const email = personal['email']
  return typeof email === 'string' ? emailDomain(email) : null
}
