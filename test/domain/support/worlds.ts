/** Random shops and lives for property tests: journeys of every shape, customers in every state, days full of news. */

import fc from 'fast-check'
import type { Definitions, Pause, Succession } from '../../../src/domain/definitions.ts'
import type { InFlightChoice } from '../../../src/domain/in-flight.ts'
import type { ContactFacts, RunFacts, Snapshot } from '../../../src/domain/snapshot.ts'
import { dayMs, hourMs, minuteMs } from '../../../src/domain/time.ts'
import { definitionsOf } from './definitions.ts'
import { type Happening, monday, someone } from './life.ts'

/** Between them: every type of step, entry, criterion, and every way to be refused. */
const journeys: Readonly<Record<string, string>> = {
  welcome: `
name: Welcome
topic: news
priority: 70
entry: [ { type: arrived }, { type: stage, stage: acquire } ]
goal: { event: Order Completed }
steps:
  - { id: hello, type: email, template: t }
  - { id: pause, type: delay, for: 1 day, until: "10:00" }
  - { id: code, type: offer, offer: ten, if_refused: end }
  - { id: nudge, type: sms, template: t, offer: ten }
`,
  cart: `
name: Cart
topic: news
priority: 60
entry: [ { type: event, event: Product Added, where: { price: { at_least: 10 } } } ]
re_entry: { after: 2 days }
goal: { event: Order Completed }
caps: { email: { per_week: 2 } }
steps:
  - { id: hour, type: wait-until, event: Order Completed, timeout: 1 hour, next: end, on_timeout: split }
  - { id: split, type: split, if: { reachable.sms: true }, if_true: text, if_false: mail }
  - { id: text, type: sms, template: t, next: end, when_quiet: skip }
  - { id: mail, type: email, template: t }
`,
  loop: `
name: Loop
topic: club
priority: 20
entry: [ { type: event, event: Subscribed } ]
re_entry: always
exit: [ { if: { trait.asleep: true } }, { event: Unsubscribed } ]
max_visits: 4
steps:
  - { id: letter, type: email, template: t }
  - { id: pause, type: delay, for: 12 hours, next: letter }
`,
  receipt: `
name: Receipt
topic: orders
priority: 90
entry: [ { type: event, event: Order Completed } ]
re_entry: always
steps:
  - { id: receipt, type: email, template: t, class: transactional }
  - { id: text, type: sms, template: t, class: transactional }
`,
  regulars: `
name: Regulars
topic: news
entry: [ { type: stage, stage: retain }, { type: score, score: churn, crossed: up, if: { orders.count: { at_least: 1 } } } ]
re_entry: { after: 3 days }
exit: [ { if: { orders.last: { before: 20 days } } } ]
steps:
  - { id: office, type: time-window, from: "09:00", to: "12:00", days: [mon, wed, fri] }
  - id: test
    type: experiment
    variants: [ { name: a, share: 0.5, next: mail }, { name: b, share: 0.5, next: text } ]
  - { id: mail, type: email, template: t, next: wait }
  - { id: text, type: sms, template: t }
  - { id: wait, type: wait-until, if: { at_risk: true }, event: Replied, timeout: 4 days, on_timeout: branch }
  - id: branch
    type: multi-split
    branches: [ { name: risk, if: { score.churn: { at_least: 0.5 } }, next: coupon } ]
    next: stop
  - { id: stop, type: exit, reason: enough }
  - { id: coupon, type: offer, offer: twenty }
  - { id: offer, type: email, template: t, offer: twenty }
`,
}

const offers = {
  ten: 'name: Ten\ndiscount: { type: percent, percent: 10 }\ncode_prefix: TEN\nvalid_for: 5 days',
  twenty:
    'name: Twenty\ndiscount: { type: percent, percent: 20 }\ncode_prefix: TWENTY\nif: { orders.count: { at_least: 1 } }',
}

export const zones = [
  'UTC',
  'America/New_York',
  'Asia/Kolkata',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Mars/Olympus',
  null,
]

const anyCaps = fc.constantFrom(
  '{}',
  '{ per_day: 1 }',
  '{ per_day: 2, per_week: 3 }',
  '{ per_week: 1, per_month: 2 }',
  '{ per_day: 0 }',
)
const anyBlocked = fc.constantFrom('postpone', 'skip')

const anyPolicyText = fc
  .record({
    emailConsent: fc.constantFrom('express', 'implied'),
    emailCaps: anyCaps,
    smsCaps: anyCaps,
    quiet: fc.constantFrom(
      '',
      'quiet_hours: { from: "22:00", to: "07:00" }',
      'quiet_hours: { from: "12:00", to: "13:30" }',
    ),
    whenCapped: anyBlocked,
    whenQuiet: anyBlocked,
    patience: fc.constantFrom('1 hour', '1 day', '30 days'),
    spread: fc.constantFrom('0 seconds', '2 hours'),
    holdOut: fc.constantFrom(0, 0, 0, 0.5),
    offersAtOnce: fc.constantFrom(1, 2),
  })
  .map(
    (each) => `
name: Random
topics: { news: { name: News }, club: { name: Club }, orders: { name: Orders } }
default_time_zone: America/New_York
patience: ${each.patience}
spread: ${each.spread}
hold_out: ${each.holdOut}
offers_at_once: ${each.offersAtOnce}
channels:
  email: { consent: ${each.emailConsent}, caps: ${each.emailCaps}, when_capped: ${each.whenCapped}, ${each.quiet === '' ? '' : `${each.quiet}, `}when_quiet: ${each.whenQuiet} }
  sms: { caps: ${each.smsCaps}, when_quiet: ${each.whenQuiet} }
`,
  )

/** Of some journey, before, around or throughout whatever happens. */
const anyJourneyPause: fc.Arbitrary<[string, Pause]> = fc
  .record({
    journey: fc.constantFrom(...Object.keys(journeys)),
    fromMs: fc.integer({ min: monday - 10 * dayMs, max: monday + 5 * dayMs }),
    lengthMs: fc.option(fc.integer({ min: minuteMs, max: 20 * dayMs }), { nil: null }),
    spreadMs: fc.constantFrom(0, hourMs, dayMs),
  })
  .map(({ journey, fromMs, lengthMs, spreadMs }) => [
    journey,
    { fromMs, toMs: lengthMs === null ? null : fromMs + lengthMs, spreadMs },
  ])

/** What "v1" does with runs of "v0". */
const anySuccession: fc.Arbitrary<[string, Succession]> = fc
  .record({
    journey: fc.constantFrom(...Object.keys(journeys)),
    inFlight: fc.oneof(
      fc.constantFrom<InFlightChoice>({ choice: 'exit' }, { choice: 'stay' }),
      fc.record({
        choice: fc.constant('move' as const),
        map: fc.dictionary(
          fc.constantFrom('hello', 'pause', 'gone', 'wait', 'letter'),
          fc.constantFrom('hello', 'pause', 'wait', 'nowhere', null),
        ),
      }),
    ),
  })
  .map(({ journey, inFlight }) => [journey, { version: 'v1', inFlight }])

export const anyDefinitions: fc.Arbitrary<Definitions> = fc
  .record({
    policy: anyPolicyText,
    without: fc.subarray(Object.keys(journeys), { maxLength: 2 }),
    pauses: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, fc.array(anyJourneyPause, { maxLength: 2 })),
    successions: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, fc.array(anySuccession, { maxLength: 3 })),
  })
  .map(({ policy, without, pauses, successions }) => ({
    ...definitionsOf({
      policy,
      offers,
      journeys: Object.fromEntries(Object.entries(journeys).filter(([key]) => !without.includes(key))),
    }),
    ...(pauses.length === 0 ? {} : { pauses: new Map(pauses) }),
    ...(successions.length === 0 ? {} : { successions: new Map(successions) }),
  }))

const anyWord = fc.constantFrom<'granted' | 'withdrawn'>('granted', 'granted', 'withdrawn')

export const anyContact: fc.Arbitrary<ContactFacts> = fc.record({
  reachable: fc.constantFrom(true, true, true, false),
  suppressed: fc.constantFrom(null, null, null, 'bounced'),
  consents: fc.dictionary(fc.constantFrom('*', 'news', 'club'), anyWord, { maxKeys: 3 }),
})

const anyRisk = fc.constantFrom(0, 0.2, 0.49, 0.5, 0.69, 0.7, 0.95, 1)

export const anyScores: fc.Arbitrary<Snapshot['scores']> = fc
  .record({ churn: anyRisk, tier: fc.constantFrom('high' as const, 'middle' as const, 'low' as const, null) })
  .map(({ churn, tier }) => ({
    churn: { value: churn, tier: null, scoredAtMs: monday },
    clv: { value: 100, tier, scoredAtMs: monday },
  }))

/** Something that happens, and how long after what was before. */
export type Episode = { readonly afterMs: number } & (
  | { readonly type: 'news'; readonly news: Happening }
  | { readonly type: 'order' }
  | { readonly type: 'contact'; readonly channel: 'email' | 'sms'; readonly contact: ContactFacts }
  | { readonly type: 'scores'; readonly scores: Snapshot['scores'] }
  | { readonly type: 'asleep'; readonly asleep: boolean }
  | { readonly type: 'redeemed' }
)

const anyNews: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({
    kind: fc.constant('event' as const),
    name: fc.constantFrom('Product Added', 'Subscribed', 'Unsubscribed', 'Replied', 'Order Completed', 'Unheard Of'),
    properties: fc.dictionary(fc.constantFrom('price', 'sku', '__proto__', 'products'), fc.anything(), { maxKeys: 3 }),
  }),
  fc.record({
    kind: fc.constant('event' as const),
    name: fc.constant('Product Added'),
    properties: fc.constant({ price: 20 }),
  }),
  fc.record({ kind: fc.constant('arrived' as const) }),
  fc.record({ kind: fc.constant('contact' as const) }),
  fc.record({
    kind: fc.constant('score' as const),
    score: fc.constantFrom('churn' as const, 'clv' as const),
    crossed: fc.constantFrom('up' as const, 'down' as const),
  }),
)

const anyPause = fc.oneof(
  fc.constant(0),
  fc.integer({ min: 1, max: hourMs }),
  fc.integer({ min: minuteMs, max: 10 * dayMs }),
)

export const anyEpisode: fc.Arbitrary<Episode> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('news' as const), news: anyNews, afterMs: anyPause }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('order' as const), afterMs: anyPause }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('contact' as const),
      channel: fc.constantFrom('email' as const, 'sms' as const),
      contact: anyContact,
      afterMs: anyPause,
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('scores' as const), scores: anyScores, afterMs: anyPause }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('asleep' as const), asleep: fc.boolean(), afterMs: anyPause }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('redeemed' as const), afterMs: anyPause }) },
)

/** A customer at the beginning of a life that a shop could really hold. */
export const anyCustomer: fc.Arbitrary<Snapshot> = fc
  .record({
    number: fc.nat(10_000),
    timeZone: fc.constantFrom(...zones),
    email: anyContact,
    sms: anyContact,
    scores: fc.option(anyScores, { nil: {} }),
  })
  .map(({ number, timeZone, email, sms, scores }) =>
    someone({
      id: `customer-${number}`,
      customer: { ...someone({ id: `customer-${number}` }).customer, timeZone },
      contact: { email, sms },
      scores,
    }),
  )

const anyMoment = fc.integer({ min: monday - 40 * dayMs, max: monday + 40 * dayMs })

const anyRun: fc.Arbitrary<RunFacts> = fc.record({
  id: fc.uuid(),
  journey: fc.constantFrom('welcome', 'cart', 'loop', 'receipt', 'regulars', 'unheard-of'),
  version: fc.constantFrom('v1', 'v1', 'v1', 'v0'),
  entryNumber: fc.integer({ min: 1, max: 5 }),
  step: fc.constantFrom(
    'hello',
    'pause',
    'code',
    'nudge',
    'hour',
    'letter',
    'office',
    'wait',
    'coupon',
    'offer',
    'gone',
  ),
  stepSinceMs: anyMoment,
  wakeAtMs: fc.option(anyMoment, { nil: null }),
  enteredAtMs: anyMoment,
  memory: fc.record(
    {
      visits: fc.dictionary(fc.constantFrom('hello', 'letter', 'pause'), fc.integer({ min: 1, max: 30 })),
      coupons: fc.constantFrom({}, { ten: 'a' }, { twenty: 'lost' }),
      postponedBy: fc.constantFrom('cap:email', 'quiet-hours'),
    },
    { requiredKeys: [] },
  ),
})

/** Any state that the types allow, whether or not a shop could ever come to it. */
export const anySnapshot: fc.Arbitrary<Snapshot> = fc
  .record({
    base: anyCustomer,
    stage: fc.constantFrom('acquire', 'activate', 'retain', 'revenue', 'refer') as fc.Arbitrary<
      Snapshot['customer']['stage']
    >,
    atRisk: fc.boolean(),
    count: fc.integer({ min: 0, max: 10 }),
    lastOrderMs: fc.option(anyMoment, { nil: null }),
    scoredMs: fc.option(anyMoment, { nil: null }),
    traits: fc.dictionary(fc.constantFrom('asleep', 'nps'), fc.constantFrom(true, false, 9, 'yes', null)),
    runs: fc.array(anyRun, { maxLength: 5 }),
    pastRuns: fc.array(
      fc.record({
        journey: fc.constantFrom('welcome', 'cart', 'loop'),
        entryNumber: fc.integer({ min: 1, max: 5 }),
        enteredAtMs: anyMoment,
        endedAtMs: anyMoment,
        endReason: fc.constant('x'),
      }),
      { maxLength: 4 },
    ),
    recentMessages: fc.array(
      fc.record({
        channel: fc.constantFrom('email' as const, 'sms' as const),
        journey: fc.constantFrom('welcome', 'cart'),
        messageClass: fc.constantFrom('marketing' as const, 'transactional' as const),
        atMs: anyMoment,
      }),
      { maxLength: 6 },
    ),
    news: fc.array(anyNews, { maxLength: 8 }),
    coupons: fc.array(
      fc.record({
        id: fc.constantFrom('a', 'b'),
        offer: fc.constantFrom('ten', 'twenty', 'gone'),
        code: fc.string(),
        expiresAtMs: fc.option(anyMoment, { nil: null }),
      }),
      { maxLength: 3 },
    ),
  })
  .map(({ base, stage, atRisk, count, lastOrderMs, scoredMs, traits, runs, news, ...rest }) => ({
    ...base,
    ...rest,
    customer: { ...base.customer, stage, atRisk, scoredMs, traits },
    orders: { count, revenueCents: count * 100, refundedCents: 0, firstOrderMs: lastOrderMs, lastOrderMs },
    runs: runs.filter((run, i) => runs.findIndex((each) => each.id === run.id) === i),
    news: news.map((each, i) => ({ ...each, id: i + 1, atMs: monday })),
  }))
