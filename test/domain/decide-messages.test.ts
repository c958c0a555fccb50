import { describe, expect, test } from 'vitest'
import { decide } from '../../src/domain/decide.ts'
import { dayMs, hourMs, minuteMs } from '../../src/domain/time.ts'
import { definitionsOf, openPolicy } from './support/definitions.ts'
import { life, onGo, welcome } from './support/journeys.ts'
import { identifiers, Life, monday, someone } from './support/life.ts'

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
      {
        id: coupon!.id,
        offer: 'ten',
        costCents: null,
        code: expect.stringMatching(/^TEN-./),
        expiresAtMs: monday + 5 * dayMs,
      },
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

  describe('that is personal', () => {
    const personal = journey.replace(
      'offer: ten, if_refused: sorry',
      'offer: ten, personal: [{ if: { score.clv: { at_least: 900 } }, offer: big }, { if: { match.recommendation: lp }, offer: record }], if_refused: sorry',
    )
    const offers = { ten: offer, big: offer.replace('TEN', 'BIG'), record: offer.replace('TEN', 'LP') }
    const known = definitionsOf({ journeys: { journey: personal }, offers })
    const valuable = { clv: { value: 1_000, tier: null, scoredAtMs: monday } }
    const given = (change: Parameters<typeof someone>[0]): readonly (string | null | undefined)[] => {
      const customer = new Life(known, someone({ more: { matches: [] }, ...change } as typeof change)).event('Go')
      return [customer.snapshot.coupons[0]?.offer, customer.messages[0]?.couponId]
    }
    const usedUp = { big: { had: 0, centsLeft: null, exhausted: 'offer-budget' as const } }

    test.each([
      ['nobody in particular', {}, 'ten'],
      ['a valuable customer', { scores: valuable }, 'big'],
      [
        'somebody for whom a model recommends it',
        { more: { matches: [{ kind: 'recommendation', key: 'lp' }] } },
        'record',
      ],
      ['a valuable one, after all are gone', { scores: valuable, offers: usedUp }, 'ten'],
    ])('%s gets theirs, and the message shows it', (_, change, expected) => {
      const [got, shown] = given(change as Parameters<typeof someone>[0])
      expect(got).toBe(expected)
      expect(shown).toMatch(/coupon/)
    })

    test('whoever holds one of them keeps it, also when another one would fit by now', () => {
      const held = { id: 'c', offer: 'big', code: 'BIG-1', expiresAtMs: monday + dayMs }
      const customer = new Life(known, someone({ coupons: [held] })).event('Go')
      expect(customer.said('offer')).toEqual(['done already-held'])
      expect(customer.messages[0]?.couponId).toBe('c')
    })
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
