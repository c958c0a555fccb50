/** What a page adds to the counters of what customers did on which day. */

import { dayMs } from '../domain/time.ts'
import type { Queryable } from '../store/database.ts'
import { addToEventDays, type EventDay } from '../store/event-days.ts'
import type { PlacedReading } from './page-identities.ts'

export function writeEventDays(client: Queryable, placed: readonly PlacedReading[]): Promise<void> {
  const byBucket = new Map<string, EventDay>()
  for (const { reading, customerId } of placed) {
    const { key: name, atMs } = reading
    if (name === undefined) continue
    const day = Math.floor(atMs / dayMs)
    const bucket = `${customerId} ${day} ${name}`
    const known = byBucket.get(bucket)
    byBucket.set(bucket, {
      customerId,
      name,
      day,
      count: (known?.count ?? 0) + 1,
      firstMs: Math.min(atMs, known?.firstMs ?? atMs),
      lastMs: Math.max(atMs, known?.lastMs ?? atMs),
    })
  }
  return addToEventDays(client, [...byBucket.values()])
}
