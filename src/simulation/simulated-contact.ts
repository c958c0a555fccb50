/** Whether and about what a simulated customer may be written to, and which yeses wait to be confirmed. */

import { confirmWithinMs, needsConfirmation } from '../domain/consent-rule.ts'
import type { ContactPolicy } from '../domain/definitions.ts'
import type { Channel, ContactFacts, UnconfirmedConsent } from '../domain/snapshot.ts'
import type { EpochMs } from '../domain/time.ts'
import type { Happening } from './happenings.ts'

type Mutable<Facts> = { -readonly [Name in keyof Facts]: Facts[Name] }

interface Pending extends UnconfirmedConsent {
  readonly channel: Channel
  isAsked: boolean
}

export class SimulatedContact {
  readonly facts: Readonly<Record<Channel, Mutable<ContactFacts>>>
  #pending: Pending[] = []
  #lastId = 0

  constructor(reachable: Readonly<Record<Channel, boolean>>) {
    const contact = (isReachable: boolean): ContactFacts => ({ reachable: isReachable, suppressed: null, consents: {} })
    this.facts = { email: contact(reachable.email), sms: contact(reachable.sms) }
  }

  /** Something that counts at once: a no, a suppression, or a yes that was confirmed long ago. */
  remember(word: Extract<Happening, { type: 'consent' | 'suppression' }>): void {
    const contact = this.facts[word.channel]
    if (word.type === 'suppression') contact.suppressed = word.reason
    else {
      contact.consents = { ...contact.consents, [word.topic]: word.status }
      const isOver = ({ channel, topic }: Pending): boolean =>
        channel === word.channel && (topic === word.topic || (word.topic === '*' && word.status === 'withdrawn'))
      this.#keep((each) => !isOver(each))
    }
  }

  /** @returns whether somebody has to be asked to confirm it. */
  hear(word: Extract<Happening, { type: 'consent' | 'suppression' }>, policy: ContactPolicy, nowMs: EpochMs): boolean {
    if (
      word.type === 'suppression' ||
      word.status === 'withdrawn' ||
      word.isConfirmed === true ||
      !needsConfirmation(policy, word.channel, word.topic)
    ) {
      this.remember(word)
      return false
    }
    const { channel, topic } = word
    const { consents } = this.facts[channel]
    const id = ++this.#lastId
    if (consents[topic] === 'granted' && consents['*'] !== 'withdrawn') return false
    this.#pending = [
      ...this.#pending.filter((each) => each.channel !== channel || each.topic !== topic || each.isAsked),
      { id, channel, topic, givenMs: nowMs, isAsked: false },
    ]
    this.#publish(channel)
    return true
  }

  /** A message that asks for these is on its way. */
  ask(channel: Channel, ids: readonly number[]): void {
    for (const each of this.#pending) if (each.channel === channel && ids.includes(each.id)) each.isAsked = true
    this.#publish(channel)
  }

  /** Somebody followed the link of such a message. What is too old, or was taken back since, stays a no. */
  confirm(channel: Channel, ids: readonly number[], { topics }: ContactPolicy, nowMs: EpochMs): void {
    const isMeant = (each: Pending): boolean =>
      each.channel === channel && ids.includes(each.id) && nowMs < each.givenMs + confirmWithinMs
    const confirmed = this.#pending.filter(isMeant).map(({ topic }) => topic)
    if (confirmed.length === 0) return
    const contact = this.facts[channel]
    const { '*': toEverything, ...others } = contact.consents
    const granted = Object.fromEntries(confirmed.map((topic) => [topic, 'granted' as const]))
    // A general no that is lifted must not open what it closed.
    const closed =
      toEverything === 'withdrawn' && !confirmed.includes('*')
        ? Object.fromEntries(Object.keys(topics).map((topic) => [topic, 'withdrawn' as const]))
        : {}
    const general = toEverything === undefined || toEverything === 'withdrawn' ? {} : { '*': toEverything }
    contact.consents = { ...general, ...others, ...closed, ...granted }
    this.#keep((each) => !isMeant(each))
  }

  #keep(isKept: (each: Pending) => boolean): void {
    if (this.#pending.every(isKept)) return
    this.#pending = this.#pending.filter(isKept)
    this.#publish('email')
    this.#publish('sms')
  }

  /** Nobody is asked twice for the same yes. */
  #publish(channel: Channel): void {
    this.facts[channel].unconfirmed = this.#pending
      .filter((each) => each.channel === channel && !each.isAsked)
      .map(({ id, topic, givenMs }) => ({ id, topic, givenMs }))
  }
}
