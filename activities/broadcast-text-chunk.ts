/**
 * One chunk of a broadcast by text message, committed as `transmitting`. Each is a request of its own, and a provider
 * answers slowly: they go side by side, and how they ended is written down as it becomes known, some at a time. Nobody can
 * take a request back or repeat it without a risk, so what a sender leaves behind who dies should be little.
 */

import { setTimeout } from 'node:timers/promises'
import type { Sms } from '../src/channels/sms/sms-channel.ts'
import type { DeliveryResult } from '../src/domain/delivery.ts'
import type { BulkLedger, BulkSettlement } from '../src/store/broadcasts/bulk-ledger.ts'
import type { BulkMessage } from '../src/store/broadcasts/bulk-page.ts'
import { type Composer, type ComposingNeeds, composeOrRelease } from './broadcast-composing.ts'
import { brokenMessage, type ChunkCounts, type Later, patiently, retryOf, settlementOf } from './broadcast-endings.ts'
import type { Answer, ProviderPace } from './provider-pace.ts'

export interface TextChunkNeeds extends ComposingNeeds {
  readonly ledger: BulkLedger
  readonly texts: Composer<Sms> & {
    readonly send: (sms: Sms) => Promise<DeliveryResult>
    readonly pace: ProviderPace
  }
}

/** Nothing of a chunk is begun after so long: it was checked for quiet hours when it was committed. */
export const beginWithinMs = 10_000

const isBusy = 'postponed: the provider takes nothing for a moment'

/** @throws if composing fails or the database is away: the messages are then in doubt, although none may have left. */
export async function sendTextChunk(messages: readonly BulkMessage[], needs: TextChunkNeeds): Promise<ChunkCounts> {
  const { clock, texts } = needs
  const composed = await composeOrRelease(messages, texts, needs)
  const writer = new EndingWriter(needs)
  const untilMs = performance.now() + beginWithinMs
  let retried = 0
  const comeBack = (message: BulkMessage, reason: string): void => {
    retried++
    const restMs = Math.max(1_000, texts.pace.restMs(performance.now()))
    writer.postpone({ id: message.id, notBeforeMs: clock.nowMs() + restMs * clock.speed, reason })
  }
  await Promise.all(
    composed.map(async ({ message, mail }) => {
      if ('broken' in mail) return writer.settle(brokenMessage(message, mail, 'sms', clock))
      const result = await texts.pace.ask(untilMs, () => texts.send(mail), answerOf)
      if (result === undefined) return comeBack(message, isBusy)
      if (result.status !== 'retry') return writer.settle(settlementOf(message, result, 'sms', clock))
      if (result.takesNothing !== undefined) return comeBack(message, result.reason)
      retried++
      writer.postpone(retryOf(message, result.reason, clock))
    }),
  )
  await writer.end()
  return { ...writer.counts, retried }
}

function answerOf(result: DeliveryResult): Answer {
  return (result.status === 'retry' ? result.takesNothing : undefined) ?? 'taken'
}

/** What ends within so long is written by one statement. */
const gatherMs = 50

class EndingWriter {
  readonly counts = { sent: 0, failed: 0, inDoubt: 0 }
  readonly #needs: TextChunkNeeds
  #settlements: BulkSettlement[] = []
  #later: Later[] = []
  #writing: Promise<void> | undefined
  #failure: unknown

  constructor(needs: TextChunkNeeds) {
    this.#needs = needs
  }

  settle(settlement: BulkSettlement): void {
    if (settlement.status === 'sent') this.counts.sent++
    if (settlement.status === 'failed') this.counts.failed++
    if (settlement.status === 'in_doubt') this.counts.inDoubt++
    this.#settlements.push(settlement)
    this.#begin()
  }

  postpone(later: Later): void {
    this.#later.push(later)
    this.#begin()
  }

  /** @throws if something could not be written down. */
  async end(): Promise<void> {
    while (this.#settlements.length + this.#later.length > 0 && this.#failure === undefined) {
      this.#begin()
      await this.#writing
    }
    await this.#writing
    if (this.#failure !== undefined) throw this.#failure
  }

  #begin(): void {
    this.#writing ??= this.#writeAll()
      .catch((error: unknown) => {
        this.#failure = error
      })
      .finally(() => {
        this.#writing = undefined
      })
  }

  async #writeAll(): Promise<void> {
    const { ledger, holder, sender, clock } = this.#needs
    while (this.#settlements.length + this.#later.length > 0) {
      await setTimeout(gatherMs)
      const settlements = this.#settlements.splice(0)
      const later = this.#later.splice(0)
      await patiently(() => ledger.settle(holder, settlements, clock.nowMs()))
      await patiently(() => ledger.release(holder, later, sender))
    }
  }
}
