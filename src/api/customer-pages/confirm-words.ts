import type { ContactPolicy } from '../../domain/definitions.ts'
import type { Channel } from '../../domain/snapshot.ts'
import { channelNames } from './preference-page.ts'

/** What is confirmed, as it stands on the page and in the record. */
export function wordsFor({ topics }: ContactPolicy, channel: Channel, topic: string, brand: string): string {
  const what = topic === '*' ? 'everything' : (topics[topic]?.name ?? topic)
  return `${channelNames[channel]} from ${brand}: ${what}`
}
