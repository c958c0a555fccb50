/** Double opt-in: asks those who said yes to confirm it, in one message a channel, and no more often than is polite. */

import { confirmationJourney, confirmWithinMs } from '../consent-rule.ts'
import { mayContact } from '../contact-policy.ts'
import { earliest } from '../evaluate.ts'
import type { Channel, UnconfirmedConsent } from '../snapshot.ts'
import { dayMs, type EpochMs, minuteMs } from '../time.ts'
import type { Workspace } from './workspace.ts'

/** Between two such messages, whoever asked for them. */
export const shortestAskMs = 5 * minuteMs
/** On one channel within a day: a form that is filled in again and again must not become a weapon. */
export const mostAsksADay = 4

const channels: readonly Channel[] = ['email', 'sms']
const largestEntry = 2_147_483_647

export function askToConfirm(work: Workspace): void {
  for (const channel of channels) {
    const { unconfirmed } = work.snapshot.contact[channel]
    const template = work.definitions.policy.channels[channel].confirmation
    if (unconfirmed === undefined || template === null) continue
    const open = unconfirmed.filter(({ givenMs }) => work.nowMs < givenMs + confirmWithinMs)
    if (open.length > 0) ask(work, channel, template, open)
  }
}

function ask(work: Workspace, channel: Channel, template: string, open: readonly UnconfirmedConsent[]): void {
  const { snapshot, definitions, nowMs, identifiers } = work
  const askAtMs = nextAsk(work, channel)
  if (askAtMs > nowMs) {
    work.askAgainMs = earliest(work.askAgainMs, askAtMs)
    return
  }
  const topic = open[0]?.topic ?? '*'
  const verdict = mayContact(
    { channel, messageClass: 'transactional', topic, journey: confirmationJourney, journeyCaps: undefined },
    {
      customerId: snapshot.customer.id,
      timeZone: snapshot.customer.timeZone,
      contact: work.view.contact[channel],
      recentMessages: work.recentMessages,
    },
    definitions.policy,
    nowMs,
  )
  // Said once, by the news that brought the yes. In the quiet hours the ledger holds it back by itself.
  if (!verdict.allowed && verdict.notBeforeMs === null) {
    if (snapshot.news.length > 0) record(work, channel, 'refused', verdict.rule)
    return
  }
  const ids = open.map(({ id }) => id).sort((a, b) => a - b)
  work.messages.push({
    id: identifiers.id(`message:${confirmationJourney}:${channel}:${ids.join('-')}`),
    journey: confirmationJourney,
    version: definitions.policy.version,
    step: `confirm-${channel}`,
    entryNumber: (ids.at(-1) ?? 0) % largestEntry,
    visit: 0,
    channel,
    messageClass: 'transactional',
    topic,
    template,
    couponId: null,
    data: { consents: ids.map(String), topics: open.map((one) => topicName(work, one.topic)) },
    expiresAtMs: Math.min(...open.map(({ givenMs }) => givenMs)) + confirmWithinMs,
  })
  work.recentMessages = [
    ...work.recentMessages,
    { channel, journey: confirmationJourney, messageClass: 'transactional', atMs: nowMs },
  ]
  record(work, channel, 'done', 'planned')
}

function nextAsk({ recentMessages, nowMs }: Workspace, channel: Channel): EpochMs {
  const asked = recentMessages
    .filter((one) => one.journey === confirmationJourney && one.channel === channel && one.atMs > nowMs - dayMs)
    .map(({ atMs }) => atMs)
    .sort((a, b) => b - a)
  const [last] = asked
  const oldest = asked[mostAsksADay - 1]
  return Math.max(last === undefined ? nowMs : last + shortestAskMs, oldest === undefined ? nowMs : oldest + dayMs)
}

function topicName({ definitions }: Workspace, topic: string): string {
  const { topics } = definitions.policy
  return Object.hasOwn(topics, topic) ? (topics[topic]?.name ?? topic) : 'everything'
}

function record(
  { records, definitions }: Workspace,
  channel: Channel,
  outcome: 'done' | 'refused',
  rule: string,
): void {
  records.push({
    kind: 'message',
    journey: confirmationJourney,
    version: definitions.policy.version,
    step: `confirm-${channel}`,
    entryNumber: null,
    outcome,
    rule,
    detail: { channel },
  })
}
