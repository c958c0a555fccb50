/**
 * Sending through one server: as many conversations as it may have, two messages in hand on each, and a queue in which
 * what a person waits for comes before what many get.
 */

import { Conversation, type Patience, type SmtpMail, usualPatience } from './conversation.ts'
import type { SmtpServer } from './server-url.ts'
import { openSession, SessionError } from './session.ts'
import type { SmtpOutcome } from './verdict.ts'

/** `first`: before everything that is `bulk`. */
export type Lane = 'first' | 'bulk'

export interface SmtpSender {
  /** Sends it, or says why not. Never throws for what happens on the wire. */
  send(mail: SmtpMail, lane?: Lane): Promise<SmtpOutcome>
  close(): void
}

interface Waiting {
  readonly mail: SmtpMail
  readonly end: (outcome: SmtpOutcome) => void
  readonly sinceMs: number
  /** Conversations that broke before they took it. */
  breaks: number
}

/** A conversation may end at any message, so another one is tried; not for ever, for that may be the message's doing. */
const mostBreaks = 5

/** After a session that did not come about, while others are there. */
const pauseMs = 1_000

/** Who has waited so long for a conversation is told to come another time. */
const queueMs = 20_000

/** How often it is looked who that is: a timer for each message would cost more than putting it in the queue. */
const lookMs = 500

/** No attempt takes longer than this, whatever the server does. */
export const smtpDeadlineMs = queueMs + lookMs + usualPatience.messageMs

export function createSmtpSender(server: SmtpServer, patience: Patience = usualPatience): SmtpSender {
  return new Sender(server, patience)
}

class Sender implements SmtpSender {
  readonly #server: SmtpServer
  readonly #patience: Patience
  readonly #queues: Readonly<Record<Lane, Waiting[]>> = { first: [], bulk: [] }
  readonly #conversations = new Set<Conversation>()
  /** They finish what they have in hand, and get nothing more. */
  readonly #retired = new Set<Conversation>()
  #lookout: NodeJS.Timeout | undefined
  #opening = 0
  #notBefore = 0
  /** Conversations in a row that ended before the server had taken anything. */
  #barren = 0
  #isClosed = false

  constructor(server: SmtpServer, patience: Patience) {
    this.#server = server
    this.#patience = patience
  }

  send(mail: SmtpMail, lane: Lane = 'first'): Promise<SmtpOutcome> {
    return new Promise((end) => {
      const waiting: Waiting = { mail, end, sinceMs: performance.now(), breaks: 0 }
      if (this.#isClosed) return end(closed)
      this.#wait(waiting, lane, 'last')
      this.#dispatch()
    })
  }

  close(): void {
    this.#isClosed = true
    for (const conversation of [...this.#conversations, ...this.#retired]) conversation.close()
    this.#refuseAll(closed)
  }

  #wait(waiting: Waiting, lane: Lane, place: 'first' | 'last'): void {
    const queue = this.#queues[lane]
    if (place === 'first') queue.unshift(waiting)
    else queue.push(waiting)
    this.#lookout ??= setInterval(() => this.#tellWhoWaitedTooLong(), lookMs)
  }

  #tellWhoWaitedTooLong(): void {
    const since = performance.now() - queueMs
    for (const queue of Object.values(this.#queues)) {
      // Those who were put first again are not in order.
      const late = queue.filter(({ sinceMs }) => sinceMs <= since)
      if (late.length === 0) continue
      queue.splice(0, queue.length, ...queue.filter(({ sinceMs }) => sinceMs > since))
      for (const { end } of late) end(tooBusy)
    }
    this.#restIfEmpty()
  }

  #restIfEmpty(): void {
    if (this.#queues.first.length + this.#queues.bulk.length > 0) return
    clearInterval(this.#lookout)
    this.#lookout = undefined
  }

  #dispatch(): void {
    for (;;) {
      const queued = this.#queues.first.length + this.#queues.bulk.length
      if (queued === 0) return
      const free = this.#freest()
      // Before a second message is put on a busy conversation, another one is opened, and waited for: whoever is behind
      // a message that the server is slow to answer waits as long.
      if (free?.inHand !== 0 && this.#mayOpen()) void this.#open()
      else if (free && (free.inHand === 0 || queued > this.#opening)) this.#hand(free)
      else return
    }
  }

  #mayOpen(): boolean {
    const { size } = this.#conversations
    const isWanted = this.#opening < this.#queues.first.length + this.#queues.bulk.length
    const isPatient = performance.now() >= this.#notBefore || size + this.#opening === 0
    return isWanted && isPatient && size + this.#opening < this.#server.connections
  }

  #freest(): Conversation | undefined {
    let best: Conversation | undefined
    for (const each of this.#conversations) {
      if (each.hasRoom && (best === undefined || each.inHand < best.inHand)) best = each
      if (best?.inHand === 0) break
    }
    return best
  }

  #hand(conversation: Conversation): void {
    const lane = this.#queues.first.length > 0 ? 'first' : 'bulk'
    const waiting = this.#queues[lane].shift()
    if (!waiting) return
    void this.#sendOn(conversation, waiting, lane)
    if (conversation.messages >= this.#server.messagesPerConnection) {
      this.#conversations.delete(conversation)
      this.#retired.add(conversation)
    }
  }

  async #sendOn(conversation: Conversation, waiting: Waiting, lane: Lane): Promise<void> {
    const outcome = await conversation.send(waiting.mail)
    if (!this.#isWorthAnother(waiting, outcome)) return waiting.end(outcome)
    this.#wait(waiting, lane, 'first')
    this.#dispatch()
  }

  #isWorthAnother(waiting: Waiting, { about, result, isBystander = false }: SmtpOutcome): boolean {
    if (about !== 'connection' || result.status !== 'retry' || this.#isClosed) return false
    if (!isBystander) waiting.breaks++
    // A server that breaks off every conversation is not asked by everybody.
    const isFruitful = this.#barren < this.#server.connections + mostBreaks
    return isFruitful && waiting.breaks < mostBreaks && performance.now() - waiting.sinceMs < queueMs
  }

  async #open(): Promise<void> {
    this.#opening++
    try {
      const session = await openSession(this.#server, this.#patience.sessionMs)
      const conversation: Conversation = new Conversation(session, this.#patience, () => this.#onFree(conversation))
      if (this.#isClosed) conversation.close()
      else this.#conversations.add(conversation)
    } catch (error) {
      if (!(error instanceof SessionError)) throw error
      this.#notBefore = performance.now() + pauseMs
      // Whoever has conversations goes on with them: the server may only not want more of them.
      if (this.#conversations.size === 0 && this.#opening === 1) this.#refuseAll(error.outcome)
    } finally {
      this.#opening--
    }
    this.#dispatch()
  }

  #onFree(conversation: Conversation): void {
    if (conversation.isOver) {
      this.#conversations.delete(conversation)
      this.#retired.delete(conversation)
      this.#barren = conversation.taken > 0 ? 0 : this.#barren + 1
    } else if (this.#retired.has(conversation) && conversation.inHand === 0) {
      conversation.close()
    }
    this.#dispatch()
  }

  #refuseAll(outcome: SmtpOutcome): void {
    for (const queue of Object.values(this.#queues)) {
      for (const { end } of queue.splice(0)) end(outcome)
    }
    this.#restIfEmpty()
  }
}

const closed: SmtpOutcome = { result: { status: 'retry', reason: 'smtp closed' }, about: 'server' }
const tooBusy: SmtpOutcome = { result: { status: 'retry', reason: 'smtp too busy' }, about: 'server' }
