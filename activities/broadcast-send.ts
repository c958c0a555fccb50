/**
 * Sending a broadcast for some seconds. Chunks overlap: while one is on the wire, the next one is checked and committed
 * as `transmitting`, and the one after is composed. Of a worker that dies, what was `transmitting` is in doubt, and
 * whoever comes next goes on behind it.
 */

import { setTimeout } from 'node:timers/promises'
import { activityInfo, Context } from '@temporalio/activity'
import type { Clock } from '../src/clock.ts'
import { warmUpLimit } from '../src/domain/broadcast.ts'
import type { Definitions } from '../src/domain/definitions.ts'
import { type SenderUse, usualSenderUse } from '../src/domain/mail-sender.ts'
import type { Channel } from '../src/domain/snapshot.ts'
import type { EpochMs } from '../src/domain/time.ts'
import { measuringOf } from '../src/domain/tracking.ts'
import type { Broadcast } from '../src/store/broadcasts/broadcasts.ts'
import type { BulkLedger } from '../src/store/broadcasts/bulk-ledger.ts'
import type { BulkContext, BulkPage, FreshRecipients } from '../src/store/broadcasts/bulk-page.ts'
import type { Holder } from '../src/store/ledger-types.ts'
import { type ChunkNeeds, sendChunk } from './broadcast-chunk.ts'
import type { ChunkCounts } from './broadcast-endings.ts'
import { DomainPace, Pace } from './broadcast-pace.ts'
import { beginWithinMs, sendTextChunk, type TextChunkNeeds } from './broadcast-text-chunk.ts'
import type { BroadcastPage, BroadcastPageRequest, BroadcastSendActivities } from './broadcast-types.ts'
import { heartbeatMs } from './deliver.ts'

type PageNeeds = 'holder' | 'domains' | 'measuring' | 'sender'

export interface BroadcastSendNeeds extends Omit<ChunkNeeds, PageNeeds>, Omit<TextChunkNeeds, PageNeeds> {
  readonly broadcasts: { find(id: string): Promise<Broadcast | undefined> }
  readonly ledger: BulkLedger
  readonly definitions: { get(): Promise<Definitions> }
  readonly clock: Clock
  /** Under which identity marketing mail on a topic leaves. */
  readonly senderFor: (topic: string, nowMs: EpochMs) => SenderUse
  /** Real milliseconds within which one attempt has ended, whatever happens. */
  readonly sendDeadlineMs: Readonly<Record<Channel, number>>
  /** Messages that are committed and sent together. Default: 250 mails, 50 text messages. */
  readonly chunkSize?: number
}

/** After so much time no further chunk is begun: a pause is to be felt soon. */
const longestPageMs = 10_000
/** A text message in doubt may have been paid for, so that less of them is on the wire at once. */
const usualChunkSize: Readonly<Record<Channel, number>> = { email: 250, sms: 50 }
const chunksAtOnce = 4

/** Composing and writing down, beyond the sending. */
const leaseMarginMs = 40_000

/** So often it is looked whether the moment of somebody who had to wait has come. */
const dueEveryMs = 500

/** What comes due so soon is waited for here. */
const shortWaitMs = 1_500

/** After a chunk of which the server took nothing. */
const serverAwayMs = 3_000

/** By broadcast: pages follow each other, and a domain's rate is not to begin anew with each. */
const domainPaces = new Map<string, DomainPace>()

export function createBroadcastSendActivities(needs: BroadcastSendNeeds): BroadcastSendActivities {
  return {
    async sendBroadcastPage(request) {
      const heartbeat = setInterval(() => Context.current().heartbeat(), heartbeatMs)
      try {
        const broadcast = await needs.broadcasts.find(request.broadcastId)
        if (broadcast === undefined) throw new Error('the broadcast is gone')
        return await new PageSender(needs, broadcast, request, holder()).run()
      } finally {
        clearInterval(heartbeat)
      }
    },
  }
}

/** One page at a time of a broadcast: its attempts may take over from each other at once. */
function holder(): Holder {
  const { workflowExecution, activityId, attempt } = activityInfo()
  const { workflowId = 'none', runId = '' } = workflowExecution ?? {}
  return { owner: workflowId, attempt: `${runId}/${activityId}/${attempt}` }
}

interface Chunk {
  readonly page: BulkPage
  readonly sender: SenderUse
  /** These have waited for their moment. */
  readonly isBack: boolean
}

/** Checks a chunk and commits it as `transmitting`. */
type Ticket = () => Promise<Chunk>

class PageSender {
  readonly #needs: BroadcastSendNeeds
  readonly #broadcast: Broadcast
  readonly #holder: Holder
  readonly #pace: Pace
  readonly #domains: DomainPace
  readonly #startedAt = performance.now()
  readonly #counts = { sent: 0, failed: 0, refused: 0, inDoubt: 0 }
  #last: number
  #end: FreshRecipients['end']
  #dueLookedAt = 0
  #isServerAway = false
  /** How many more may leave today by its own plan; undefined: no limit. */
  #left: number | undefined
  #dayEndsMs = 0
  /** The day's share has left: nothing more does before this moment. */
  #heldUntilMs: number | undefined
  #turn: Promise<unknown> = Promise.resolve()

  constructor(needs: BroadcastSendNeeds, broadcast: Broadcast, request: BroadcastPageRequest, owner: Holder) {
    this.#needs = needs
    this.#broadcast = broadcast
    this.#holder = owner
    this.#last = request.after
    this.#pace = new Pace(request.perSecond, performance.now())
    const domains = domainPaces.get(broadcast.id) ?? new DomainPace(broadcast.definition.perSecondByDomain)
    domainPaces.set(broadcast.id, domains)
    this.#domains = domains
  }

  async run(): Promise<BroadcastPage> {
    const { ledger, clock } = this.#needs
    this.#counts.inDoubt += await ledger.doubtLost(this.#broadcast.id, this.#holder, clock.nowMs())
    await this.#readWarmUp()
    // All of them come to an end, also if one fails: what is on the wire is written down.
    const lanes = await Promise.allSettled(Array.from({ length: chunksAtOnce }, () => this.#sendChunks()))
    const failure = lanes.find((lane) => lane.status === 'rejected')
    if (failure) throw failure.reason
    return this.#result()
  }

  async #readWarmUp(): Promise<void> {
    const { definition, startedAt, id } = this.#broadcast
    const nowMs = this.#needs.clock.nowMs()
    const day = warmUpLimit(definition.warmUp, startedAt?.getTime() ?? nowMs, nowMs)
    if (day === undefined) return
    this.#left = day.most - (await this.#needs.ledger.countSince(id, day.sinceMs))
    this.#dayEndsMs = day.untilMs
  }

  async #sendChunks(): Promise<void> {
    for (;;) {
      const ticket = await this.#next()
      if (ticket === undefined) return
      const chunk = await ticket()
      this.#counts.refused += chunk.page.refused
      if (chunk.page.messages.length === 0) continue
      const { sent, failed, inDoubt, retried } = await this.#send(chunk)
      this.#counts.sent += sent
      this.#counts.failed += failed
      this.#counts.inDoubt += inDoubt
      if (retried > 0 && sent + failed + inDoubt === 0) this.#isServerAway = true
    }
  }

  async #send({ page: { messages }, isBack, sender }: Chunk): Promise<ChunkCounts> {
    const { policy } = await this.#needs.definitions.get()
    const { channel, topic } = this.#broadcast.definition
    const measuring = measuringOf(policy, topic, 'marketing')
    const needs = { ...this.#needs, holder: this.#holder, domains: this.#domains, sender, measuring }
    return channel === 'sms' ? sendTextChunk(messages, needs) : sendChunk(messages, isBack, needs)
  }

  /** One at a time: chunks follow each other in the audience. */
  #next(): Promise<Ticket | undefined> {
    const next = this.#turn.then(() => this.#claim())
    this.#turn = next.catch(() => undefined)
    return next
  }

  async #claim(): Promise<Ticket | undefined> {
    while (!this.#isOver()) {
      const { left, untilMs } = await this.#places()
      const size = Math.min(this.#needs.chunkSize ?? usualChunkSize[this.#channel], this.#pace.burst, left)
      if (size <= 0) {
        this.#heldUntilMs = untilMs
        return undefined
      }
      const due = await this.#claimDue(size)
      const ticket = due === undefined ? await this.#readFresh(size) : async () => due
      if (ticket === undefined) {
        if (!(await this.#mayWait())) return undefined
        continue
      }
      // Without a limit several chunks are checked and committed at once; with one, who comes next depends on the one before.
      if (left === Number.POSITIVE_INFINITY && this.#pace.burst === Number.POSITIVE_INFINITY) return ticket
      const chunk = await ticket()
      const count = chunk.page.messages.length
      if (this.#left !== undefined) this.#left -= count
      if (count > 0) await sleep(this.#pace.book(count, performance.now()))
      return async () => chunk
    }
    return undefined
  }

  /** How many more may leave today, by its own plan and by that of the identity that it leaves under. */
  async #places(): Promise<{ readonly left: number; readonly untilMs: EpochMs }> {
    const own = { left: this.#left ?? Number.POSITIVE_INFINITY, untilMs: this.#dayEndsMs }
    const { definition, startedAt } = this.#broadcast
    const nowMs = this.#needs.clock.nowMs()
    const sender = this.#senderAt(nowMs)
    const expiresMs = (startedAt?.getTime() ?? nowMs) + definition.expiresAfterMs
    // What is stale is refused, and needs no place.
    if (sender.day === undefined || expiresMs <= nowMs) return own
    const left = await this.#needs.ledger.placesLeft(sender)
    return left < own.left ? { left, untilMs: Math.min(sender.day.untilMs, expiresMs) } : own
  }

  async #claimDue(size: number): Promise<Chunk | undefined> {
    const now = performance.now()
    if (now - this.#dueLookedAt < dueEveryMs && this.#end === undefined) return undefined
    const context = await this.#context()
    const page = await this.#needs.ledger.claimDue(context, size)
    const isEmpty = page.messages.length + page.refused + page.postponed === 0
    if (isEmpty) this.#dueLookedAt = now // As long as there are some, they come first.
    return isEmpty ? undefined : { page, sender: context.sender, isBack: true }
  }

  async #readFresh(size: number): Promise<Ticket | undefined> {
    if (this.#end !== undefined) return undefined
    const context = await this.#context()
    const { recipients, last, end } = await this.#needs.ledger.readFresh(context, this.#last, size)
    this.#last = last ?? this.#last
    this.#end = end
    if (last === undefined) return undefined
    const { sender } = context
    return async () => ({ page: await this.#needs.ledger.planFresh(context, recipients), sender, isBack: false })
  }

  async #context(): Promise<BulkContext> {
    const { definitions, clock, sendDeadlineMs } = this.#needs
    const { policy } = await definitions.get()
    const leaseMs = beginWithinMs + sendDeadlineMs[this.#channel] + leaseMarginMs
    const nowMs = clock.nowMs()
    const sender = this.#senderAt(nowMs)
    return { broadcast: this.#broadcast, policy, holder: this.#holder, nowMs, leaseMs, sender }
  }

  /** Nothing can be claimed now; waits if that changes within a moment. */
  async #mayWait(): Promise<boolean> {
    const dueMs = await this.#needs.ledger.nextDue(this.#broadcast.id, 'planned')
    if (dueMs === undefined) return false
    const waitMs = this.#needs.clock.realMsUntil(dueMs)
    if (waitMs > shortWaitMs) return false
    await sleep(Math.max(10, waitMs))
    return true
  }

  get #channel(): Channel {
    return this.#broadcast.definition.channel
  }

  /** Identities are those of mail. */
  #senderAt(nowMs: EpochMs): SenderUse {
    const { channel, topic } = this.#broadcast.definition
    return channel === 'email' ? this.#needs.senderFor(topic, nowMs) : usualSenderUse
  }

  /** How long the provider wants to be left alone. */
  #restMs(): number {
    return this.#channel === 'sms' ? this.#needs.texts.pace.restMs(performance.now()) : 0
  }

  #isOver(): boolean {
    if (this.#isServerAway || this.#restMs() > 0 || Context.current().cancellationSignal.aborted) return true
    return performance.now() - this.#startedAt > longestPageMs
  }

  async #result(): Promise<BroadcastPage> {
    const { ledger, clock } = this.#needs
    const dueMs = await ledger.nextDue(this.#broadcast.id)
    const isDone = this.#end === 'audience' && dueMs === undefined
    if (isDone) domainPaces.delete(this.#broadcast.id)
    const moments = [
      ...(dueMs === undefined ? [] : [clock.realMsUntil(dueMs)]),
      ...(typeof this.#end === 'object' ? [clock.realMsUntil(this.#end.untilMs)] : []),
    ]
    const waitMs =
      this.#heldUntilMs !== undefined
        ? clock.realMsUntil(this.#heldUntilMs)
        : this.#isServerAway || this.#restMs() > 0
          ? this.#restMs() || serverAwayMs
          : this.#end === undefined || isDone
            ? 0
            : Math.min(...moments, Number.MAX_SAFE_INTEGER)
    return { last: this.#last, ...this.#counts, isDone, needsWinner: this.#end === 'winner', waitMs }
  }
}

/** Not ended by a cancellation: what has been committed as \`transmitting\` is sent. */
async function sleep(ms: number): Promise<void> {
  if (ms > 0) await setTimeout(ms)
}
