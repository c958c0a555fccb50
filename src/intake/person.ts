/** Somebody while a page of events is being read: a customer who exists, or one to be. */

import type { IdentitySign } from '../domain/definitions.ts'

export interface Person {
  readonly id: string
  readonly isNew: boolean
  /** As stored before this page. */
  readonly storedExternalId: string | null
  readonly storedSigns: ReadonlySet<IdentitySign>
  externalId: string | null
  /** Of which kinds they have identities that are theirs alone. */
  readonly signs: Set<IdentitySign>
  /** The ids of all that have become one here. */
  readonly members: string[]
  mergedInto: Person | undefined
}

/** Who a person has become. */
export function final(person: Person): Person {
  let last = person
  while (last.mergedInto !== undefined) last = last.mergedInto
  return last
}

/** One text for two customers, whichever is named first. */
export function pairKey(one: string, other: string): string {
  return one < other ? `${one} ${other}` : `${other} ${one}`
}

/**
 * Joins two people. Who is better known in the database stays, so that the ids that others remember keep meaning
 * somebody, and as little as possible has to move.
 *
 * @param signs the strongest first.
 * @returns who leaves; undefined if they are one already.
 */
export function merge(one: Person, other: Person, signs: readonly IdentitySign[]): Person | undefined {
  const [source, target] = [final(one), final(other)]
  if (source === target) return undefined
  const [leaving, staying] = staysBefore(source, target, signs) ? [target, source] : [source, target]
  leaving.mergedInto = staying
  staying.externalId ??= leaving.externalId
  for (const sign of leaving.signs) staying.signs.add(sign)
  staying.members.push(...leaving.members)
  return leaving
}

/** Customers who exist and have become part of another one: from → into. */
export function mergedPersons(people: readonly Person[]): Map<string, string> {
  return new Map(people.flatMap((one) => (one.mergedInto !== undefined && !one.isNew ? [[one.id, final(one).id]] : [])))
}

function staysBefore(one: Person, other: Person, signs: readonly IdentitySign[]): boolean {
  if (one.isNew || other.isNew) return !one.isNew && other.isNew
  const [rankOfOne, rankOfOther] = [rank(one, signs), rank(other, signs)]
  // Ids are made in the order of time: the older customer stays.
  return rankOfOne === rankOfOther ? one.id < other.id : rankOfOne < rankOfOther
}

function rank({ storedExternalId, storedSigns }: Person, signs: readonly IdentitySign[]): number {
  if (storedExternalId !== null) return 0
  const best = signs.findIndex((sign) => sign !== 'user' && storedSigns.has(sign))
  return best === -1 ? signs.length : best
}
