/** What of a page customers' workflows should look at. */

import type { ConsentChannel } from '../domain/tracking.ts'
import type { Queryable } from '../store/database.ts'
import { insertContactNews, insertJoinedNews, insertNews, type NewNews } from '../store/news.ts'
import { isOrderEvent } from './order-events.ts'
import type { CustomerChanges } from './page-customers.ts'
import type { PagePeople, PlacedReading } from './page-identities.ts'

/** What decisions care about. */
export interface Interests {
  /** Names of events. */
  readonly events: ReadonlySet<string>
  /** Names of traits. */
  readonly traits: ReadonlySet<string>
  /** Whether a yes has to be confirmed before it counts. Default: never. */
  readonly needsConfirmation?: (channel: ConsentChannel, topic: string) => boolean
}

/** @returns whether there may be any. */
export async function writeNews(
  client: Queryable,
  { placed, plan }: PagePeople,
  changes: CustomerChanges,
  interests: Interests,
  nowMs: number,
): Promise<boolean> {
  const arrivals = [...changes.arrived].map((customerId): NewNews => ({ customerId, kind: 'arrived', atMs: nowMs }))
  const events = placed.flatMap((one) => eventNews(one, interests.events, nowMs))
  const merged = [...plan.merges].map(
    ([customerId, into]): NewNews => ({ customerId, kind: 'merged', detail: { into }, atMs: nowMs }),
  )
  const profiles = [...changes.traits]
    .filter(([, traits]) => [...traits].some((trait) => interests.traits.has(trait)))
    .map(([customerId]): NewNews => ({ customerId, kind: 'profile', atMs: nowMs }))
  const asked = [...changes.unconfirmed].map((customerId): NewNews => ({ customerId, kind: 'contact', atMs: nowMs }))
  const news = [...arrivals, ...events, ...profiles, ...merged, ...asked]
  await insertNews(client, news)
  // Who looks anyway sees the change of contact too.
  const told = new Set(news.map(({ customerId }) => customerId))
  const untold = [...changes.contact].filter((id) => !told.has(id))
  await insertContactNews(client, untold, nowMs)
  await insertJoinedNews(client, [...new Set(plan.merges.values())], nowMs)
  return news.length + untold.length > 0
}

/** Orders move the stage and make scores stale: they are always of interest. */
function eventNews({ reading, customerId }: PlacedReading, interesting: ReadonlySet<string>, nowMs: number): NewNews[] {
  const { name, eventId, receivedAtMs } = reading
  if (name === null || !(interesting.has(name) || isOrderEvent(name))) return []
  return [{ customerId, kind: 'event', eventId, eventReceivedMs: receivedAtMs, detail: { name }, atMs: nowMs }]
}
