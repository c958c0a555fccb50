import { describe, expect, test } from 'vitest'
import { journeyOf, problemsIn } from './support/definitions.ts'

const journey = (steps: string, more = ''): string => `
name: Journey
topic: news
entry: [ { type: arrived } ]
${more}
steps:
${steps}
`

const email = '  - { id: hello, type: email, template: hello }'

describe('a journey is read with its defaults filled in', () => {
  test('steps follow each other in order, and the last one completes', () => {
    const { steps } = journeyOf(
      'test',
      journey(`${email}\n  - { id: pause, type: delay, for: 3 days }\n${email.replace('hello', 'bye')}`),
    )
    expect(steps.map(({ id, next }) => [id, next])).toEqual([
      ['hello', 'pause'],
      ['pause', 'bye'],
      ['bye', null],
    ])
  })

  test('targets may be named, and "end" completes', () => {
    const { steps } = journeyOf(
      'test',
      journey(`
  - { id: split, type: split, if: { stage: retain }, if_true: thanks, if_false: end }
  - { id: thanks, type: email, template: thanks, next: end }
`),
    )
    expect(steps[0]).toMatchObject({ ifTrue: 'thanks', ifFalse: null, next: 'thanks' })
    expect(steps[1]).toMatchObject({ next: null })
  })

  test('a message takes the topic of its journey, and is marketing', () => {
    const { steps, priority, reEntry, maxVisits } = journeyOf('test', journey(email))
    expect(steps[0]).toMatchObject({
      type: 'message',
      channel: 'email',
      topic: 'news',
      messageClass: 'marketing',
      offer: null,
    })
    expect({ priority, reEntry, maxVisits }).toEqual({ priority: 50, reEntry: { allowed: 'never' }, maxVisits: 20 })
  })

  test('days of a window are those of ISO 8601', () => {
    const { steps } = journeyOf(
      'test',
      journey(`
  - { id: office, type: time-window, from: "09:00", to: "24:00", days: [mon, sun] }
${email}`),
    )
    expect(steps[0]).toMatchObject({ window: { from: 540, to: 0, days: [1, 7] } })
  })
})

describe('a journey that cannot work is refused, with what, where and why', () => {
  test.each([
    ['no step', journey('  []'), 'steps []: must not be empty'],
    ['no entry', journey(email).replace('[ { type: arrived } ]', '[]'), 'entry []: must not be empty'],
    ['no topic', journey(email).replace('topic: news', ''), 'topic: is missing (must be a text)'],
    ['no name', journey(email).replace('name: Journey', ''), 'name: is missing'],
    [
      'an entry of an unknown type',
      journey(email).replace('type: arrived', 'type: landed'),
      'entry[0].type "landed": must be one of event, arrived, api, stage, segment, score',
    ],
    [
      'an entry for a stage that is none',
      journey(email).replace('type: arrived', 'type: stage, stage: happy'),
      'entry[0].stage "happy": must be one of acquire',
    ],
    [
      'an entry for an event without name',
      journey(email).replace('type: arrived', 'type: event'),
      'entry[0].event: is missing',
    ],
    [
      'a property test that is none',
      journey(email).replace('type: arrived', 'type: event, event: A, where: { total: { over: 5 } }'),
      'entry[0].where.total.over 5: is not known here',
    ],
    [
      'a step of an unknown type',
      journey('  - { id: a, type: pigeon }'),
      'steps[0].type "pigeon": must be one of email, sms, offer, delay',
    ],
    ['a step without id', journey('  - { type: email, template: hello }'), 'steps[0].id: is missing'],
    ['an id that is taken', journey(`${email}\n${email}`), 'steps[1].id "hello": must be the id of one step only'],
    ['the id "end"', journey(email.replace('hello', 'end')), 'must not be "end": that is where runs complete'],
    [
      'an id with blanks',
      journey(email.replace('id: hello', 'id: "hello you"')),
      'steps[0].id "hello you": must be 1 to 64 lower-case letters',
    ],
    [
      'a key that is not known',
      journey('  - { id: a, type: email, template: hello, subject: Hi }'),
      'steps[0].subject "Hi": is not known here',
    ],
    [
      'a target that does not exist',
      journey('  - { id: a, type: email, template: hello, next: b }'),
      'steps[0].next "b": must be the id of a step or "end"; known are end, a',
    ],
    [
      'a branch that leads nowhere',
      journey('  - { id: a, type: multi-split, branches: [ { name: x, if: { stage: retain }, next: b } ] }'),
      'steps[0].branches[0].next "b": must be the id of a step',
    ],
    [
      'a time-out that leads nowhere',
      journey('  - { id: a, type: wait-until, event: B, timeout: 1 day, on_timeout: b }'),
      'steps[0].on_timeout "b": must be the id of a step',
    ],
    [
      'a step that nobody reaches',
      journey(`  - { id: a, type: email, template: hello, next: end }\n${email}`),
      'steps[1].id "hello": is never reached',
    ],
    [
      'two steps that only reach each other',
      journey(
        `  - { id: a, type: email, template: hello, next: end }\n  - { id: b, type: delay, for: 1 day }\n  - { id: c, type: email, template: hello, next: b }`,
      ),
      'steps[1].id "b": is never reached',
    ],
    [
      'a loop that never waits',
      journey(email.replace(' }', ', next: hello }')),
      'steps[0].next "hello": closes a loop through "hello" that never waits',
    ],
    [
      'a loop that waits only on one of its ways',
      journey(`
  - { id: a, type: split, if: { stage: retain }, if_true: b, if_false: c }
  - { id: b, type: delay, for: 1 day, next: a }
  - { id: c, type: email, template: hello, next: a }`),
      'steps[2].next "a": closes a loop',
    ],
    [
      'a loop that waits for what may hold already',
      journey(`
  - { id: a, type: wait-until, if: { stage: retain }, timeout: 1 day }
  - { id: c, type: email, template: hello, next: a }`),
      'closes a loop',
    ],
    ['a delay of nothing', journey('  - { id: a, type: delay }'), 'must hold "for" or "until"'],
    [
      'a delay of a second',
      journey('  - { id: a, type: delay, for: 1 second }'),
      'steps[0].for "1 second": must be a minute at least',
    ],
    [
      'a delay of a month',
      journey('  - { id: a, type: delay, for: 1 month }'),
      'steps[0].for "1 month": must be a length of time',
    ],
    ['a wait for nothing', journey('  - { id: a, type: wait-until, timeout: 1 day }'), 'must hold "event" or "if"'],
    ['a wait for ever', journey('  - { id: a, type: wait-until, event: B }'), 'steps[0].timeout: is missing'],
    [
      'tests without an event',
      journey('  - { id: a, type: wait-until, if: { stage: retain }, where: { x: 1 }, timeout: 1 day }'),
      'steps[0].where {"x":1}: needs "event" beside it',
    ],
    [
      'a window of no length',
      journey('  - { id: a, type: time-window, from: "09:00", to: "09:00" }'),
      'steps[0].to "09:00": must differ from "from"',
    ],
    [
      'a weekday that is none',
      journey('  - { id: a, type: time-window, from: "09:00", to: "10:00", days: [noday] }'),
      'steps[0].days[0] "noday": must be one of mon, tue',
    ],
    [
      'shares that do not sum to 1',
      journey(
        '  - { id: a, type: experiment, variants: [ { name: x, share: 0.5, next: end }, { name: y, share: 0.4, next: end } ] }',
      ),
      'must have shares that sum to 1',
    ],
    [
      'variants of the same name',
      journey(
        '  - { id: a, type: experiment, variants: [ { name: x, share: 0.5, next: end }, { name: x, share: 0.5, next: end } ] }',
      ),
      'must have different names',
    ],
    [
      'a coupon that no step issues',
      journey('  - { id: a, type: email, template: hello, offer: ten }'),
      'steps[0].offer "ten": is issued by no step',
    ],
    [
      'a goal of two kinds',
      journey(email, 'goal: { event: A, if: { stage: retain } }'),
      'goal {"event":"A","if":{"stage":"retain"}}: must hold either "event" or "if"',
    ],
    [
      'a condition inside a step',
      journey('  - { id: a, type: split, if: { all: [ stage: retain, orders.count: few ] } }'),
      'steps[0].if.all[1].orders.count "few": must be a number or a mapping',
    ],
    [
      'a re-entry that is none',
      journey(email, 're_entry: sometimes'),
      're_entry "sometimes": must be one of never, always or a mapping',
    ],
    ['a cap for a channel that is none', journey(email, 'caps: { fax: { per_day: 1 } }'), 'caps.fax'],
    ['a priority above all', journey(email, 'priority: 101'), 'priority 101: must be at most 100'],
    ['a list', '- 1', 'document [1]: must be a mapping'],
    ['nothing', '', 'must be a mapping'],
  ])('%s', (_, text, expected) => {
    expect(problemsIn('journey', text).join('\n')).toContain(expected)
  })

  test('all problems are told at once', () => {
    const problems = problemsIn(
      'journey',
      journey('  - { id: A, type: email }\n  - { id: b, type: delay, for: ever }').replace('name: Journey', 'name: ""'),
    )
    expect(problems).toHaveLength(4)
  })
})

describe('an offer that cannot be is refused', () => {
  const offer = 'name: Ten\ndiscount: { type: percent, percent: 10 }\ncode_prefix: TEN'
  test.each([
    ['more than all', offer.replace('percent: 10', 'percent: 110'), 'discount.percent 110: must be at most 100'],
    ['nothing off', offer.replace('percent: 10', 'percent: 0'), 'discount.percent 0: must be more than 0'],
    [
      'money without a currency',
      offer.replace('type: percent, percent: 10', 'type: amount, amount_cents: 500'),
      'discount.currency: is missing',
    ],
    [
      'a prefix that nobody can type',
      offer.replace('code_prefix: TEN', 'code_prefix: "ten %"'),
      'code_prefix "ten %": must be 2 to 12 capital letters',
    ],
    [
      'made-up codes without a beginning',
      offer.replace('code_prefix: TEN', ''),
      'code_prefix: is missing: generated codes begin with it',
    ],
    ['a pool with a prefix', `${offer}\ncodes: pool`, 'code_prefix "TEN": must not be given'],
    ['codes from somewhere', `${offer}\ncodes: shop`, 'codes "shop": must be one of generated, pool'],
    ['a limit of nothing', `${offer}\nper_customer: 0`, 'per_customer 0: must be at least 1'],
    ['a budget of halves', `${offer}\nbudget: { coupons: 1.5 }`, 'budget.coupons 1.5: must be'],
    ['a budget without a limit', `${offer}\nbudget: {}`, 'budget {}: must limit "coupons", "cost" or both'],
    [
      'a cost that nobody can know',
      `${offer}\nbudget: { cost: { amount_cents: 5, currency: EUR } }`,
      'budget.cost {"amount_cents":5,"currency":"EUR"}: needs a discount of a known size',
    ],
    [
      'a cost in other money',
      `${offer.replace('percent: 10', 'percent: 10, at_most: { amount_cents: 500, currency: EUR }')}
budget: { cost: { amount_cents: 900, currency: USD } }`,
      'budget.cost.currency "USD": must be the currency of the discount, "EUR"',
    ],
    [
      'a cost too small for one coupon',
      `${offer.replace('percent: 10', 'percent: 10, at_most: { amount_cents: 500, currency: EUR }')}
budget: { cost: { amount_cents: 499, currency: EUR } }`,
      'budget.cost.amount_cents 499: must be enough for one coupon, which may cost 500',
    ],
    [
      'something back from what never expires',
      `${offer}\nbudget: { coupons: 5, returns: true }`,
      'budget.returns true: needs "valid_for"',
    ],
  ])('%s', (_, text, expected) => {
    expect(problemsIn('offer', text).join('\n')).toContain(expected)
  })

  test('while a good one is not', () => {
    expect(problemsIn('offer', offer)).toEqual([])
  })
})
