/** The witness's own account of what a customer said about messages, from what was said alone. */

import type { ContactPolicy } from '../domain/definitions.ts'
import type { Channel } from '../domain/snapshot.ts'
import { dayMs, type EpochMs } from '../domain/time.ts'
import type { Happening } from './happenings.ts'

interface Yes {
  readonly channel: Channel
  readonly topic: string
  readonly atMs: EpochMs
  isTakenBack: boolean
}

export class WordBook {
  readonly #policy: ContactPolicy
  /** The newest word that counts, by channel and topic: `email news`. */
  readonly #words = new Map<string, 'granted' | 'withdrawn'>()
  /** Yeses that had to be confirmed, in the order in which they were said: the first one is number 1. */
  readonly #toConfirm: Yes[] = []

  constructor(policy: ContactPolicy) {
    this.#policy = policy
  }

  note(happening: Happening, atMs: EpochMs): void {
    if (happening.type === 'confirmation') this.#confirm(happening.channel, happening.consents, atMs)
    if (happening.type !== 'consent') return
    const { channel, topic, status, isConfirmed } = happening
    if (status === 'granted' && isConfirmed !== true && this.#isDouble(channel, topic)) {
      this.#toConfirm.push({ channel, topic, atMs, isTakenBack: false })
      return
    }
    this.#words.set(`${channel} ${topic}`, status)
    if (status === 'granted') return
    for (const yes of this.#toConfirm)
      if (yes.channel === channel && (topic === '*' || yes.topic === topic)) yes.isTakenBack = true
  }

  /** A yes to one topic after a no to everything opens that topic and no other. */
  #confirm(channel: Channel, numbers: readonly number[], atMs: EpochMs): void {
    const confirmed = numbers.flatMap((number) => this.#toConfirm[number - 1] ?? [])
    const counting = confirmed.filter((yes) => !yes.isTakenBack && atMs - yes.atMs < 7 * dayMs)
    if (counting.length === 0) return
    if (this.#words.get(`${channel} *`) === 'withdrawn' && counting.every(({ topic }) => topic !== '*')) {
      this.#words.delete(`${channel} *`)
      for (const topic of Object.keys(this.#policy.topics)) this.#words.set(`${channel} ${topic}`, 'withdrawn')
    }
    for (const { topic } of counting) this.#words.set(`${channel} ${topic}`, 'granted')
  }

  /** Whether a marketing message may be sent. */
  allow(channel: Channel, topic: string): boolean {
    const [general, own] = [this.#words.get(`${channel} *`), this.#words.get(`${channel} ${topic}`)]
    if (general === 'withdrawn' || own === 'withdrawn') return false
    const ofChannel = this.#policy.channels[channel].consent
    const ofTopic = this.#policy.topics[topic]?.consent ?? 'implied'
    // A topic that wants a confirmed yes is not opened by a plain yes to everything.
    if (ofTopic === 'double' && ofChannel !== 'double') return own === 'granted'
    if (general === 'granted' || own === 'granted') return true
    return ofChannel === 'implied' && ofTopic === 'implied'
  }

  #isDouble(channel: Channel, topic: string): boolean {
    return this.#policy.channels[channel].consent === 'double' || this.#policy.topics[topic]?.consent === 'double'
  }
}
