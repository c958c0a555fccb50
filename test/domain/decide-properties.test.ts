/** What holds for every state and for every life. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decide } from '../../src/domain/decide.ts'
import type { Decision } from '../../src/domain/decision.ts'
import { dayMs } from '../../src/domain/time.ts'
import { runs } from '../support/property-runs.ts'
import { identifiers, monday, saved } from './support/life.ts'
import { Witness } from './support/witness.ts'
import { anyCustomer, anyDefinitions, anyEpisode, anySnapshot } from './support/worlds.ts'

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
      { numRuns: runs(1_000) },
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
      { numRuns: runs(2_500) },
    )
    expect(done.runs).toBeGreaterThan(800)
    expect(done.messages).toBeGreaterThan(100)
  })

  test('every run says when it wakes, ahead of now, and the first of them is the next wake-up of the whole', () => {
    fc.assert(
      fc.property(anySnapshot, anyDefinitions, anyNow, (snapshot, definitions, nowMs) => {
        const decision = decide(snapshot, definitions, nowMs, identifiers)
        const { runs } = saved(snapshot, decision, nowMs)
        if (decision.scoresAreStale) return
        const wakes = runs.flatMap((run) => run.wakeAtMs ?? [])
        expect(wakes.filter((wakeAtMs) => wakeAtMs <= nowMs)).toEqual([])
        expect(decision.wakeAtMs ?? Number.POSITIVE_INFINITY).toBe(Math.min(...wakes))
      }),
      { numRuns: runs(1_000) },
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
        expect(witness.violations).toEqual([])
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
      { numRuns: runs(600) },
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
    tasks: [],
    assignments: [],
    traits: {},
    records: [],
    consumedNews: [],
    wakeAtMs: first.wakeAtMs,
    scoresAreStale: false,
  })
}
