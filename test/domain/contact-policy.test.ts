import { describe, expect, test } from 'vitest'
import { type Addressee, type ContactQuestion, consentTo, mayContact } from '../../src/domain/contact-policy.ts'
import type { ContactPolicy } from '../../src/domain/definitions.ts'
import type { Channel, ContactFacts, MessageClass, RecentMessageFacts } from '../../src/domain/snapshot.ts'
import { dayMs, hourMs } from '../../src/domain/time.ts'
import { definitionsOf, openPolicy, problemsIn } from './support/definitions.ts'
import { monday } from './support/life.ts'

const policyOf = (more: string): ContactPolicy => definitionsOf({ policy: `${openPolicy}\n${more}` }).policy
const open = policyOf('')

function question(change: Partial<ContactQuestion> = {}): ContactQuestion {
  return {
    channel: 'email',
    messageClass: 'marketing',
    topic: 'news',
    journey: 'welcome',
    journeyCaps: undefined,
    ...change,
  }
}

function addressee(change: Partial<Addressee> & { contact?: Partial<ContactFacts> } = {}): Addressee {
  return {
    customerId: 'customer-1',
    timeZone: 'UTC',
    recentMessages: [],
    ...change,
    contact: { reachable: true, suppressed: null, consents: {}, ...change.contact },
  }
}

function sent(daysAgo: number, change: Partial<RecentMessageFacts> = {}): RecentMessageFacts {
  return { channel: 'email', journey: 'welcome', messageClass: 'marketing', atMs: monday - daysAgo * dayMs, ...change }
}

describe('consent', () => {
  const granted = { '*': 'granted' } as const
  const withdrawn = { '*': 'withdrawn' } as const

  test.each<[string, Channel, MessageClass, ContactFacts['consents'], 'consent' | undefined]>([
    ['email may be implied', 'email', 'marketing', {}, undefined],
    ['text messages need a yes', 'sms', 'marketing', {}, 'consent'],
    ['a yes to everything is one', 'sms', 'marketing', granted, undefined],
    ['a yes to the topic is one', 'sms', 'marketing', { news: 'granted' }, undefined],
    ['a yes to another topic is none', 'sms', 'marketing', { orders: 'granted' }, 'consent'],
    ['a no to everything ends it', 'email', 'marketing', withdrawn, 'consent'],
    ['a no to the topic ends it', 'email', 'marketing', { news: 'withdrawn' }, 'consent'],
    ['a no to another topic does not', 'email', 'marketing', { orders: 'withdrawn' }, undefined],
    [
      'a no to the topic outweighs a yes to everything',
      'email',
      'marketing',
      { '*': 'granted', news: 'withdrawn' },
      'consent',
    ],
    [
      'a no to everything outweighs a yes to the topic',
      'email',
      'marketing',
      { '*': 'withdrawn', news: 'granted' },
      'consent',
    ],
    ['transactional messages need no yes', 'sms', 'transactional', {}, undefined],
    ['transactional messages pass a no to marketing', 'email', 'transactional', withdrawn, undefined],
  ])('%s', (_, channel, messageClass, consents, rule) => {
    const verdict = mayContact(
      question({ channel, messageClass }),
      addressee({ contact: { consents } as ContactFacts }),
      open,
      monday,
    )
    expect(verdict.allowed ? undefined : verdict.rule).toBe(rule)
  })

  test('email may be made to need a yes as well', () => {
    const strict = policyOf('channels: { email: { consent: express } }')
    expect(mayContact(question(), addressee(), strict, monday)).toMatchObject({ rule: 'consent', notBeforeMs: null })
    const willing = addressee({ contact: { consents: { news: 'granted' } } as never })
    expect(mayContact(question(), willing, strict, monday)).toEqual({ allowed: true })
  })

  test('a topic with the name of a property of every object is only a topic', () => {
    const contact: ContactFacts = { reachable: true, suppressed: null, consents: {} }
    expect(consentTo('constructor', contact)).toBe('none')
  })
})

test.each<[string, Partial<ContactFacts>, string]>([
  ['nobody without an address', { reachable: false }, 'no-address'],
  ['nobody whose address is suppressed', { suppressed: 'bounced' }, 'suppressed'],
])('%s is written to, whatever the class of the message', (_, contact, rule) => {
  for (const messageClass of ['marketing', 'transactional'] as const) {
    const verdict = mayContact(
      question({ messageClass }),
      addressee({ contact: contact as ContactFacts }),
      open,
      monday,
    )
    expect(verdict).toMatchObject({ allowed: false, rule, notBeforeMs: null })
  }
})

describe('frequency caps', () => {
  const capped = policyOf('channels: { email: { caps: { per_day: 1, per_week: 3, per_month: 5 } } }')

  test.each<[string, readonly RecentMessageFacts[], number | undefined]>([
    ['nothing sent yet', [], undefined],
    ['one 23 hours ago: wait for the hour', [sent(23 / 24)], monday + hourMs],
    ['one exactly a day ago is out of the day', [sent(1)], undefined],
    ['three within the week: until the oldest is a week old', [sent(2), sent(4), sent(6.5)], monday + 0.5 * dayMs],
    ['the cap that lasts longest counts', [sent(0.5), sent(4), sent(5)], monday + 2 * dayMs],
    ['two within the week', [sent(2), sent(6.9), sent(7)], undefined],
    [
      'more than allowed, as after a cap was lowered',
      [sent(1.5), sent(2), sent(3), sent(4), sent(5)],
      monday + 25 * dayMs,
    ],
    ['another channel does not count', [sent(0.1, { channel: 'sms' })], undefined],
    ['transactional messages do not count', [sent(0.1, { messageClass: 'transactional' })], undefined],
    ['other journeys do count', [sent(0.5, { journey: 'vip' })], monday + 0.5 * dayMs],
  ])('%s', (_, recentMessages, notBeforeMs) => {
    const verdict = mayContact(question(), addressee({ recentMessages }), capped, monday)
    expect(verdict.allowed ? undefined : verdict.notBeforeMs).toBe(notBeforeMs)
    if (verdict.allowed) return
    expect(verdict.rule).toBe('cap:email')
    // At the moment that was named it is allowed, a moment earlier it is not.
    const at = (momentMs: number): boolean =>
      mayContact(question(), addressee({ recentMessages }), capped, momentMs).allowed
    expect(at(verdict.notBeforeMs!)).toBe(true)
    expect(at(verdict.notBeforeMs! - 1)).toBe(false)
  })

  test('transactional messages pass', () => {
    const recentMessages = [sent(0.1), sent(0.2), sent(0.3)]
    const verdict = mayContact(
      question({ messageClass: 'transactional' }),
      addressee({ recentMessages }),
      capped,
      monday,
    )
    expect(verdict).toEqual({ allowed: true })
  })

  test('a journey may have caps of its own', () => {
    const recentMessages = [sent(3), sent(2, { journey: 'vip' })]
    const own = question({ journeyCaps: { perWeek: 1 } })
    expect(mayContact(own, addressee({ recentMessages }), open, monday)).toMatchObject({
      rule: 'cap:journey',
      notBeforeMs: monday + 4 * dayMs,
      detail: { per_week: 1 },
    })
    expect(mayContact({ ...own, journey: 'other' }, addressee({ recentMessages }), open, monday).allowed).toBe(true)
  })

  test('a cap of none is never free', () => {
    const none = policyOf('channels: { email: { caps: { per_day: 0 } } }')
    expect(mayContact(question(), addressee(), none, monday)).toMatchObject({ rule: 'cap:email', notBeforeMs: null })
  })
})

describe('quiet hours', () => {
  const at = (text: string): number => Date.parse(`${text}:00Z`)
  const sms = question({ channel: 'sms' })
  const yes = { consents: { '*': 'granted' } } as unknown as ContactFacts

  test.each<[string, string, string, string | undefined]>([
    ['in the middle of the day', 'UTC', '2026-01-05T12:00', undefined],
    ['at 21:00', 'UTC', '2026-01-05T21:00', '2026-01-06T08:00'],
    ['a minute earlier', 'UTC', '2026-01-05T20:59', undefined],
    ['at 07:59', 'UTC', '2026-01-05T07:59', '2026-01-05T08:00'],
    ['at 08:00', 'UTC', '2026-01-05T08:00', undefined],
    ['noon in London is night in Los Angeles', 'America/Los_Angeles', '2026-01-05T12:00', '2026-01-05T16:00'],
    ['the night of the change to summer time is shorter', 'America/New_York', '2026-03-08T02:30', '2026-03-08T12:00'],
    ['the night of the change back is longer', 'America/New_York', '2026-11-01T01:30', '2026-11-01T13:00'],
    ['where the zone is not known, the default counts', 'Nowhere/Else', '2026-01-05T23:00', '2026-01-06T08:00'],
  ])('%s', (_, timeZone, moment, until) => {
    const verdict = mayContact(sms, addressee({ timeZone, contact: yes }), open, at(moment))
    const expected =
      until === undefined ? { allowed: true } : { allowed: false, rule: 'quiet-hours', notBeforeMs: at(until) }
    expect(verdict).toMatchObject(expected)
  })

  test('text messages keep them also when they are transactional', () => {
    const late = mayContact({ ...sms, messageClass: 'transactional' }, addressee(), open, at('2026-01-05T23:00'))
    expect(late).toMatchObject({ rule: 'quiet-hours' })
  })

  test('email has none unless they are given', () => {
    expect(mayContact(question(), addressee(), open, at('2026-01-05T23:00'))).toEqual({ allowed: true })
    const calm = policyOf('channels: { email: { quiet_hours: { from: "22:00", to: "07:00" } } }')
    expect(mayContact(question(), addressee(), calm, at('2026-01-05T23:00'))).toMatchObject({
      rule: 'quiet-hours',
      notBeforeMs: at('2026-01-06T07:00'),
    })
  })

  test('the morning is spread over customers, each with a place of its own', () => {
    const spread = definitionsOf({ policy: openPolicy.replace('spread: 0 seconds', 'spread: 1 hour') }).policy
    const moments = Array.from({ length: 300 }, (_, i) => {
      const verdict = mayContact(
        sms,
        addressee({ customerId: `customer-${i}`, contact: yes }),
        spread,
        at('2026-01-05T03:00'),
      )
      return verdict.allowed ? 0 : verdict.notBeforeMs! - at('2026-01-05T08:00')
    })
    expect(Math.min(...moments)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...moments)).toBeLessThan(hourMs)
    expect(new Set(moments).size).toBeGreaterThan(290)
    const perQuarter = [0, 1, 2, 3].map(
      (quarter) => moments.filter((ms) => Math.floor(ms / (hourMs / 4)) === quarter).length,
    )
    for (const count of perQuarter) expect(count).toBeGreaterThan(45)
  })
})

test('the hold-out gets no marketing, always the same people, about as many as asked for', () => {
  const tenth = policyOf('hold_out: 0.1')
  const customers = Array.from({ length: 2_000 }, (_, i) => addressee({ customerId: `customer-${i}` }))
  const heldOut = customers.filter((each) => !mayContact(question(), each, tenth, monday).allowed)
  expect(heldOut.length).toBeGreaterThan(150)
  expect(heldOut.length).toBeLessThan(250)
  for (const each of heldOut) {
    expect(mayContact(question(), each, tenth, monday + dayMs)).toMatchObject({ rule: 'hold-out', notBeforeMs: null })
    expect(mayContact(question({ messageClass: 'transactional' }), each, tenth, monday)).toEqual({ allowed: true })
  }
})

describe('a contact policy that cannot be is refused', () => {
  test.each([
    [
      'text messages in the evening',
      'channels: { sms: { quiet_hours: { from: "22:00", to: "08:00" } } }',
      'channels.sms.quiet_hours {"from":"22:00","to":"08:00"}: must cover the hours from 21:00 to 08:00',
    ],
    [
      'text messages in the morning',
      'channels: { sms: { quiet_hours: { from: "20:00", to: "07:00" } } }',
      'must cover the hours from 21:00 to 08:00',
    ],
    [
      'quiet hours by day only',
      'channels: { sms: { quiet_hours: { from: "08:00", to: "21:00" } } }',
      'must cover the hours from 21:00 to 08:00',
    ],
    [
      'text messages without a yes',
      'channels: { sms: { consent: implied } }',
      'channels.sms.consent "implied": must be one of',
    ],
    [
      'a time that is none',
      'channels: { email: { quiet_hours: { from: "25:00", to: "07:00" } } }',
      'channels.email.quiet_hours.from "25:00": must be a time of day',
    ],
    [
      'quiet hours of no length',
      'channels: { email: { quiet_hours: { from: "07:00", to: "07:00" } } }',
      'must begin and end at different times',
    ],
    [
      'half a message',
      'channels: { email: { caps: { per_day: 0.5 } } }',
      'channels.email.caps.per_day 0.5: must be a whole number',
    ],
    [
      'fewer than none',
      'channels: { email: { caps: { per_day: -1 } } }',
      'channels.email.caps.per_day -1: must be at least 0',
    ],
    ['a channel that is not known', 'channels: { fax: {} }', 'channels.fax {}: is not known here'],
    ['a hold-out of all and more', 'hold_out: 1.5', 'hold_out 1.5: must be at most 1'],
  ])('%s', (_, more, expected) => {
    expect(problemsIn('contact-policy', `${openPolicy}\n${more}`).join('\n')).toContain(expected)
  })

  test('a zone that is none', () => {
    const text = openPolicy.replace('default_time_zone: UTC', 'default_time_zone: Mars/Olympus')
    expect(problemsIn('contact-policy', text)).toEqual([
      'default_time_zone "Mars/Olympus": must be an IANA time zone such as "Europe/Berlin"',
    ])
  })

  test('no topic at all', () => {
    const text = openPolicy.replace(/topics:.*/, 'topics: {}')
    expect(problemsIn('contact-policy', text)).toEqual(['topics {}: must not be empty'])
  })
})

describe('consent that a purchase or an inquiry implies', () => {
  const casl = policyOf('channels: { email: { implied_for: { after_purchase: 730 days, after_inquiry: 182 days } } }')
  const ago = (days: number): number => monday - days * dayMs
  type Known = { bought?: number; inquired?: number; said?: ContactFacts['consents'] }

  test.each<[string, Known, 'allowed' | 'ended' | 'withdrawn']>([
    ['nobody bought or asked anything', {}, 'ended'],
    ['a purchase of the last two years', { bought: ago(729) }, 'allowed'],
    ['a millisecond before its end', { bought: ago(730) + 1 }, 'allowed'],
    ['at its end', { bought: ago(730) }, 'ended'],
    ['an inquiry of the last six months', { inquired: ago(181) }, 'allowed'],
    ['an inquiry, at its end', { inquired: ago(182) }, 'ended'],
    ['an old purchase, and a new inquiry', { bought: ago(900), inquired: ago(3) }, 'allowed'],
    ['an old inquiry, and a new purchase', { bought: ago(3), inquired: ago(300) }, 'allowed'],
    ['a yes in words never ends', { bought: ago(2_000), said: { '*': 'granted' } }, 'allowed'],
    ['a no in words ends what a purchase implies', { bought: ago(1), said: { news: 'withdrawn' } }, 'withdrawn'],
  ])('%s', (_, { bought = null, inquired, said = {} }, expected) => {
    const who = addressee({
      lastOrderMs: bought,
      contact: { consents: said, ...(inquired === undefined ? {} : { inquiredMs: inquired }) } as ContactFacts,
    })
    const verdict = mayContact(question(), who, casl, monday)
    const word = { ended: 'implied consent ended', withdrawn: 'withdrawn', allowed: undefined }[expected]
    expect(verdict).toMatchObject(word === undefined ? { allowed: true } : { rule: 'consent', detail: { word } })
    expect(mayContact(question({ messageClass: 'transactional' }), who, casl, monday).allowed).toBe(true)
  })
})
