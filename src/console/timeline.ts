/** What happened to a customer, and what was decided for them, in plain words, newest first. */

import { explain, whyNot } from '../domain/explain.ts'
import type {
  CustomerDetails,
  DecisionDetails,
  EventDetails,
  MessageDetails,
  RunDetails,
} from '../store/customer-details.ts'

export interface TimelineEntry {
  /** ISO 8601. */
  readonly at: string
  readonly kind: 'event' | 'stage' | 'journey' | 'message' | 'decision'
  readonly text: string
  /** Why, where that is known. */
  readonly detail: string | null
}

const maxEntries = 300

export function timelineOf(customer: CustomerDetails): TimelineEntry[] {
  const moves = customer.moves.map(
    ({ from, to, at, reason }): TimelineEntry => ({
      at,
      kind: 'stage',
      text: from === null ? `Started in ${to}` : `Moved from ${from} to ${to}`,
      detail: reason,
    }),
  )
  const entries = [
    ...customer.events.map(eventEntry),
    ...moves,
    ...customer.runs.flatMap(runEntries),
    ...customer.messages.map(messageEntry),
    ...customer.decisions.flatMap(decisionEntry),
  ]
  return entries.sort((a, b) => Date.parse(b.at) - Date.parse(a.at)).slice(0, maxEntries)
}

function eventEntry({ type, name, occurredAt, problem }: EventDetails): TimelineEntry {
  const texts: Readonly<Record<string, string>> = {
    track: name ?? 'Something',
    identify: 'Told who they are',
    page: `Viewed the page ${name ?? ''}`.trim(),
    screen: `Viewed the screen ${name ?? ''}`.trim(),
    alias: 'Got another id',
    group: 'Joined a group',
  }
  return {
    at: occurredAt,
    kind: 'event',
    text: texts[type] ?? type,
    detail: problem === null ? null : `problem: ${problem}`,
  }
}

function runEntries({ journey, enteredAt, endedAt, endReason, entryNumber }: RunDetails): TimelineEntry[] {
  const again = entryNumber > 1 ? `, time ${entryNumber}` : ''
  const entered: TimelineEntry = {
    at: enteredAt,
    kind: 'journey',
    text: `Entered the journey ${journey}${again}`,
    detail: null,
  }
  if (endedAt === null) return [entered]
  return [entered, { at: endedAt, kind: 'journey', text: `Left the journey ${journey}`, detail: endReason }]
}

const channelNames: Readonly<Record<string, string>> = { email: 'E-mail', sms: 'SMS' }
const statusWords: Readonly<Record<string, string>> = {
  planned: 'is planned',
  claimed: 'is about to go out',
  transmitting: 'is going out',
  sent: 'was sent',
  failed: 'failed',
  refused: 'was not sent',
  in_doubt: 'may have been sent: nobody knows, so it is not sent again',
}

function messageEntry(message: MessageDetails): TimelineEntry {
  const { channel, journey, step, status, reason, sender, plannedAt, settledAt, deliveredAt } = message
  const what = `${channelNames[channel] ?? channel} ${journey} › ${step}`
  const how = deliveredAt === null ? (statusWords[status] ?? status) : 'was delivered'
  const facts = [
    ...(sender === null ? [] : [`under the identity ${sender}`]),
    ...(reason === null ? [] : [whyNot({ kind: 'message', rule: reason })]),
  ]
  const detail = facts.length === 0 ? null : facts.join('; ')
  return { at: deliveredAt ?? settledAt ?? plannedAt, kind: 'message', text: `${what} ${how}`, detail }
}

/** What was done shows by itself; what was not done shows only here. */
function decisionEntry({ at, ...decision }: DecisionDetails): TimelineEntry[] {
  // What was decided about a message on its way shows as the end of that message.
  if (decision.outcome === 'done' || decision.detail['messageId'] !== undefined) return []
  const [text = '', ...why] = explain(decision).split(': ')
  return [{ at, kind: 'decision', text, detail: why.join(': ') || null }]
}
