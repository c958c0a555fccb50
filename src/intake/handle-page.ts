/**
 * A page of events, handled in one transaction: who did it, what changed, and the news that follows from it. Nothing of
 * a page is visible before all of it is, and a process that dies in the middle has done nothing.
 *
 * A dozen statements a page, however many events it has. Locks are taken in the same order everywhere: identities,
 * customers, products, orders.
 */

import type { IdentityPolicy } from '../domain/definitions.ts'
import { usualIdentity } from '../domain/identity-schema.ts'
import type { Database, Queryable } from '../store/database.ts'
import { markDirty } from '../store/dirty-customers.ts'
import { type HandledEvent, type SealedPart, settleEvents, type WaitingEvent } from '../store/events.ts'
import { attributeReferrals, type ComesWithCode } from '../store/referrals/attribute.ts'
import type { Vault } from '../store/vault.ts'
import { writeCustomers } from './page-customers.ts'
import { writeEventDays } from './page-event-days.ts'
import { type PagePeople, resolvePage } from './page-identities.ts'
import { type Interests, writeNews } from './page-news.ts'
import { writeOrders } from './page-orders.ts'
import { writeProducts } from './page-products.ts'
import { type AddressHash, type Reading, readEvent } from './read-event.ts'

export interface PageNeeds {
  readonly database: Database
  readonly vault: Vault
  /** What journeys and the lifecycle wait for, as of now. */
  readonly interests: () => Promise<Interests>
  readonly nowMs: () => number
  /** What tells people apart and joins them, as of now. Default: `usualIdentity`. */
  readonly identity?: () => Promise<IdentityPolicy>
  /** `false` for the past that is imported: what happened long ago is nothing to react to. Default: true. */
  readonly announce?: boolean
}

export interface PageResult {
  readonly handled: number
  /** How many of them could not be used, or not all of it. */
  readonly problems: number
  /** There is something that customers' workflows should look at. */
  readonly hasNews: boolean
  /** How many wait on, because somebody else is at work with their customers. */
  readonly left: number
}

/**
 * What to do where somebody else is at work with a customer of the page: wait for them; leave that customer's events for
 * later; or, for a page that has read in vain, wait for all pages like it before it reads, instead of once more for nothing.
 */
export type Meeting = 'wait' | 'leave' | 'queue'

const laneLock = 7_236_023

/**
 * @param claim takes the events: they are this page's until the transaction ends.
 * @throws OutOfDateError if somebody else was faster in a way that makes this page's reading wrong: try again.
 */
export async function handlePage(
  needs: PageNeeds,
  claim: (client: Queryable) => Promise<WaitingEvent[]>,
  meeting: Meeting = 'wait',
): Promise<PageResult> {
  // Before the transaction: it may need a connection of its own.
  const interests = await needs.interests()
  const identity = (await needs.identity?.()) ?? usualIdentity
  return needs.database.transaction(async (client) => {
    if (meeting === 'queue') await client.query('SELECT pg_advisory_xact_lock($1)', [laneLock])
    const events = await claim(client)
    if (events.length === 0) return { handled: 0, problems: 0, hasNews: false, left: 0 }
    const nowMs = needs.nowMs()
    const { readings, unreadable } = readAll(events, needs.vault)

    const people = await resolvePage(client, readings, identity, nowMs, meeting === 'leave')
    const changes = await writeCustomers(client, needs.vault, people, nowMs, interests.needsConfirmation)
    await writeEventDays(client, people.placed)
    await writeProducts(client, readings)
    const owners = await writeOrders(client, people, nowMs)
    if (needs.announce !== false) await attributeReferrals(client, comesWithCode(people), nowMs)
    await markDirty(client, touched(people, owners), needs.announce === false ? 'import' : 'intake')
    const hasNews = needs.announce !== false && (await writeNews(client, people, changes, interests, nowMs))

    const handled = [...people.placed.map(settled), ...unreadable]
    await settleEvents(client, handled, nowMs)
    const problems = handled.filter((event) => event.problem !== null).length
    return { handled: handled.length, problems, hasNews, left: events.length - handled.length }
  })
}

function comesWithCode({ placed }: PagePeople): ComesWithCode[] {
  return placed.flatMap(({ customerId, reading: { referralCode: code, atMs } }) =>
    code === undefined ? [] : [{ customerId, code, atMs }],
  )
}

/** Everybody of whom this page has changed anything, also who had an order that turned out another's. A merge marks both. */
function touched({ placed, plan }: PagePeople, ownersOfOrders: readonly string[]): string[] {
  const owners = ownersOfOrders.filter((id) => !plan.merges.has(id))
  return [...placed.map(({ customerId }) => customerId), ...owners]
}

function settled({ reading, customerId }: { readonly reading: Reading; readonly customerId: string }): HandledEvent {
  const { eventId: id, receivedAtMs, problem } = reading
  return { id, receivedAtMs, customerId, problem, keepSealed: false }
}

function readAll(
  events: readonly WaitingEvent[],
  vault: Vault,
): { readonly readings: readonly Reading[]; readonly unreadable: readonly HandledEvent[] } {
  const readings: Reading[] = []
  const unreadable: HandledEvent[] = []
  const hash: AddressHash = (kind, normalised) => vault.lookupHash(kind, normalised).toString('hex')
  for (const event of events) {
    const sealed = openSealed(event, vault)
    // Most likely another master key than the one it was sealed with. It stays, for whoever has the right one.
    if (sealed === undefined) {
      const { id, receivedAtMs } = event
      const problem = 'its personal part does not open'
      unreadable.push({ id, receivedAtMs, customerId: null, problem, keepSealed: true })
    } else {
      readings.push(readEvent(event, sealed, hash))
    }
  }
  return { readings, unreadable }
}

function openSealed({ sealed, messageId }: WaitingEvent, vault: Vault): SealedPart | undefined {
  if (sealed === null) return {}
  try {
    return JSON.parse(vault.openFromIntake(sealed, messageId)) as SealedPart
  } catch {
    return undefined
  }
}
