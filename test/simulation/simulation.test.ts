import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Definitions } from '../../src/domain/definitions.ts'
import { liveGeneratedYear } from '../../src/simulation/generated-year.ts'
import type { Rules } from '../../src/simulation/simulation.ts'
import type { WatchedResult } from '../../src/simulation/watched.ts'
import type { Invariant } from '../../src/simulation/witness.ts'
import { readCampaignFiles } from '../../src/store/campaign-files.ts'
import { type Mutation, withMutant } from './support/mutant.ts'

const fixtures = fileURLToPath(new URL('campaigns', import.meta.url))
const shop = fileURLToPath(new URL('../../campaigns', import.meta.url))
const fromMs = Date.UTC(2026, 0, 1)

let busy: Definitions

beforeAll(async () => {
  mkdirSync(fileURLToPath(new URL('../../.cache', import.meta.url)), { recursive: true })
  busy = (await readCampaignFiles(fixtures)).definitions
})

function year(definitions: Definitions, seed: number, customers: number, rules?: Rules): WatchedResult {
  const days = 200
  const pools = { pot: 30 }
  return liveGeneratedYear({
    definitions,
    customers,
    days,
    seed,
    fromMs,
    pools,
    ...(rules === undefined ? {} : { rules }),
  })
}

describe('a generated year', () => {
  test.each([1, 2, 3])('with the campaigns of the shop keeps every promise (seed %i)', async (seed) => {
    const { definitions } = await readCampaignFiles(shop)
    const { report, violations, examples, timeZones } = year(definitions, seed, 400)
    expect(examples).toEqual([])
    expect(violations).toBe(0)
    // An empty year could keep any promise.
    expect(timeZones).toBeGreaterThanOrEqual(40)
    expect(report.messages.byChannel.email).toBeGreaterThan(500)
    expect(report.messages.byChannel.sms).toBeGreaterThan(20)
    for (const journey of Object.values(report.journeys)) expect(journey.entered).toBeGreaterThan(0)
    for (const count of Object.values(report.stages)) expect(count).toBeGreaterThan(0)
  })

  test('in which every rule is put to the test keeps every promise, and every rule had something to refuse', () => {
    const { report, violations, examples } = year(busy, 7, 400)
    expect(examples).toEqual([])
    expect(violations).toBe(0)
    for (const rule of [
      'message cap:email postponed',
      'message cap:sms skipped',
      'message quiet-hours postponed',
      'message consent refused',
      'message suppressed refused',
      'message hold-out refused',
      'offer offers-at-once refused',
      'offer offer-budget refused',
      'offer offer-limit refused',
      'offer offer-pool-empty refused',
      'entry reentry:never refused',
      'entry reentry:after refused',
      'entry reentry:active refused',
      'entry journey-paused refused',
      'step journey-paused postponed',
      'message stale-after-pause skipped',
      'offer stale-after-pause skipped',
    ])
      expect([rule, report.refusals[rule] ?? 0]).toEqual([rule, expect.toSatisfy((times: number) => times > 0)])
  })

  test('in which journeys are paused and replaced: people in flight are held up, stay, move and leave', () => {
    const { changes } = year(busy, 7, 400).report
    expect(changes.pauses).toBeGreaterThan(10)
    for (const count of Object.values(changes.published)) expect(count).toBeGreaterThan(0)
    expect(changes.heldUp).toBeGreaterThan(20)
    expect(changes.moved).toBeGreaterThan(0)
    expect(changes.putOut).toBeGreaterThan(0)
  })

  test('in which nobody touches the journeys, where that is wanted', () => {
    const { report } = liveGeneratedYear({
      definitions: busy,
      customers: 60,
      days: 200,
      seed: 7,
      fromMs,
      changes: false,
    })
    expect(report.changes).toMatchObject({ pauses: 0, heldUp: 0, moved: 0, putOut: 0 })
    expect(report.messages.sent).toBeGreaterThan(50)
  })

  test('asks for confirmation where a yes needs one, and follows segments and computed traits', () => {
    const { report } = year(busy, 7, 400)
    const { 'system:double-opt-in': asked, circle, keen } = report.journeys
    expect(asked?.sent).toBeGreaterThan(50)
    expect(circle?.sent).toBeGreaterThan(10)
    expect(keen?.entered).toBeGreaterThan(50)
    expect(keen?.sent).toBeGreaterThan(50)
    expect(Object.keys(keen?.exited ?? {})).toContain('exit: condition')
  })

  test('is the same for the same seed, and another for another seed', () => {
    const once = year(busy, 3, 60)
    expect(year(busy, 3, 60)).toEqual(once)
    expect(year(busy, 4, 60)).not.toEqual(once)
  })

  test('of a customer does not depend on how many others there are', () => {
    expect(year(busy, 3, 1).report.events).toBeLessThan(year(busy, 3, 2).report.events)
  })
})

describe('with one rule switched off, the witness says which promise was broken:', () => {
  const everywhere = (file: string, replace: string, by: string): Mutation => ({ file, replace, by })
  const policy = 'contact-policy.ts'
  const withoutConsent = everywhere(policy, 'refusedByConsent(question, addressee, policy, nowMs) ??', 'null ??')
  const withoutSuppression = everywhere(
    policy,
    'if (contact.suppressed === null) return null',
    'if (contact.suppressed !== undefined) return null',
  )
  const mutants: readonly [string, readonly Mutation[], Invariant, number?][] = [
    [
      'frequency caps',
      [everywhere(policy, '(isMarketing ? refusedByCaps(question, addressee, policy, nowMs) : null)', 'null')],
      'cap-exceeded',
    ],
    [
      'quiet hours',
      [everywhere(policy, 'refusedByQuietHours(question, addressee, policy, nowMs) ??', 'null ??')],
      'quiet-hours',
    ],
    ['consent', [withoutConsent], 'without-consent'],
    ['suppression', [withoutSuppression], 'to-suppressed'],
    // Whoever says STOP also withdraws consent: either rule alone would hold.
    ['suppression and consent', [withoutSuppression, withoutConsent], 'after-stop'],
    [
      'the hold-out',
      [
        everywhere(
          policy,
          '(isMarketing ? refusedByHoldOut(addressee, policy) : null) ??',
          '(policy.holdOut > 0 && nowMs % 2 === 0 ? refusedByHoldOut(addressee, policy) : null) ??',
        ),
      ],
      'held-out',
    ],
    [
      're-entry',
      [
        everywhere(
          'decide/enter.ts',
          'if (!mayReEnter(work, journey))',
          "if (journey.key === '' && !mayReEnter(work, journey))",
        ),
      ],
      're-entry',
    ],
    [
      'one run at a time',
      [
        everywhere(
          'decide/enter.ts',
          "run.journey === journey.key && run.status === 'active'",
          "run.journey === '' && run.journey === journey.key",
        ),
      ],
      're-entry',
    ],
    [
      'goals',
      [
        everywhere(
          'decide/endings.ts',
          'if (goal !== null && isEvent(goal, event)) endByGoal(work, run, goal)',
          "if (run.journey === '' && goal !== null && isEvent(goal, event)) endByGoal(work, run, goal)",
        ),
      ],
      'after-goal',
    ],
    [
      'one offer at a time',
      [
        everywhere(
          'decide/offer-step.ts',
          'heldCoupons.length >= definitions.policy.offersAtOnce',
          'heldCoupons.length < 0',
        ),
      ],
      'offers-at-once',
    ],
    [
      'budgets in coupons',
      [
        everywhere(
          'decide/offer-step.ts',
          'if (facts === undefined || facts.exhausted !== null) return facts?.exhausted ?? null',
          'if (facts === undefined) return null',
        ),
      ],
      'over-budget',
    ],
    [
      'budgets in money',
      [everywhere('decide/offer-step.ts', 'facts.centsLeft !== null && (mostCostOf(', 'facts.had < 0 && (mostCostOf(')],
      'over-budget',
    ],
    [
      'pools of codes',
      [
        everywhere(
          'decide/offer-step.ts',
          'if (facts === undefined || facts.exhausted !== null) return facts?.exhausted ?? null',
          "if (facts === undefined || facts.exhausted === 'offer-budget') return facts?.exhausted ?? null",
        ),
      ],
      'over-pool',
    ],
    [
      'double opt-in',
      [everywhere(policy, 'return isOwn ? null', 'return isOwn || nowMs > 0 ? null')],
      'without-consent',
    ],
    [
      'asking no more often than is polite',
      [everywhere('decide/ask-consent.ts', 'const askAtMs = nextAsk(work, channel)', 'const askAtMs = nowMs')],
      'asked-too-often',
    ],
    [
      'coupons per customer',
      [everywhere('decide/offer-step.ts', 'had >= offer.perCustomer', 'had < 0')],
      'offer-limit',
    ],
    [
      'counting visits',
      [
        everywhere(
          'decide/message-step.ts',
          'const visit = (run.memory.visits?.[step.id] ?? 1) - 1',
          'const visit = 0',
        ),
      ],
      'twice',
    ],
    [
      'keeping people out of a paused journey',
      [everywhere('decide/enter.ts', 'if (isPaused(work, journey.key))', 'if (isPaused(work, `no ${journey.key}`))')],
      'entered-while-paused',
    ],
    [
      'holding up the runs of a paused journey',
      [
        everywhere(
          'decide/advance.ts',
          'if (heldUntilMs !== undefined)',
          'if (heldUntilMs !== undefined && work.nowMs < 0)',
        ),
      ],
      'while-paused',
    ],
    [
      'passing over what went stale in a pause',
      [everywhere('decide/pause.ts', 'work.nowMs > run.heldUpSinceMs + validForMs', 'work.nowMs < validForMs')],
      'stale-after-pause',
    ],
    [
      'coming again one after the other',
      [everywhere('decide/pause.ts', 'return toMs + spreadMs(work, pause.spreadMs)', 'return toMs')],
      'burst-after-pause',
      1_200, // Enough who wait at the same time.
    ],
    [
      'leaving with a version that is replaced',
      [
        everywhere(
          'decide/succession.ts',
          "if (fate.becomes === 'exits')",
          "if (fate.becomes === 'exits' && work.nowMs < 0)",
        ),
      ],
      'in-flight',
    ],
    [
      'moving to the version that takes its place',
      [
        everywhere(
          'decide/succession.ts',
          "if (fate.becomes === 'moves')",
          "if (fate.becomes === 'moves' && work.nowMs < 0)",
        ),
      ],
      'in-flight',
    ],
    [
      'staying on the version that was entered',
      [
        everywhere(
          'decide/workspace.ts',
          'journeys.get(saved.journey)?.get(saved.version)',
          '[...(journeys.get(saved.journey)?.values() ?? [])].at(-1)',
        ),
      ],
      'in-flight',
    ],
  ]
  test.each(mutants)('%s', { timeout: 600_000 }, async (_rule, mutations, invariant, customers = 400) => {
    const result = await withMutant(mutations, (rules) => year(busy, 7, customers, rules))
    expect(result.violationsBy[invariant]).toBeGreaterThan(0)
  })
})
