/**
 * Who did it? Ties the ids that events carry to customers: pure, over a page of events at once, in the order in which
 * they came.
 *
 * The rules, from the strongest sign to the weakest:
 *
 * - `userId` names a customer. An address or a browser that nobody with another `userId` owns joins them, with
 *   everything that was known of it so far.
 * - Without `userId`, an address that the event gives as the person's own goes before the browser that it came from:
 *   browsers are shared.
 * - `alias` says in so many words that two ids are one person.
 * - Two customers with different `userId`s stay two, also if they share a browser or an address.
 */

import { type IdentifiedCustomer, type Identity, identityKey, type NewIdentity } from '../store/identities.ts'

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
}

/**
 * @param known who is known already, by `identityKey`.
 * @param newId makes the id of a customer to create.
 */
export function planIdentities(
  claims: readonly IdentityClaim[],
  known: ReadonlyMap<string, IdentifiedCustomer>,
  newId: () => string,
): IdentityPlan {
  const plan = new Planning(known, newId)
  const chosen = claims.map((claim) => plan.place(claim))
  return plan.conclude(chosen)
}

interface Person {
  readonly id: string
  readonly isNew: boolean
  /** As stored before this page. */
  readonly storedExternalId: string | null
  externalId: string | null
  mergedInto: Person | undefined
}

class Planning {
  readonly #newId: () => string
  readonly #people = new Map<string, Person>()
  readonly #owners = new Map<string, Person>()
  readonly #added = new Map<string, Identity>()

  constructor(known: ReadonlyMap<string, IdentifiedCustomer>, newId: () => string) {
    this.#newId = newId
    for (const [key, customer] of known) this.#owners.set(key, this.#existing(customer))
  }

  place(claim: IdentityClaim): Person {
    const byUser = this.#owner(claim.user)
    const byAddress = claim.addresses.flatMap((address) => this.#owner(address) ?? [])
    const byBrowser = this.#owner(claim.anonymous)
    const before = claim.previous.flatMap((identity) => this.#owner(identity) ?? [])
    const others = claim.user === undefined ? [...byAddress, byBrowser] : [byBrowser, ...byAddress]
    const mayJoin = others.filter((person) => person !== undefined)

    const person =
      claim.user === undefined
        ? (mayJoin[0] ?? before[0] ?? this.#create())
        : (byUser ?? mayJoin.find((one) => one.externalId === null) ?? before[0] ?? this.#create())
    if (claim.user !== undefined) person.externalId ??= claim.user.value
    // Whoever has a name of their own already stays who they are, unless an alias says otherwise.
    for (const other of mayJoin) if (other.externalId === null) merge(other, person)
    for (const other of before) merge(other, person)

    for (const identity of identitiesOf(claim)) this.#own(identity, final(person))
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
      })),
      named: new Map(
        lasting.flatMap((one) =>
          !one.isNew && one.storedExternalId === null && one.externalId !== null ? [[one.id, one.externalId]] : [],
        ),
      ),
      merges: new Map(
        people.flatMap((one) => (one.mergedInto !== undefined && !one.isNew ? [[one.id, final(one).id]] : [])),
      ),
    }
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

  /** An identity stays with whom it was first seen. */
  #own(identity: Identity, person: Person): void {
    const key = identityKey(identity)
    if (this.#owners.has(key)) return
    this.#owners.set(key, person)
    this.#added.set(key, identity)
  }

  #existing({ id, externalId }: IdentifiedCustomer): Person {
    const person = this.#people.get(id)
    if (person !== undefined) return person
    return this.#add({ id, isNew: false, storedExternalId: externalId, externalId, mergedInto: undefined })
  }

  #create(): Person {
    return this.#add({
      id: this.#newId(),
      isNew: true,
      storedExternalId: null,
      externalId: null,
      mergedInto: undefined,
    })
  }

  #add(person: Person): Person {
    this.#people.set(person.id, person)
    return person
  }
}

function identitiesOf({ user, anonymous, addresses, previous }: IdentityClaim): Identity[] {
  return [...(user ? [user] : []), ...(anonymous ? [anonymous] : []), ...addresses, ...previous]
}

/** Joins two people. Who has the longer standing in the database stays, so that as little as possible has to move. */
function merge(one: Person, other: Person): void {
  const [source, target] = [final(one), final(other)]
  if (source === target) return
  const [leaving, staying] = standing(source) > standing(target) ? [target, source] : [source, target]
  leaving.mergedInto = staying
  staying.externalId ??= leaving.externalId
}

function standing(person: Person): number {
  if (person.storedExternalId !== null) return 2
  return person.isNew ? 0 : 1
}

function final(person: Person): Person {
  let last = person
  while (last.mergedInto !== undefined) last = last.mergedInto
  return last
}
