/** What a page of events changes about the customers themselves: profiles, addresses, consent, merges. */

import { v7 } from 'uuid'
import { insertConsents, type NewConsent } from '../store/consents.ts'
import { type CurrentAddress, setCurrentAddresses } from '../store/contact-points.ts'
import {
  type CustomerRow,
  createCustomers,
  insertCustomerKeys,
  noteSightings,
  updateCustomers,
} from '../store/customers.ts'
import type { Queryable } from '../store/database.ts'
import { identityKey } from '../store/identities.ts'
import { Keyring } from '../store/keyring.ts'
import { type LateWord, upholdLate } from '../store/late-words.ts'
import { changedAddresses, handOverAddresses } from '../store/merge-addresses.ts'
import type { Merge } from '../store/merge-records.ts'
import { forgetPersonal, moveBelongings } from '../store/merges.ts'
import { sealPersonalTraits } from '../store/personal-data.ts'
import { mergeProfiles, openProfile, type Profile } from '../store/profiles.ts'
import type { Vault } from '../store/vault.ts'
import type { PagePeople } from './page-identities.ts'
import type { Interests } from './page-news.ts'
import { type FoldedProfile, foldProfile } from './profile.ts'
import type { Reading } from './read-event.ts'

/** What happened to the customers of a page, as far as it makes news. */
export interface CustomerChanges {
  /** Whom the shop can name or reach from now on. */
  readonly arrived: ReadonlySet<string>
  /** Whose addresses or consent changed. */
  readonly contact: ReadonlySet<string>
  /** Who has said a yes that has to be confirmed. */
  readonly unconfirmed: ReadonlySet<string>
  /** Which impersonal traits of whom changed. */
  readonly traits: ReadonlyMap<string, ReadonlySet<string>>
}

/** One customer of the page. */
interface FoldedCustomer {
  readonly id: string
  readonly isNew: boolean
  readonly wasKnown: boolean
  /** The shop's id, if it was not known before. */
  readonly newExternalId: string | null
  /** As stored until now. */
  readonly before: Profile
  readonly fold: FoldedProfile
  readonly readings: readonly Reading[]
  readonly hasMerged: boolean
}

export async function writeCustomers(
  client: Queryable,
  vault: Vault,
  people: PagePeople,
  nowMs: number,
  needsConfirmation: Interests['needsConfirmation'] = () => false,
): Promise<CustomerChanges> {
  const merges = mergesOf(people, nowMs)
  await moveBelongings(client, merges, nowMs)

  const keyring = new Keyring(vault, people.locked)
  const customers = foldAll(people, vault, keyring)
  const addresses = customers.flatMap(({ id, before, fold }) =>
    changedAddresses(id, before, fold.profile, vault, keyring),
  )
  const toCreate = customers.filter(({ isNew }) => isNew).map((one) => toRow(one, vault, keyring))
  const toUpdate = customers.filter((one) => !one.isNew && isToUpdate(one)).map((one) => toRow(one, vault, keyring))
  const seenOnly = customers.filter((one) => !one.isNew && !isToUpdate(one))

  await createCustomers(client, toCreate, nowMs)
  await updateCustomers(client, toUpdate, nowMs)
  await noteSightings(client, seenOnly.map(sighting))
  await handOverAddresses(client, vault, keyring, merges)
  await insertCustomerKeys(client, keyring.added, nowMs)
  await setCurrentAddresses(client, addresses, nowMs)
  const words = customers.flatMap((one) => consents(one, needsConfirmation))
  await insertConsents(client, words)
  await upholdLate(client, customers.flatMap(withdrawals))
  await forgetPersonal(
    client,
    merges.map(({ from }) => from),
  )
  const unconfirmed = words.filter(({ status }) => status === 'pending').map(({ customerId }) => customerId)
  return { ...changesOf(customers, addresses), unconfirmed: new Set(unconfirmed) }
}

function mergesOf({ plan, placed }: PagePeople, nowMs: number): Merge[] {
  return [...plan.merges].map(([from, into]): Merge => {
    const cause = placed[plan.mergedBy.get(from) ?? -1]?.reading
    const [atMs, eventId] = [cause?.atMs ?? nowMs, cause?.eventId ?? null]
    return { id: v7({ msecs: nowMs }), from, into, atMs, eventId, operator: null }
  })
}

function foldAll(people: PagePeople, vault: Vault, keyring: Keyring): FoldedCustomer[] {
  const readings = Map.groupBy(people.placed, ({ customerId }) => customerId)
  const leaving = Map.groupBy(people.plan.merges, ([, into]) => into)
  return [...readings].map(([id, placed]) => {
    const locked = people.locked.get(id)
    const left = (leaving.get(id) ?? []).flatMap(([from]) => people.locked.get(from) ?? [])
    const before = openProfile(locked, vault, keyring)
    const merged = left.reduce((profile, other) => mergeProfiles(profile, openProfile(other, vault, keyring)), before)
    const own = placed.map(({ reading }) => reading)
    return {
      id,
      isNew: locked === undefined,
      wasKnown: [locked, ...left].some((customer) => customer?.isKnown === true),
      newExternalId: people.plan.created.get(id) ?? people.plan.named.get(id) ?? null,
      before,
      fold: foldProfile(merged, own),
      readings: own,
      hasMerged: left.length > 0,
    }
  })
}

function isToUpdate({ fold, newExternalId, hasMerged }: FoldedCustomer): boolean {
  return fold.changed || newExternalId !== null || hasMerged
}

function toRow(customer: FoldedCustomer, vault: Vault, keyring: Keyring): CustomerRow {
  const { id, fold, newExternalId, hasMerged } = customer
  const { traits, traitTimes, personal, timeZone, locale, country, emailDomain } = fold.profile
  const isToSeal = fold.personalChanged || (hasMerged && Object.keys(personal).length > 0)
  return {
    ...sighting(customer),
    externalId: newExternalId,
    traits,
    traitTimes,
    personal: isToSeal ? sealPersonalTraits(vault, keyring.own(id), id, personal) : null,
    timeZone,
    locale,
    country,
    emailDomain,
  }
}

function sighting({ id, readings }: FoldedCustomer): { id: string; firstSeenMs: number; lastSeenMs: number } {
  let [firstSeenMs, lastSeenMs] = [Number.POSITIVE_INFINITY, 0]
  for (const { atMs } of readings) {
    firstSeenMs = Math.min(firstSeenMs, atMs)
    lastSeenMs = Math.max(lastSeenMs, atMs)
  }
  return { id, firstSeenMs, lastSeenMs }
}

/** A yes that the shop tells us of is the person's own only once they confirm it, where the policy wants that. */
function consents(
  { id, fold }: FoldedCustomer,
  needsConfirmation: NonNullable<Interests['needsConfirmation']>,
): NewConsent[] {
  return fold.consents.map(({ channel, topic, status, atMs, source, method, words }) => ({
    customerId: id,
    channel,
    topic,
    status: status === 'granted' && needsConfirmation(channel, topic) ? 'pending' : status,
    atMs,
    source,
    method,
    words,
  }))
}

/** Words that end something, with the names under which they came. */
function withdrawals({ id, fold }: FoldedCustomer): LateWord[] {
  return fold.consents
    .filter(({ status }) => status === 'withdrawn')
    .map(({ channel, topic, atMs, by: { user, anonymous, addresses } }) => ({
      customerId: id,
      channel,
      topic,
      atMs,
      names: [user, anonymous, ...addresses].flatMap((one) => (one === undefined ? [] : [identityKey(one)])),
    }))
}

function changesOf(
  customers: readonly FoldedCustomer[],
  addresses: readonly CurrentAddress[],
): Omit<CustomerChanges, 'unconfirmed'> {
  const reachable = new Set(addresses.filter(({ address }) => address !== null).map(({ customerId }) => customerId))
  const isArriving = ({ id, wasKnown, newExternalId }: FoldedCustomer): boolean =>
    !wasKnown && (newExternalId !== null || reachable.has(id))
  const ids = (some: readonly FoldedCustomer[]): string[] => some.map(({ id }) => id)
  return {
    arrived: new Set(ids(customers.filter(isArriving))),
    contact: new Set([
      ...addresses.map(({ customerId }) => customerId),
      ...ids(customers.filter(({ fold }) => fold.consents.length > 0)),
    ]),
    traits: new Map(customers.map(({ id, fold }) => [id, fold.changedTraits])),
  }
}
