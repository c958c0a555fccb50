import { describe, expect, test } from 'vitest'
import { decide } from '../../src/domain/decide.ts'
import type { Snapshot } from '../../src/domain/snapshot.ts'
import { dayMs, hourMs, minuteMs } from '../../src/domain/time.ts'
import { definitionsOf, openPolicy, plainLifecycle } from './support/definitions.ts'
import { identifiers, Life, monday, someone } from './support/life.ts'

const welcome = `
name: Welcome
topic: news
entry: [ { type: arrived } ]
goal: { event: Order Completed }
steps:
  - { id: hello, type: email, template: hello }
  - { id: pause, type: delay, for: 3 days }
  - { id: nudge, type: email, template: nudge }
`

const life = (journeys: Record<string, string>, policy = openPolicy, snapshot?: Snapshot): Life =>
  new Life(definitionsOf({ journeys, policy }), snapshot)

/** A journey of these steps, entered by the event "Go". */
const onGo = (steps: string, more = ''): string => `
name: Go
topic: news
entry: [ { type: event, event: Go } ]
${more}
steps:
${steps}
`

describe('a journey', () => {
  test('runs from step to step, with its delays, to its end', () => {
    const customer = life({ welcome })
      .arrive()
      .pass(10 * dayMs)
    expect(customer.story).toEqual(['2026-01-05T12:00 hello', '2026-01-08T12:00 nudge'])
    expect(customer.snapshot.runs).toEqual([])
    expect(customer.snapshot.pastRuns).toMatchObject([
      { journey: 'welcome', entryNumber: 1, endReason: 'reached the end' },
    ])
    expect(customer.wakeAtMs).toBeNull()
  })

  test('ends at its goal, and nothing is sent after it', () => {
    const customer = life({ welcome })
      .arrive()
      .pass(dayMs)
      .order()
      .pass(10 * dayMs)
    expect(customer.story).toEqual(['2026-01-05T12:00 hello'])
    expect(customer.snapshot.pastRuns).toMatchObject([{ endReason: 'goal: Order Completed' }])
  })

  test('whose goal comes in the same look as its entry sends nothing at all', () => {
    const customer = life({ welcome })
      .hear({ kind: 'arrived' })
      .order()
      .pass(10 * dayMs)
    expect(customer.story).toEqual([])
    expect(customer.snapshot.pastRuns).toMatchObject([{ endReason: 'goal: Order Completed' }])
  })

  test('that is entered by an event is not ended by that same event', () => {
    const journey = welcome.replace('type: arrived', 'type: event, event: Order Completed')
    const customer = life({ journey })
      .order()
      .pass(10 * dayMs)
    expect(customer.story).toHaveLength(2)
    expect(
      life({ journey })
        .order()
        .order()
        .pass(10 * dayMs).snapshot.pastRuns,
    ).toMatchObject([{ endReason: 'goal: Order Completed' }])
  })

  test('ends by an exit criterion that comes to hold, and is not entered while one holds', () => {
    const journey = welcome.replace('goal: { event: Order Completed }', 'exit: [ { if: { trait.asleep: true } } ]')
    const asleep = { ...someone().customer, traits: { asleep: true } }
    const customer = life({ journey }).arrive().pass(dayMs)
    customer
      .change({ customer: asleep })
      .hear({ kind: 'profile' })
      .look()
      .pass(10 * dayMs)
    expect(customer.story).toEqual(['2026-01-05T12:00 hello'])
    expect(customer.said('exit')).toEqual(['done exit-criterion'])

    const later = life({ journey }, openPolicy, someone({ customer: asleep }))
      .arrive()
      .pass(10 * dayMs)
    expect(later.story).toEqual([])
    expect(later.said('entry')).toEqual(['refused exit-criterion'])
  })

  test('ends by an exit criterion that time alone brings about, at that moment', () => {
    const journey = onGo(
      '  - { id: wait, type: wait-until, event: Never, timeout: 90 days }\n  - { id: late, type: email, template: late }',
      'exit: [ { if: { orders.last: { before: 10 days } } } ]',
    )
    const customer = life({ journey })
      .order()
      .event('Go')
      .pass(9 * dayMs)
    expect(customer.snapshot.runs).toHaveLength(1)
    customer.pass(2 * dayMs)
    expect(customer.snapshot.pastRuns).toMatchObject([
      { endedAtMs: monday + 10 * dayMs + 1, endReason: 'exit: condition' },
    ])
  })

  test('whose version is archived ends with that reason', () => {
    const customer = life({ welcome }).arrive()
    const without = new Life(definitionsOf({}), customer.snapshot, customer.nowMs + dayMs).look()
    expect(without.snapshot.runs).toEqual([])
    expect(without.snapshot.pastRuns).toMatchObject([{ endReason: 'this version of the journey is archived' }])
    expect(without.said('exit')).toEqual(['done version-archived'])
  })

  test('of a former version goes on as it began, while newcomers get the new one', () => {
    const before = definitionsOf({ journeys: { welcome } })
    const former = before.live[0]!
    const customer = new Life(before).arrive()
    const after = definitionsOf({
      journeys: { welcome: welcome.replace('template: nudge', 'template: other').replace('3 days', '5 days') },
      former: [{ ...former, version: 'v0' }],
    })
    const [run] = customer.snapshot.runs
    const inFlight = new Life(after, { ...customer.snapshot, runs: [{ ...run!, version: 'v0' }] })
      .look()
      .pass(10 * dayMs)
    expect(inFlight.messages).toMatchObject([{ step: 'nudge', template: 'nudge', version: 'v0' }])
    expect(inFlight.story).toEqual(['2026-01-08T12:00 nudge'])
    expect(
      new Life(after)
        .arrive()
        .pass(10 * dayMs)
        .messages.at(-1),
    ).toMatchObject({ template: 'other', version: 'v1' })
  })

  test('that stands on a step which its version lacks ends with that reason', () => {
    const customer = life({ welcome }).arrive()
    customer.change({ runs: customer.snapshot.runs.map((run) => ({ ...run, step: 'gone' })) }).look()
    expect(customer.snapshot.pastRuns).toMatchObject([{ endReason: 'this version of the journey has no step "gone"' }])
  })
})

describe('an entry', () => {
  const email = '  - { id: hello, type: email, template: hello }'

  test('matches an event only with the properties that are asked for', () => {
    const journey = onGo(email).replace(
      'event: Go',
      'event: Go, where: { total: { at_least: 50 }, cart.currency: USD }',
    )
    const events: [Record<string, unknown>, number][] = [
      [{}, 0],
      [{ total: 49, cart: { currency: 'USD' } }, 0],
      [{ total: '50', cart: { currency: 'USD' } }, 0],
      [{ total: 50, cart: 'USD' }, 0],
      [{ total: 50, cart: { currency: 'USD' } }, 1],
      [{ total: 50, 'cart.currency': 'USD' }, 1],
    ]
    for (const [properties, count] of events)
      expect(life({ journey }).event('Go', properties).messages).toHaveLength(count)
    expect(life({ journey }).event('Stay', { total: 50, cart: { currency: 'USD' } }).messages).toEqual([])
  })

  test('may ask for more of the customer, and says so when that does not hold', () => {
    const journey = onGo(email).replace('event: Go', 'event: Go, if: { orders.count: { at_least: 1 } }')
    const customer = life({ journey }).event('Go')
    expect(customer.said('entry')).toEqual(['refused entry-condition'])
    expect(customer.order().event('Go').said('entry')).toEqual(['refused entry-condition', 'done entry:event'])
  })

  test('by stage follows a move, and the stage in which somebody arrives', () => {
    const journey = (stage: string): string =>
      onGo(email).replace('type: event, event: Go', `type: stage, stage: ${stage}`)
    const both = { first: journey('acquire'), second: journey('activate') }
    expect(life(both).arrive().messages).toMatchObject([{ journey: 'first' }])
    expect(life(both).arrive().order().messages).toMatchObject([{ journey: 'first' }, { journey: 'second' }])
    // Who arrives with an order arrives in the stage to which it leads.
    expect(life(both).hear({ kind: 'arrived' }).order().messages).toMatchObject([{ journey: 'second' }])
    // Who was imported into a stage has not entered it.
    expect(life(both).look().messages).toEqual([])
  })

  test('by score follows the crossing in its direction', () => {
    const journey = onGo(email).replace('type: event, event: Go', 'type: score, score: churn, crossed: up')
    expect(life({ journey }).hear({ kind: 'score', score: 'churn', crossed: 'down' }).look().messages).toEqual([])
    expect(life({ journey }).hear({ kind: 'score', score: 'clv', crossed: 'up' }).look().messages).toEqual([])
    expect(life({ journey }).hear({ kind: 'score', score: 'churn', crossed: 'up' }).look().messages).toHaveLength(1)
  })

  test('is refused while a run is on its way, once said for a whole burst of events', () => {
    const customer = life({ welcome: welcome.replace('type: arrived', 'type: event, event: Go') }).event('Go')
    for (let i = 0; i < 1_000; i++) customer.hear({ kind: 'event', name: 'Go', properties: {} })
    customer.look()
    expect(customer.said('entry')).toEqual(['done entry:event', 'refused reentry:active'])
    expect(customer.snapshot.news).toEqual([])
  })

  test.each([
    ['never', 're_entry: never', [0, 40, 80], 1],
    ['by default never', '', [0, 40], 1],
    ['always', 're_entry: always', [0, 0.1, 40], 3],
    ['after a month: too early', 're_entry: { after: 30 days }', [0, 20], 1],
    ['after a month: in time', 're_entry: { after: 30 days }', [0, 20, 31], 2],
  ])('again: %s', (_, reEntry, days, times) => {
    const customer = life({ journey: onGo(email, reEntry) })
    for (const day of days) customer.pass(monday + day * dayMs - customer.nowMs).event('Go')
    expect(customer.messages).toHaveLength(times)
    expect(customer.messages.map(({ entryNumber }) => entryNumber)).toEqual(
      Array.from({ length: times }, (_, i) => i + 1),
    )
    expect(new Set(customer.messages.map(({ id }) => id)).size).toBe(times)
  })
})

describe('steps', () => {
  test('a delay of a day is 24 hours, also over a change of clock', () => {
    const journey = onGo('  - { id: pause, type: delay, for: 1 day }\n  - { id: hello, type: email, template: hello }')
    const newYorker = someone({ customer: { ...someone().customer, timeZone: 'America/New_York' } })
    const eve = Date.UTC(2026, 2, 7, 17)
    const customer = new Life(definitionsOf({ journeys: { journey } }), newYorker, eve).event('Go').pass(3 * dayMs)
    expect(customer.messages.map(({ atMs }) => atMs - eve)).toEqual([dayMs])
  })

  test('a delay until a time of day ends at that time where the customer lives, also over a change of clock', () => {
    const journey = onGo(
      '  - { id: pause, type: delay, for: 12 hours, until: "09:00" }\n  - { id: hello, type: email, template: hello }',
    )
    const newYorker = someone({ customer: { ...someone().customer, timeZone: 'America/New_York' } })
    const eve = Date.UTC(2026, 2, 7, 17)
    const customer = new Life(definitionsOf({ journeys: { journey } }), newYorker, eve).event('Go').pass(3 * dayMs)
    expect(customer.story).toEqual(['2026-03-08T13:00 hello'])
  })

  const waiting = onGo(`
  - { id: wait, type: wait-until, event: Bought, where: { total: { at_least: 10 } }, timeout: 2 days, next: thanks, on_timeout: nudge }
  - { id: thanks, type: email, template: thanks, next: end }
  - { id: nudge, type: email, template: nudge }
`)

  test('a wait ends with its event', () => {
    const customer = life({ waiting })
      .event('Go')
      .pass(dayMs)
      .event('Bought', { total: 9 })
      .event('Bought', { total: 10 })
    expect(customer.pass(9 * dayMs).story).toEqual(['2026-01-06T12:00 thanks'])
    expect(customer.said('step')).toEqual(['done event'])
  })

  test('a wait times out', () => {
    const customer = life({ waiting })
      .event('Go')
      .pass(9 * dayMs)
    expect(customer.story).toEqual(['2026-01-07T12:00 nudge'])
    expect(customer.said('step')).toEqual(['done timeout'])
  })

  test('a wait finds an event that came in the same look as the entry, and one that came before a late look', () => {
    const atOnce = life({ waiting }).hear({ kind: 'event', name: 'Go', properties: {} })
    expect(atOnce.event('Bought', { total: 10 }).story).toEqual(['2026-01-05T12:00 thanks'])

    const behindSplit = waiting.replace('steps:', 'steps:\n  - { id: any, type: split, if: { stage: acquire } }')
    const soon = life({ behindSplit }).hear({ kind: 'event', name: 'Go', properties: {} })
    expect(soon.event('Bought', { total: 10 }).story).toEqual(['2026-01-05T12:00 thanks'])

    const late = life({ waiting }).event('Go')
    late.nowMs += 3 * dayMs
    expect(late.event('Bought', { total: 10 }).messages).toMatchObject([{ step: 'thanks' }])
  })

  test('a delay that was over before the event came leads into the wait that the event ends', () => {
    const delayed = waiting.replace('steps:', 'steps:\n  - { id: first, type: delay, for: 1 day }')
    const customer = life({ delayed }).event('Go')
    customer.nowMs += dayMs
    expect(customer.event('Bought', { total: 10 }).messages).toMatchObject([{ step: 'thanks' }])
  })

  test('a wait for a condition ends when it holds, by news or by time', () => {
    const journey = onGo(`
  - { id: wait, type: wait-until, if: { orders.last: { before: 5 days } }, timeout: 30 days, on_timeout: end }
  - { id: hello, type: email, template: hello }`)
    const customer = life({ journey })
      .order()
      .event('Go')
      .pass(3 * dayMs)
      .order()
      .pass(20 * dayMs)
    expect(customer.messages.map(({ atMs }) => atMs - monday)).toEqual([8 * dayMs + 1])
  })

  test('a time window lets through at once or in time', () => {
    const journey = onGo(
      '  - { id: office, type: time-window, from: "09:00", to: "17:00", days: [mon, tue] }\n  - { id: hello, type: email, template: hello }',
    )
    expect(life({ journey }).event('Go').story).toEqual(['2026-01-05T12:00 hello'])
    expect(
      life({ journey })
        .pass(6 * hourMs)
        .event('Go')
        .pass(9 * dayMs).story,
    ).toEqual(['2026-01-06T09:00 hello'])
    expect(
      life({ journey })
        .pass(2 * dayMs)
        .event('Go')
        .pass(9 * dayMs).story,
    ).toEqual(['2026-01-12T09:00 hello'])
  })

  test('splits choose by the customer as they are after the move of the same look', () => {
    const journey = onGo(`
  - { id: split, type: split, if: { stage: acquire }, if_true: new, if_false: more }
  - { id: new, type: email, template: new, next: end }
  - id: more
    type: multi-split
    branches:
      - { name: two, if: { orders.count: 2 }, next: two }
      - { name: any, if: { orders.count: { at_least: 1 } }, next: one }
  - { id: other, type: email, template: other, next: end }
  - { id: one, type: email, template: one, next: end }
  - { id: two, type: email, template: two }`)
    const steps = (customer: Life): readonly string[] => customer.messages.map(({ step }) => step)
    expect(steps(life({ journey }).event('Go'))).toEqual(['new'])
    expect(steps(life({ journey }).hear({ kind: 'event', name: 'Go', properties: {} }).order())).toEqual(['one'])
    expect(steps(life({ journey }).order().order().event('Go'))).toEqual(['two'])
  })

  test('an experiment gives each customer one variant for ever, and each variant its share', () => {
    const journey = onGo(
      `
  - id: test
    type: experiment
    variants: [ { name: a, share: 0.25, next: a }, { name: b, share: 0.75, next: b } ]
  - { id: a, type: email, template: a, next: end }
  - { id: b, type: email, template: b }`,
      're_entry: always',
    )
    const definitions = definitionsOf({ journeys: { journey } })
    const chosen = Array.from({ length: 2_000 }, (_, i) => {
      const customer = new Life(definitions, someone({ id: `customer-${i}` })).event('Go').pass(dayMs).event('Go')
      const [first, second] = customer.messages.map(({ step }) => step)
      expect(second).toBe(first)
      return first
    })
    const shareOfA = chosen.filter((step) => step === 'a').length / chosen.length
    expect(shareOfA).toBeGreaterThan(0.21)
    expect(shareOfA).toBeLessThan(0.29)
  })

  test('a loop goes round with its delay, each time with a message of its own, until its bound', () => {
    const journey = onGo(
      '  - { id: hello, type: email, template: hello }\n  - { id: pause, type: delay, for: 1 day, next: hello }',
      'max_visits: 3',
    )
    const customer = life({ journey })
      .event('Go')
      .pass(30 * dayMs)
    expect(customer.messages.map(({ visit, id }) => [visit, id])).toEqual([
      [0, 'message:run:customer-1:journey:1:hello:0'],
      [1, 'message:run:customer-1:journey:1:hello:1'],
      [2, 'message:run:customer-1:journey:1:hello:2'],
    ])
    expect(customer.snapshot.pastRuns).toMatchObject([{ endReason: 'came to step "hello" more than 3 times' }])
  })

  test('an exit step ends the run with its reason', () => {
    const journey = onGo('  - { id: stop, type: exit, reason: enough }')
    expect(life({ journey }).event('Go').snapshot.pastRuns).toMatchObject([{ endReason: 'enough' }])
  })

  test('a message carries the short plain values of what started its run, and the constants of its step', () => {
    const journey = onGo('  - { id: hello, type: email, template: hello, data: { colour: red, total: 1 } }')
    const customer = life({ journey }).event('Go', {
      sku: 'cd-1',
      total: 5,
      tags: ['a', 'b'],
      products: [{ name: 'CD' }],
      text: 'x'.repeat(500),
      nothing: null,
    })
    expect(customer.messages[0]?.data).toEqual({ sku: 'cd-1', total: 1, tags: ['a', 'b'], colour: 'red' })
  })
})

describe('the contact policy within a journey', () => {
  test('a refusal is said and the run goes on', () => {
    const contact = { ...someone().contact, email: { reachable: true, suppressed: 'bounced', consents: {} } } as const
    const customer = life({ welcome }, openPolicy, someone({ contact }))
      .arrive()
      .pass(10 * dayMs)
    expect(customer.messages).toEqual([])
    expect(customer.said('message')).toEqual(['refused suppressed', 'refused suppressed'])
    expect(customer.snapshot.pastRuns).toMatchObject([{ endReason: 'reached the end' }])
  })

  const capped = `${openPolicy}\nchannels: { email: { caps: { per_day: 1 } } }`
  const two = (priority: number, id: string): string =>
    onGo(`  - { id: ${id}, type: email, template: hello }`, `priority: ${priority}`)

  test('the more important journey has the first place under a cap, the other one follows when there is room', () => {
    const customer = life({ small: two(10, 'small'), great: two(90, 'great') }, capped)
      .event('Go')
      .pass(5 * dayMs)
    expect(customer.story).toEqual(['2026-01-05T12:00 great', '2026-01-06T12:00 small'])
    expect(customer.said('message')).toEqual(['done planned', 'postponed cap:email', 'done planned'])
  })

  test('a capped message may be skipped instead, by the policy or by its step', () => {
    const skipping = `${openPolicy}\nchannels: { email: { caps: { per_day: 1 }, when_capped: skip } }`
    const journeys = { small: two(10, 'small'), great: two(90, 'great') }
    expect(
      life(journeys, skipping)
        .event('Go')
        .pass(5 * dayMs)
        .said('message'),
    ).toEqual(['done planned', 'skipped cap:email'])
    const patient = {
      ...journeys,
      small: two(10, 'small').replace('template: hello', 'template: hello, when_capped: postpone'),
    }
    expect(
      life(patient, skipping)
        .event('Go')
        .pass(5 * dayMs)
        .said('message'),
    ).toContain('postponed cap:email')
  })

  test('a message that would have to wait beyond all patience is skipped at once', () => {
    const impatient = capped.replace('patience: 30 days', 'patience: 23 hours')
    const customer = life({ small: two(10, 'small'), great: two(90, 'great') }, impatient)
      .event('Go')
      .pass(5 * dayMs)
    expect(customer.said('message')).toEqual(['done planned', 'skipped cap:email'])
  })

  test('a text message waits for the morning, says so once, and looks again when it comes', () => {
    const journey = onGo('  - { id: hello, type: sms, template: hello }')
    const customer = life({ journey })
      .pass(10 * hourMs)
      .event('Go')
    customer.look().pass(minuteMs).look().event('Something else').pass(dayMs)
    expect(customer.story).toEqual(['2026-01-06T08:00 hello'])
    expect(customer.said('message')).toEqual(['postponed quiet-hours', 'done planned'])
  })

  test('what changes while a message waits is seen when its time comes', () => {
    const journey = onGo('  - { id: hello, type: sms, template: hello }')
    const customer = life({ journey })
      .pass(10 * hourMs)
      .event('Go')
    const withdrawn = { reachable: true, suppressed: null, consents: { '*': 'withdrawn' } } as const
    customer
      .change({ contact: { email: withdrawn, sms: withdrawn } })
      .hear({ kind: 'contact' })
      .look()
    expect(customer.said('message')).toEqual(['postponed quiet-hours', 'refused consent'])
    expect(customer.pass(9 * dayMs).messages).toEqual([])
  })

  test('a planned message says until when it is worth sending', () => {
    const journey = onGo(
      '  - { id: a, type: email, template: hello, valid_for: 2 hours }\n  - { id: b, type: email, template: hello }',
    )
    const customer = life({ journey }).event('Go')
    expect(customer.messages.map(({ expiresAtMs }) => expiresAtMs)).toEqual([monday + 2 * hourMs, monday + dayMs])
  })
})

describe('an offer', () => {
  const offer = 'name: Ten\ndiscount: { type: percent, percent: 10 }\ncode_prefix: TEN\nvalid_for: 5 days'
  const journey = onGo(
    `
  - { id: coupon, type: offer, offer: ten, if_refused: sorry }
  - { id: hello, type: email, template: hello, offer: ten }
  - { id: pause, type: delay, for: 3 days }
  - { id: again, type: email, template: again, offer: ten, next: end }
  - { id: sorry, type: email, template: sorry }`,
    're_entry: always',
  )
  const definitions = definitionsOf({ journeys: { journey }, offers: { ten: offer, other: offer } })

  test('issues one coupon for all messages of the run', () => {
    const decision = decide(
      someone({ news: [{ id: 1, atMs: monday, kind: 'event', name: 'Go', properties: {} }] }),
      definitions,
      monday,
      identifiers,
    )
    const [coupon] = decision.coupons
    expect(decision.coupons).toEqual([
      { id: coupon!.id, offer: 'ten', code: expect.stringMatching(/^TEN-./), expiresAtMs: monday + 5 * dayMs },
    ])
    const customer = new Life(definitions).event('Go').pass(9 * dayMs)
    expect(customer.messages.map(({ step, couponId }) => [step, couponId])).toEqual([
      ['hello', coupon!.id],
      ['again', coupon!.id],
    ])
  })

  test('is not shown again once it was redeemed', () => {
    const customer = new Life(definitions)
      .event('Go')
      .change({ coupons: [] })
      .pass(9 * dayMs)
    expect(customer.messages.map(({ step }) => step)).toEqual(['hello'])
    expect(customer.said('message')).toEqual(['done planned', 'skipped no-coupon'])
  })

  test('that the customer already holds is used, not issued again', () => {
    const customer = new Life(definitions)
      .event('Go')
      .pass(3 * dayMs)
      .event('Go')
    expect(customer.snapshot.coupons).toHaveLength(1)
    expect(customer.said('offer')).toEqual(['done issued', 'done already-held'])
  })

  test('is refused while the customer holds another one', () => {
    const held = { id: 'c', offer: 'other', code: 'X', expiresAtMs: monday + dayMs }
    const customer = new Life(definitions, someone({ coupons: [held] })).event('Go')
    expect(customer.messages.map(({ step }) => step)).toEqual(['sorry'])
    expect(customer.said('offer')).toEqual(['refused offers-at-once'])
    const later = new Life(definitions, someone({ coupons: [held] }), monday + 2 * dayMs).event('Go')
    expect(later.said('offer')).toEqual(['done issued'])
  })

  test('is for those whom it is meant for', () => {
    const buyers = definitionsOf({
      journeys: { journey },
      offers: { ten: `${offer}\nif: { orders.count: { at_least: 1 } }` },
    })
    expect(new Life(buyers).event('Go').said('offer')).toEqual(['refused offer-condition'])
    expect(new Life(buyers).order().event('Go').said('offer')).toEqual(['done issued'])
  })

  test('that is no longer published is refused', () => {
    expect(new Life(definitionsOf({ journeys: { journey } })).event('Go').said('offer')).toEqual([
      'refused offer-unknown',
    ])
  })
})

describe('scores', () => {
  const ordered = (scoredMs: number | null, lastOrderMs: number): Snapshot =>
    someone({
      customer: { ...someone().customer, scoredMs },
      orders: { ...someone().orders, count: 1, firstOrderMs: lastOrderMs, lastOrderMs },
      news: [{ id: 1, atMs: monday, kind: 'arrived' }],
    })
  const definitions = definitionsOf({ journeys: { welcome } })

  test.each([
    ['an order after them', monday - 1, monday, true],
    ['an order, and nobody has ever scored', null, monday, true],
    ['an order at the same moment', monday, monday, false],
    ['an order before them', monday, monday - 1, false],
    ['an order from the future, which would be stale for ever', monday, monday + dayMs, false],
  ])('are stale or not: %s', (_, scoredMs, lastOrderMs, expected) => {
    const decision = decide(ordered(scoredMs, lastOrderMs), definitions, monday, identifiers)
    expect(decision.scoresAreStale).toBe(expected)
  })

  test('that are stale leave everything for the next review', () => {
    expect(decide(ordered(null, monday), definitions, monday, identifiers)).toEqual({
      move: null,
      atRisk: false,
      runs: [],
      messages: [],
      coupons: [],
      records: [],
      consumedNews: [],
      wakeAtMs: null,
      scoresAreStale: true,
    })
  })

  test('that cannot be had do not hold anybody up once that was tried', () => {
    const decision = decide(ordered(monday, monday), definitions, monday, identifiers)
    expect(decision).toMatchObject({ scoresAreStale: false, consumedNews: [1], move: { to: 'activate' } })
    expect(decision.messages).toHaveLength(1)
  })

  test('that were never asked for, without any order, do not either', () => {
    const decision = decide(
      someone({ customer: { ...someone().customer, scoredMs: null } }),
      definitions,
      monday,
      identifiers,
    )
    expect(decision.scoresAreStale).toBe(false)
  })
})

test('a move has its reason, once', () => {
  const customer = life({}).order()
  expect(customer.notes).toMatchObject([
    {
      kind: 'stage',
      outcome: 'done',
      rule: 'activate',
      detail: { from: 'acquire', to: 'activate', reason: 'first order' },
    },
  ])
  expect(customer.snapshot.customer).toMatchObject({ stage: 'activate', stageSinceMs: monday })
  customer.pass(dayMs).look()
  expect(customer.notes).toHaveLength(1)
  expect(customer.snapshot.customer.stageSinceMs).toBe(monday)
})

test('a move that time alone brings about comes at its moment', () => {
  const lifecycle = plainLifecycle.replace(
    'if: { orders.count: { at_least: 1 } }',
    'if: { orders.last: { within: 90 days } }',
  )
  const customer = new Life(definitionsOf({ lifecycle })).order().pass(100 * dayMs)
  expect(customer.notes.map(({ rule, atMs }) => [rule, atMs - monday])).toEqual([
    ['activate', 0],
    ['acquire', 90 * dayMs + 1],
  ])
})

test('risk without a move is remembered', () => {
  const scores = { churn: { value: 0.8, tier: null, scoredAtMs: monday } }
  const decision = decide(someone({ scores }), definitionsOf({}), monday, identifiers)
  expect(decision).toMatchObject({ move: null, atRisk: true })
})
