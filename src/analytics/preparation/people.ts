/** Records of one person under different spellings, found by normalised name, address and phone. */

import { createDisjointSets } from '../core/disjoint-sets.ts'
import { type Duplicates, duplicatesOf } from './duplicates.ts'

/** What a record says of a person; what it does not know is null. */
export interface PersonRecord {
  readonly name: string | null
  readonly address: string | null
  readonly phone: string | null
}

export interface PeopleOptions {
  /** Digits that a national number begins with abroad ('44'), so that 020… and +44 20… are the same; none unless given. */
  readonly callingCode?: string
}

export interface SamePeople extends Duplicates {
  /** How many links between records rested on name and address, and how many on name and phone. */
  readonly links: { readonly nameAndAddress: number; readonly nameAndPhone: number }
}

/**
 * Finds records of the same person: those of one name that also share an address or a phone, and those that hang together
 * by others in between. A name alone is no proof, nor is an address or a phone, which families share.
 */
export function samePeople(people: readonly PersonRecord[], { callingCode = '' }: PeopleOptions = {}): SamePeople {
  const sets = createDisjointSets(people.length)
  const link = (keyOf: (person: PersonRecord) => string | null): number => {
    const firstWith = new Map<string, number>()
    let links = 0
    people.forEach((person, row) => {
      const key = keyOf(person)
      if (key === null) return
      const first = firstWith.get(key)
      if (first === undefined) firstWith.set(key, row)
      else {
        sets.unite(first, row)
        links++
      }
    })
    return links
  }
  const nameAndAddress = link(({ name, address }) => joint(normalName(name ?? ''), normalAddress(address ?? '')))
  const nameAndPhone = link(({ name, phone }) => joint(normalName(name ?? ''), normalPhone(phone ?? '', callingCode)))
  const groups = Map.groupBy(people.keys(), (row) => sets.find(row))
  return { ...duplicatesOf(groups.values()), links: { nameAndAddress, nameAndPhone } }
}

/** Both parts in one key, or null where one is not known. */
function joint(first: string, second: string): string | null {
  return first === '' || second === '' ? null : `${first}\n${second}`
}

/** The words of a name in lower case, without accents and punctuation, in order of the alphabet: "Smith, J." = "j smith". */
export function normalName(name: string): string {
  return wordsOf(name).sort().join(' ')
}

/** The words of an address in lower case, without accents and punctuation, common abbreviations written out. */
export function normalAddress(address: string): string {
  return wordsOf(address)
    .map((word) => abbreviations.get(word) ?? word)
    .join(' ')
}

/**
 * The digits of a phone number as they are dialled from abroad. A leading 0 of a national number gives way to the calling
 * code, if there is one.
 */
export function normalPhone(phone: string, callingCode = ''): string {
  const dialled = phone.normalize('NFKC').replaceAll('(0)', '')
  const digits = dialled.replaceAll(/\D/g, '')
  if (dialled.trimStart().startsWith('+')) return digits
  if (digits.startsWith('00')) return digits.slice(2)
  return callingCode !== '' && digits.startsWith('0') ? callingCode + digits.slice(1) : digits
}

function wordsOf(text: string): string[] {
  const plain = text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase()
  // Apostrophes go without a gap (O'Neil is one word); ß and its like have no accent to lose.
  return [
    ...plain
      .replaceAll('ß', 'ss')
      .replaceAll(/['’`]/g, '')
      .matchAll(/[\p{L}\p{N}]+/gu),
  ].map(([word]) => word)
}

const abbreviations: ReadonlyMap<string, string> = new Map(
  Object.entries({
    apt: 'apartment',
    ave: 'avenue',
    blvd: 'boulevard',
    ct: 'court',
    dr: 'drive',
    flt: 'flat',
    ln: 'lane',
    pl: 'place',
    rd: 'road',
    sq: 'square',
    st: 'street',
    str: 'strasse',
    ter: 'terrace',
  }),
)
