/**
 * Who did it? Ties the ids that events carry to customers: pure, over a page of events at once, in the order in which
 * they came.
 *
 * The shop says which signs tell who somebody is, and which is stronger; usually `userId`, e-mail address, phone number,
 * browser. Then:
 *
 * - The strongest sign that is known says who it was. Weaker ones that nobody owns become theirs.
 * - A sign joins two customers unless a stronger one tells them apart: both have one, and not the same. So two customers
 *   with different `userId`s stay two whatever they share, and two who gave different e-mail addresses from one browser
 *   stay two as well.
 * - A browser that turns out to be shared joins nobody any more. What is done there without a name belongs to a nameless
 *   customer of its own, and never to somebody who merely used it before.
 * - `alias` says in so many words that two ids are one person: it joins whatever their addresses are, but not two whom
 *   the shop knows by different `userId`s. Browser libraries send it for whoever sits there next. That is a person's
 *   decision.
 * - Whom an operator has taken apart is never joined again.
 */

import type { IdentityPolicy } from '../domain/definitions.ts'
import {
  type IdentifiedCustomer,
  type Identity,
  identityKey,
  type NewIdentity,
  type SharedIdentity,
} from '../store/identities.ts'
import { final, merge, mergedPersons, type Person, pairKey } from './person.ts'

/** The ids that one event carries. */
export interface IdentityClaim {
  readonly user?: Identity
  readonly anonymous?: Identity
  /** The person's own addresses. */
  readonly addresses: readonly Identity[]
  /** From `alias`: other ids of the same person. */
  readonly previous: readonly Identity[]
}

export interface IdentityPlan {
  /** The customer of each claim, by its position. */
  readonly customerIds: readonly string[]
  /** Customers to create, with the shop's id if it is known. */
  readonly created: ReadonlyMap<string, string | null>
  readonly newIdentities: readonly NewIdentity[]
  /** Customers who exist and get the shop's id now. */
  readonly named: ReadonlyMap<string, string>
  /** Customers who exist and turn out to be part of another one: from → into. */
  readonly merges: ReadonlyMap<string, string>
  /** Which claim showed it, by the customer who leaves. */
  readonly mergedBy: ReadonlyMap<string, number>
  /** Identities, known before, that turn out to be shared; with whose they become, if they change hands. */
  readonly shared: readonly SharedIdentity[]
  /** Claims whose `alias` was not heeded. */
  readonly refused: ReadonlySet<number>
}

export interface IdentityRules {
  readonly policy: Pick<IdentityPolicy, 'identifyBy'>
  /** Customers who must not be joined, by `pairKey`. */
  readonly apart: ReadonlySet<string>
}

/**
 * @param known who is known already, by `identityKey`.
 * @param newId makes the id of a customer to create.
 */
export function planIdentities(
  claims: readonly IdentityClaim[],
  known: ReadonlyMap<string, IdentifiedCustomer>,
  newId: () => string,
  rules: IdentityRules,
): IdentityPlan {
  const plan = new Planning(known, newId, rules)
  const chosen = claims.map((claim, index) => plan.place(claim, index))
  return plan.conclude(chosen)
}

/** Who one claim turns out to be about, as far as it has been read. */
interface Search {
  readonly index: number
  person: Person | undefined
  /** What the claim itself says, from the strongest sign down to the one at hand. */
  readonly told: Set<Identity['kind']>
  /** What must not become this person's. */
  readonly foreign: Set<string>
}

class Planning {
  readonly #newId: () => string
  readonly #signs: IdentityRules['policy']['identifyBy']
  readonly #apart: ReadonlySet<string>
  readonly #people = new Map<string, Person>()
  readonly #owners = new Map<string, Person>()
  readonly #storedOwners = new Map<string, string>()
  readonly #added = new Map<string, Identity>()
  readonly #shared = new Map<string, Identity>()
  readonly #newlyShared = new Set<string>()
  readonly #mergedBy = new Map<string, number>()
  readonly #refused = new Set<number>()

  constructor(known: ReadonlyMap<string, IdentifiedCustomer>, newId: () => string, { policy, apart }: IdentityRules) {
    this.#newId = newId
    this.#signs = policy.identifyBy
    this.#apart = apart
    for (const [key, customer] of known) {
      this.#owners.set(key, this.#existing(customer))
      this.#storedOwners.set(key, customer.id)
      if (customer.shared) this.#shared.set(key, toIdentity(key))
    }
  }

  place(claim: IdentityClaim, index: number): Person {
    const search: Search = { index, person: this.#owner(claim.user), told: new Set(), foreign: new Set() }
    if (claim.user !== undefined) search.told.add('user')
    const weaker = this.#weakerSigns(claim)
    // Said in so many words is stronger than any address; but without a user, whose other id is it?
    if (claim.user !== undefined) this.#followAlias(claim, search)
    for (const identity of weaker) this.#follow(identity, search)
    if (claim.user === undefined) this.#followAlias(claim, search)

    const person = final(search.person ?? this.#nameless(claim) ?? this.#create())
    if (claim.user !== undefined) {
      person.externalId ??= claim.user.value
      person.signs.add('user')
    }
    const own = [...(claim.user === undefined ? [] : [claim.user]), ...claim.previous, ...weaker]
    for (const identity of own) if (!search.foreign.has(identityKey(identity))) this.#own(identity, person)
    // Where a browser says nothing, it still has a place to put what was done there without a name.
    if (own.length === 0 && claim.anonymous !== undefined) this.#own(claim.anonymous, person)
    return final(person)
  }

  conclude(chosen: readonly Person[]): IdentityPlan {
    const people = [...this.#people.values()]
    const lasting = people.filter((person) => person.mergedInto === undefined)
    return {
      customerIds: chosen.map((person) => final(person).id),
      created: new Map(lasting.filter((one) => one.isNew).map((one) => [one.id, one.externalId])),
      newIdentities: [...this.#added].map(([key, { kind, value }]) => ({
        kind,
        value,
        customerId: this.#ownerId(key),
        shared: this.#shared.has(key),
      })),
      named: new Map(
        lasting.flatMap((one) =>
          !one.isNew && one.storedExternalId === null && one.externalId !== null ? [[one.id, one.externalId]] : [],
        ),
      ),
      merges: mergedPersons(people),
      mergedBy: this.#mergedBy,
      shared: [...this.#newlyShared].flatMap((key) => this.#sharedIdentity(key)),
      refused: this.#refused,
    }
  }

  /** The signs below `userId` that the shop heeds, the strongest first. Of the browser only if it says who it is. */
  #weakerSigns({ addresses, anonymous }: IdentityClaim): Identity[] {
    return this.#signs.flatMap((sign) => {
      if (sign !== 'anonymous') return addresses.filter(({ kind }) => kind === sign)
      return anonymous === undefined || this.#shared.has(identityKey(anonymous)) ? [] : [anonymous]
    })
  }

  #followAlias({ previous }: IdentityClaim, search: Search): void {
    for (const identity of previous) {
      const owner = this.#owner(identity)
      if (owner === undefined || owner === search.person) continue
      const person = search.person
      if (person === undefined) search.person = owner
      else if ((person.externalId !== null && owner.externalId !== null) || this.#areApart(person, owner)) {
        this.#refused.add(search.index)
        for (const each of previous) search.foreign.add(identityKey(each))
      } else this.#join(person, owner, search)
    }
  }

  #follow(identity: Identity, search: Search): void {
    const owner = this.#owner(identity)
    if (owner !== undefined && owner !== search.person) {
      if (this.#isSomebodyElse(owner, identity, search)) this.#keepApart(identity, search)
      else if (search.person === undefined) search.person = owner
      else this.#join(search.person, owner, search)
    }
    search.told.add(identity.kind)
  }

  /** Whether a sign that is stronger than the one they share tells them apart. */
  #isSomebodyElse(owner: Person, { kind }: Identity, { person, told }: Search): boolean {
    if (person !== undefined && this.#areApart(person, owner)) return true
    const stronger = this.#signs.slice(0, this.#signs.indexOf(kind))
    return stronger.some((sign) => owner.signs.has(sign) && (told.has(sign) || person?.signs.has(sign) === true))
  }

  #keepApart(identity: Identity, search: Search): void {
    const key = identityKey(identity)
    search.foreign.add(key)
    if (identity.kind !== 'anonymous' || this.#shared.has(key)) return
    this.#shared.set(key, identity)
    if (!this.#added.has(key)) this.#newlyShared.add(key)
  }

  #areApart(one: Person, other: Person): boolean {
    if (this.#apart.size === 0) return false
    return one.members.some((a) => other.members.some((b) => this.#apart.has(pairKey(a, b))))
  }

  #join(person: Person, other: Person, search: Search): void {
    const leaving = merge(other, person, this.#signs)
    if (leaving === undefined) return
    this.#mergedBy.set(leaving.id, search.index)
    search.person = final(person)
  }

  /** Who stands for what is done without a name in a browser that tells nobody from anybody. */
  #nameless({ user, addresses, anonymous }: IdentityClaim): Person | undefined {
    if (user !== undefined || anonymous === undefined) return undefined
    if (addresses.some(({ kind }) => this.#signs.includes(kind))) return undefined
    const key = identityKey(anonymous)
    const owner = this.#owner(anonymous)
    if (owner === undefined || ![...owner.signs].some((sign) => sign !== 'anonymous')) return owner
    const nameless = this.#create()
    this.#owners.set(key, nameless)
    this.#shared.set(key, anonymous)
    if (!this.#added.has(key)) this.#newlyShared.add(key)
    return nameless
  }

  #owner(identity: Identity | undefined): Person | undefined {
    const person = identity === undefined ? undefined : this.#owners.get(identityKey(identity))
    return person === undefined ? undefined : final(person)
  }

  #ownerId(key: string): string {
    const person = this.#owners.get(key)
    if (person === undefined) throw new Error('An identity was added without an owner.')
    return final(person).id
  }

  #sharedIdentity(key: string): SharedIdentity[] {
    const [identity, ownerId] = [this.#shared.get(key), this.#storedOwners.get(key)]
    if (identity === undefined || ownerId === undefined) return []
    return [{ ...identity, ownerId, newOwnerId: this.#ownerId(key) }]
  }

  /** An identity stays with whom it was first seen. */
  #own(identity: Identity, person: Person): void {
    const key = identityKey(identity)
    if (this.#owners.has(key)) return
    this.#owners.set(key, person)
    this.#added.set(key, identity)
    if (identity.kind !== 'user') person.signs.add(identity.kind)
  }

  #existing({ id, externalId, signs }: IdentifiedCustomer): Person {
    const person = this.#people.get(id)
    if (person !== undefined) return person
    return this.#add({
      id,
      isNew: false,
      storedExternalId: externalId,
      storedSigns: new Set(signs),
      externalId,
      signs: new Set(externalId === null ? signs.filter((sign) => sign !== 'user') : [...signs, 'user']),
      members: [id],
      mergedInto: undefined,
    })
  }

  #create(): Person {
    const id = this.#newId()
    return this.#add({
      id,
      isNew: true,
      storedExternalId: null,
      storedSigns: new Set(),
      externalId: null,
      signs: new Set(),
      members: [id],
      mergedInto: undefined,
    })
  }

  #add(person: Person): Person {
    this.#people.set(person.id, person)
    return person
  }
}

function toIdentity(key: string): Identity {
  const at = key.indexOf(':')
  return { kind: key.slice(0, at) as Identity['kind'], value: key.slice(at + 1) }
}
