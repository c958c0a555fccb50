/** Which consent a message needs, and when a yes has to be confirmed: the stricter of what channel and topic ask for. */

import type { ConsentRule, ContactPolicy } from './definitions.ts'
import type { Channel } from './snapshot.ts'
import { dayMs } from './time.ts'
import { type ConsentChannel, trackingChannel } from './tracking.ts'

/** In the ledger, the journey of messages that ask to confirm a yes. No marketer can call one so. */
export const confirmationJourney = 'system:double-opt-in'

/** How long a yes waits to be confirmed. */
export const confirmWithinMs = 7 * dayMs

const strictness: Readonly<Record<ConsentRule, number>> = { implied: 0, express: 1, double: 2 }

export function ruleFor({ channels, topics }: ContactPolicy, channel: Channel, topic: string): ConsentRule {
  const ofChannel = channels[channel].consent
  const ofTopic = Object.hasOwn(topics, topic) ? (topics[topic]?.consent ?? ofChannel) : ofChannel
  return strictness[ofTopic] > strictness[ofChannel] ? ofTopic : ofChannel
}

/** Whether a yes to a topic (`*`: to everything) counts only once it is confirmed. */
export function needsConfirmation(policy: ContactPolicy, channel: ConsentChannel, topic: string): boolean {
  return channel !== trackingChannel && ruleFor(policy, channel, topic) === 'double'
}
