/**
 * What holds for every life. The rules of contact are checked here by other means than the product's: consent and caps
 * by counting over the whole life, quiet hours by Temporal itself.
 */

import fc from 'fast-check'
import { Temporal } from 'temporal-polyfill'
import { describe, expect, test } from 'vitest'
import { decide } from '../../src/domain/decide.ts'
import type { Decision } from '../../src/domain/decision.ts'
import type { Definitions, FrequencyCaps } from '../../src/domain/definitions.ts'
import type { Snapshot } from '../../src/domain/snapshot.ts'
import { dayMs, type EpochMs } from '../../src/domain/time.ts'
import { identifiers, Life, monday, saved } from './support/life.ts'
import { anyCustomer, anyDefinitions, anyEpisode, anySnapshot, type Episode } from './support/worlds.ts'

describe('from every state that the types allow', () => {
  const anyNow = fc.integer({ min: monday - 20 * dayMs, max: monday + 60 * dayMs })

  test('a decision is total, deterministic and leaves its question as it was', () => {
    fc.assert(
      fc.property(anySnapshot, anyDefinitions, anyNow, (snapshot, definitions, nowMs) => {
        const before = structuredClone(snapshot)
        const decision = decide(snapshot, definitions, nowMs, identifiers)
        expect(decide(structuredClone(snapshot), definitions, nowMs, identifiers)).toEqual(decision)
        expect(snapshot).toEqual(before)
      }),
      { numRuns: 1_000 },
    )
  })

  test('deciding again about what was saved, at the same moment and without news, does nothing', () => {
    const done = { runs: 0, messages: 0 }
    fc.assert(
      fc.property(anySnapshot, anyDefinitions, anyNow, (snapshot, definitions, nowMs) => {
        const decision = decide(snapshot, definitions, nowMs, identifiers)
        if (decision.scoresAreStale) return
        done.runs += decision.runs.length
        done.messages += decision.messages.length
        expectNothing(decide(saved(snapshot, decision, nowMs), definitions, nowMs, identifiers), decision)
      }),
      { numRuns: 5_000 },
    )
    expect(done.runs).toBeGreaterThan(1_000)
    expect(done.messages).toBeGreaterThan(200)
  })

  test('the next wake-up lies ahead, of the whole and of every run', () => {
    fc.assert(
      fc.property(anySnapshot, anyDefinitions, anyNow, (snapshot, definitions, nowMs) => {
        const { wakeAtMs, runs } = decide(snapshot, definitions, nowMs, identifiers)
        for (const each of [wakeAtMs, ...runs.map((run) => run.wakeAtMs)]) {
          if (each !== null && each <= nowMs) throw new Error(`wakes at ${each}, which is not after ${nowMs}`)
        }
        const first = Math.min(...runs.map((run) => run.wakeAtMs ?? Number.POSITIVE_INFINITY))
        expect(wakeAtMs ?? Number.POSITIVE_INFINITY).toBeLessThanOrEqual(first)
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('over a whole life', () => {
  const anyLife = fc.record({
    customer: anyCustomer,
    definitions: anyDefinitions,
    episodes: fc.array(anyEpisode, { minLength: 5, maxLength: 30 }),
  })

  test('no message breaks a rule of contact, and none is planned twice', () => {
    const seen = { email: 0, sms: 0, transactional: 0, refused: 0, postponed: 0, skipped: 0, coupons: 0, goals: 0 }
    fc.assert(
      fc.property(anyLife, ({ customer, definitions, episodes }) => {
        const witness = new Witness(definitions, customer)
        for (const episode of episodes) witness.live(episode)
        witness.pass(40 * dayMs)
        witness.expectNoMessageTwice()
        for (const { channel, messageClass } of witness.life.messages) {
          seen[channel]++
          if (messageClass === 'transactional') seen.transactional++
        }
        for (const { outcome, kind, rule } of witness.life.notes) {
          if (outcome !== 'done') seen[outcome]++
          else if (rule === 'issued') seen.coupons++
          else if (kind === 'exit' && rule === 'goal') seen.goals++
        }
      }),
      { numRuns: 600 },
    )
    // Nothing of this may be true only because nothing happened.
    for (const [what, count] of Object.entries(seen)) expect([what, count > 100]).toEqual([what, true])
  })
})

function expectNothing(again: Decision, first: Decision): void {
  expect(again).toEqual({
    move: null,
    atRisk: first.atRisk,
    runs: [],
    messages: [],
    coupons: [],
    records: [],
    consumedNews: [],
    wakeAtMs: first.wakeAtMs,
    scoresAreStale: false,
  })
}

/** Lives a life and looks at every message that it brings, with the facts of that very moment. */
class Witness {
  readonly life: Life
  readonly #definitions: Definitions

  constructor(definitions: Definitions, customer: Snapshot) {
    this.#definitions = definitions
    this.life = new Life(definitions, customer)
  }

  live(episode: Episode): void {
    this.pass(episode.afterMs)
    const { life } = this
    switch (episode.type) {
      case 'news':
        life.hear(episode.news)
        break
      case 'order':
        return this.#watch(() => life.order())
      case 'contact':
        life.change({ contact: { ...life.snapshot.contact, [episode.channel]: episode.contact } })
        break
      case 'scores':
        life.change({ scores: episode.scores })
        break
      case 'asleep':
        life.change({ customer: { ...life.snapshot.customer, traits: { asleep: episode.asleep } } })
        break
      case 'redeemed':
        life.change({ coupons: [] })
        break
    }
    this.#watch(() => life.look())
  }

  pass(lengthMs: number): void {
    const untilMs = this.life.nowMs + lengthMs
    // One wake-up at a time, so that each message is judged by the facts under which it was planned.
    while (this.life.wakeAtMs !== null && this.life.wakeAtMs <= untilMs) {
      const stepMs = this.life.wakeAtMs - this.life.nowMs
      this.#watch(() => this.life.pass(stepMs))
    }
    this.life.nowMs = untilMs
  }

  #watch(act: () => unknown): void {
    const before = this.life.messages.length
    const { coupons } = this.life.snapshot
    const goalsBefore = new Set(this.life.snapshot.pastRuns.map((run) => `${run.journey}/${run.entryNumber}`))
    act()
    for (const message of this.life.messages.slice(before)) {
      const index = this.life.messages.indexOf(message)
      this.#judge(index)
      expect(goalsBefore.has(`${message.journey}/${message.entryNumber}`)).toBe(false)
      if (message.couponId === null) continue
      const held = [...coupons, ...this.life.snapshot.coupons].find(({ id }) => id === message.couponId)
      expect(held?.expiresAtMs ?? Number.POSITIVE_INFINITY).toBeGreaterThan(message.atMs)
    }
    expect(this.life.snapshot.coupons.length).toBeLessThanOrEqual(this.#definitions.policy.offersAtOnce)
  }

  /** No rule of contact stands against the message, as told by other means than the product's. */
  #judge(index: number): void {
    const message = this.life.messages[index]!
    const { channel, messageClass, topic, journey, version, atMs } = message
    const { policy, journeys } = this.#definitions
    const contact = this.life.snapshot.contact[channel]
    expect(contact).toMatchObject({ reachable: true, suppressed: null })
    if (channel === 'sms') expectInside(8, 21, this.#zone(), atMs)
    if (channel === 'email' && policy.channels.email.quietHours !== null) {
      const { from, to } = policy.channels.email.quietHours
      expect(isBetween(from, to, this.#zone(), atMs)).toBe(false)
    }
    if (messageClass === 'transactional') return
    const words = [contact.consents['*'], contact.consents[topic]]
    expect(words).not.toContain('withdrawn')
    expect(words.includes('granted') || policy.channels[channel].consent === 'implied').toBe(true)
    expect(policy.holdOut === 0 || this.#isNeverHeldOut()).toBe(true)
    const earlier = this.life.messages
      .slice(0, index + 1)
      .filter((each) => each.channel === channel && each.messageClass === 'marketing')
    expectWithin(
      policy.channels[channel].caps,
      earlier.map((each) => each.atMs),
      atMs,
    )
    const own = journeys.get(`${journey}@${version}`)?.caps[channel] ?? {}
    expectWithin(
      own,
      earlier.filter((each) => each.journey === journey).map((each) => each.atMs),
      atMs,
    )
  }

  /** Whoever is held out is so for ever: one marketing message shows that this customer is not. */
  #isNeverHeldOut(): boolean {
    return this.life.notes.every((note) => note.rule !== 'hold-out')
  }

  #zone(): string {
    const { timeZone } = this.life.snapshot.customer
    return timeZone === null || timeZone === 'Mars/Olympus' ? 'America/New_York' : timeZone
  }

  expectNoMessageTwice(): void {
    const { messages } = this.life
    const occurrences = messages.map(
      ({ journey, step, entryNumber, visit }) => `${journey}/${entryNumber}/${step}/${visit}`,
    )
    expect(new Set(occurrences).size).toBe(messages.length)
    expect(new Set(messages.map(({ id }) => id)).size).toBe(messages.length)
  }
}

function expectWithin(caps: FrequencyCaps, sentMs: readonly EpochMs[], nowMs: EpochMs): void {
  const within = (days: number): number => sentMs.filter((atMs) => nowMs - atMs < days * dayMs).length
  if (caps.perDay !== undefined) expect(within(1)).toBeLessThanOrEqual(caps.perDay)
  if (caps.perWeek !== undefined) expect(within(7)).toBeLessThanOrEqual(caps.perWeek)
  if (caps.perMonth !== undefined) expect(within(30)).toBeLessThanOrEqual(caps.perMonth)
}

function expectInside(fromHour: number, toHour: number, zone: string, atMs: EpochMs): void {
  const { hour } = Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(zone)
  expect(hour).toBeGreaterThanOrEqual(fromHour)
  expect(hour).toBeLessThan(toHour)
}

function isBetween(from: number, to: number, zone: string, atMs: EpochMs): boolean {
  const { hour, minute } = Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(zone)
  const time = hour * 60 + minute
  return from < to ? time >= from && time < to : time >= from || time < to
}
