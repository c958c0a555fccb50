/** The messages of one simulated customer, as the ledger would hold them. */

import type { PlannedMessage } from '../domain/decision.ts'
import type { RecentMessageFacts } from '../domain/snapshot.ts'
import { dayMs, type EpochMs } from '../domain/time.ts'

const recentMs = 30 * dayMs

/** A message in the ledger. */
export interface SimulatedMessage extends PlannedMessage {
  readonly customerId: string
  readonly plannedAtMs: EpochMs
  status: 'planned' | 'sent' | 'refused'
  /** Why it was refused. */
  reason: string | null
  sentAtMs: EpochMs | null
  /** Postponed at the last check. */
  notBeforeMs: EpochMs | null
}

export class SimulatedLedger {
  readonly #customerId: string
  /** Planned, and neither sent nor refused. */
  readonly open: SimulatedMessage[] = []
  #messages: SimulatedMessage[] = []

  constructor(customerId: string) {
    this.#customerId = customerId
  }

  /** @returns them as rows of the ledger. */
  plan(messages: readonly PlannedMessage[], nowMs: EpochMs): readonly SimulatedMessage[] {
    const planned = messages.map(
      (message): SimulatedMessage => ({
        ...message,
        customerId: this.#customerId,
        plannedAtMs: nowMs,
        status: 'planned',
        reason: null,
        sentAtMs: null,
        notBeforeMs: null,
      }),
    )
    this.#messages.push(...planned)
    this.open.push(...planned)
    return planned
  }

  recent(nowMs: EpochMs, except?: SimulatedMessage): RecentMessageFacts[] {
    const sinceMs = nowMs - recentMs
    const atMsOf = (message: SimulatedMessage): EpochMs => message.sentAtMs ?? message.plannedAtMs
    if (this.#messages.some((message) => atMsOf(message) <= sinceMs))
      this.#messages = this.#messages.filter((message) => atMsOf(message) > sinceMs || message.status === 'planned')
    return this.#messages
      .filter((message) => message.status !== 'refused' && message !== except)
      .map((message) => ({
        channel: message.channel,
        journey: message.journey,
        messageClass: message.messageClass,
        atMs: atMsOf(message),
      }))
  }

  settle(message: SimulatedMessage, status: 'sent' | 'refused', reason: string | null, nowMs: EpochMs): void {
    message.status = status
    message.reason = reason
    if (status === 'sent') message.sentAtMs = nowMs
    const place = this.open.indexOf(message)
    if (place !== -1) this.open.splice(place, 1)
  }

  /** Who has just bought is not reminded to: what a run had planned and nobody has begun to send is taken back. */
  withdraw(run: { journey: string; entryNumber: number; endReason: string | null }, nowMs: EpochMs): void {
    const ofRun = this.open.filter(
      ({ journey, entryNumber }) => journey === run.journey && entryNumber === run.entryNumber,
    )
    for (const message of ofRun) {
      if (message.messageClass === 'marketing') this.settle(message, 'refused', `run ended: ${run.endReason}`, nowMs)
    }
  }
}

/** The yeses that a message asks to confirm. */
export function consentsIn({ consents }: PlannedMessage['data']): readonly number[] {
  return Array.isArray(consents) ? consents.map(Number) : []
}
