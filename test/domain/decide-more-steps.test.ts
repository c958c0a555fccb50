import { describe, expect, test } from 'vitest'
import { experimentKey } from '../../src/domain/definitions.ts'
import { dayMs, hourMs } from '../../src/domain/time.ts'
import { definitionsOf, openPolicy, problemsIn } from './support/definitions.ts'
import { life, onGo } from './support/journeys.ts'
import { Life, someone } from './support/life.ts'

describe('update-profile', () => {
  const journey = onGo(`
  - { id: learn, type: update-profile, set: { genre: jazz, visits: 3, old: null } }
  - { id: split, type: split, if: { trait.genre: jazz }, if_true: jazz, if_false: other }
  - { id: jazz, type: email, template: jazz, next: end }
  - { id: other, type: email, template: other }
`)

  test('sets traits that the rest of the run and later runs see, and removes what is null', () => {
    const before = someone({ customer: { ...someone().customer, traits: { old: 'x', kept: true } } })
    const customer = life({ journey }, openPolicy, before).event('Go')
    expect(customer.messages.map(({ step }) => step)).toEqual(['jazz'])
    expect(customer.snapshot.customer.traits).toEqual({ genre: 'jazz', visits: 3, kept: true })
  })

  test.each(['email', 'first_name', 'Phone'])('refuses to write the personal trait %s', (name) => {
    const text = onGo(`  - { id: learn, type: update-profile, set: { ${name}: x } }`)
    expect(problemsIn('journey', text)).toEqual([expect.stringContaining('has a name that is personal data')])
  })
})

describe('go-to-journey', () => {
  const first = onGo(`
  - { id: mail, type: email, template: a }
  - { id: on, type: go-to-journey, journey: second }
`)
  const second = `
name: Second
topic: news
entry: [ { type: api } ]
re_entry: { after: 10 days }
steps:
  - { id: later, type: email, template: b }
  - { id: wait, type: wait-until, event: Go, timeout: 1 day }
  - { id: last, type: email, template: c }
`

  test('completes the one and enters the other in the same look', () => {
    const customer = life({ first, second }).event('Go', { sku: 'x' })
    expect(customer.messages.map(({ journey, step }) => `${journey} ${step}`)).toEqual(['first mail', 'second later'])
    // What started the first is what the messages of the second may speak of.
    expect(customer.messages[1]?.data).toEqual({ sku: 'x' })
    expect(customer.snapshot.pastRuns).toMatchObject([{ journey: 'first', endReason: 'went on to second' }])
  })

  test('does not let in where the rules of the other stand against it', () => {
    const always = first.replace('steps:', 're_entry: always\nsteps:')
    const customer = life({ first: always, second })
      .event('Go')
      .pass(2 * dayMs)
      .event('Go')
    const entered = customer.messages.filter(({ step }) => step === 'later')
    expect(entered).toHaveLength(1)
    expect(customer.said('entry')).toContain('refused reentry:after')
  })

  test('two journeys that lead to each other in no time go round once', () => {
    const there = onGo('  - { id: on, type: go-to-journey, journey: back }', 're_entry: always')
    const back = there.replace('event: Go', 'event: Back').replace('journey: back', 'journey: there')
    const customer = life({ there, back }).event('Go')
    expect(customer.snapshot.runs).toEqual([])
    expect(customer.snapshot.pastRuns.length).toBeLessThanOrEqual(3)
  })

  test('to a journey that is not there is refused when it is published', () => {
    expect(() => definitionsOf({ journeys: { first } })).not.toThrow()
  })
})

describe('a task', () => {
  const journey = onGo(`
  - id: call
    type: task
    title: Call and ask what went wrong
    due_in: 1 day
    outcomes: [ { name: reached, next: thanks }, { name: no answer, next: sorry } ]
    timeout: 5 days
    on_timeout: end
  - { id: thanks, type: email, template: thanks, next: end }
  - { id: sorry, type: email, template: sorry }
`)

  test('is given once, however often somebody looks', () => {
    const customer = life({ journey }).event('Go').look().pass(hourMs).look()
    expect(customer.tasks).toMatchObject([
      {
        title: 'Call and ask what went wrong',
        outcomes: ['reached', 'no answer'],
        dueAtMs: customer.tasks[0]!.dueAtMs,
      },
    ])
    expect(customer.tasks[0]!.expiresAtMs - customer.tasks[0]!.dueAtMs).toBe(4 * dayMs)
  })

  test.each([
    ['reached', 'thanks'],
    ['no answer', 'sorry'],
  ])('goes on by its outcome %s', (outcome, step) => {
    const customer = life({ journey }).event('Go').pass(dayMs)
    customer.hear({ kind: 'task', taskId: customer.tasks[0]!.id, outcome }).look()
    expect(customer.messages.map((message) => message.step)).toEqual([step])
  })

  test('is not moved by another task, by an outcome that it does not have, or twice', () => {
    const customer = life({ journey }).event('Go')
    const { id } = customer.tasks[0]!
    customer.hear({ kind: 'task', taskId: 'another', outcome: 'reached' }).look()
    customer.hear({ kind: 'task', taskId: id, outcome: 'moon' }).look()
    expect(customer.messages).toEqual([])
    customer
      .hear({ kind: 'task', taskId: id, outcome: 'reached' }, { kind: 'task', taskId: id, outcome: 'reached' })
      .look()
    expect(customer.messages).toHaveLength(1)
  })

  test('times out', () => {
    const customer = life({ journey })
      .event('Go')
      .pass(6 * dayMs)
    expect(customer.snapshot.pastRuns).toMatchObject([{ endReason: 'reached the end' }])
    expect(customer.said('step')).toEqual(['done task', 'done timeout'])
  })

  test('an outcome that came before a late look counts, although its time was up by then', () => {
    const customer = life({ journey }).event('Go')
    customer.nowMs += 9 * dayMs
    customer.hear({ kind: 'task', taskId: customer.tasks[0]!.id, outcome: 'reached' }).look()
    expect(customer.messages.map(({ step }) => step)).toEqual(['thanks'])
  })
})

describe('a survey', () => {
  const journey = onGo(`
  - { id: ask, type: survey, template: nps, question: Would you recommend us?, scale: nps, timeout: 7 days, on_timeout: end }
  - { id: happy, type: split, if: { trait.nps: { at_least: 9 } }, if_true: refer, if_false: end }
  - { id: refer, type: email, template: refer }
`)

  test('asks, waits for the answer and goes on', () => {
    const customer = life({ journey }).event('Go').pass(dayMs)
    expect(customer.messages[0]?.data).toMatchObject({ survey: 'ask', survey_scale: 'nps', survey_trait: 'nps' })
    const { customer: facts } = customer.snapshot
    customer.change({ customer: { ...facts, traits: { nps: 10 } } })
    customer.event('Survey Answered', { survey: 'another', score: 1 })
    expect(customer.messages).toHaveLength(1)
    customer.event('Survey Answered', { survey: 'ask', score: 10 })
    expect(customer.messages.map(({ step }) => step)).toEqual(['ask', 'refer'])
  })

  test('goes on without an answer when its time is up, and at once where nobody could be asked', () => {
    expect(
      life({ journey })
        .event('Go')
        .pass(8 * dayMs).snapshot.pastRuns,
    ).toHaveLength(1)
    const silent = someone()
    const unreachable = {
      ...silent,
      contact: { ...silent.contact, email: { ...silent.contact.email, reachable: false } },
    }
    expect(life({ journey }, openPolicy, unreachable).event('Go').snapshot.pastRuns).toHaveLength(1)
  })
})

describe('a message that is refused', () => {
  test('leads where the step says', () => {
    const journey = onGo(`
  - { id: text, type: sms, template: a, next: end, if_refused: mail }
  - { id: mail, type: email, template: b }
`)
    const silent = someone()
    const noPhone = { ...silent, contact: { ...silent.contact, sms: { ...silent.contact.sms, reachable: false } } }
    expect(
      life({ journey })
        .event('Go')
        .messages.map(({ step }) => step),
    ).toEqual(['text'])
    expect(
      life({ journey }, openPolicy, noPhone)
        .event('Go')
        .messages.map(({ step }) => step),
    ).toEqual(['mail'])
  })
})

describe('an entry by hand', () => {
  const open = onGo('  - { id: mail, type: email, template: a }').replace(
    'entry: [ { type: event, event: Go } ]',
    'entry: [ { type: api, if: { stage: acquire } } ]',
  )

  test('enters a journey that is open to it, with what was given', () => {
    const customer = life({ open })
      .hear({ kind: 'entry', journey: 'open', properties: { reason: 'fair' } })
      .look()
    expect(customer.messages).toMatchObject([{ step: 'mail', data: { reason: 'fair' } }])
  })

  test('does nothing for a journey that is not, that is unknown, or whose condition does not hold', () => {
    const closed = onGo('  - { id: mail, type: email, template: a }')
    const entry = (journey: string) => ({ kind: 'entry', journey, properties: {} }) as const
    const customer = life({ open, closed }).hear(entry('closed'), entry('unknown')).look()
    expect(customer.messages).toEqual([])
    const active = someone({ customer: { ...someone().customer, stage: 'activate' } })
    const order = { ...active, orders: { ...active.orders, count: 1 } }
    const refused = life({ open }, openPolicy, order).hear(entry('open')).look()
    expect(refused.said('entry')).toEqual(['refused entry-condition'])
  })
})

describe('an experiment', () => {
  const journey = (shares: readonly number[], more = ''): string =>
    onGo(
      `
  - id: test
    type: experiment${more}
    variants:
      - { name: a, share: ${shares[0]}, next: a }
      - { name: b, share: ${shares[1]}, next: b }
      - { name: none, share: ${shares[2]}, hold_out: true }
  - { id: a, type: email, template: a, next: end }
  - { id: b, type: email, template: b }
`,
      're_entry: always',
    )

  /** How many of a thousand customers get each variant. */
  function counts(text: string, learned?: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
    const allocations = learned && new Map([[experimentKey('test', 'test'), learned]])
    const definitions = { ...definitionsOf({ journeys: { test: text } }), ...(allocations ? { allocations } : {}) }
    const found: Record<string, number> = { a: 0, b: 0, none: 0 }
    for (let i = 0; i < 1000; i++) {
      const customer = new Life(definitions, someone({ id: `customer-${i}` })).event('Go')
      const name = customer.snapshot.assignments?.['test/test'] ?? 'missing'
      found[name] = (found[name] ?? 0) + 1
      expect(customer.messages.map(({ step }) => step)).toEqual(name === 'none' ? [] : [name])
    }
    return found
  }

  test('spreads customers by the shares, and the hold-out gets nothing', () => {
    const { a = 0, b = 0, none = 0 } = counts(journey([0.5, 0.3, 0.2]))
    expect([Math.abs(a - 500), Math.abs(b - 300), Math.abs(none - 200)].every((away) => away < 60)).toBe(true)
  })

  test('that learns follows what was learned, and leaves the hold-out alone', () => {
    const learned = { a: 0.1, b: 0.9 }
    const { a = 0, b = 0, none = 0 } = counts(journey([0.4, 0.4, 0.2], '\n    allocation: thompson'), learned)
    expect([Math.abs(a - 80), Math.abs(b - 720), Math.abs(none - 200)].every((away) => away < 60)).toBe(true)
    // One that does not learn stays as it was written.
    expect(counts(journey([0.4, 0.4, 0.2]), learned)['a']).toBeGreaterThan(330)
  })

  test.each(Array.from({ length: 20 }, (_, i) => `customer-${i}`))(
    'gives %s the same variant again, also after the shares were changed',
    (id) => {
      const before = new Life(definitionsOf({ journeys: { test: journey([0.9, 0.05, 0.05]) } }), someone({ id })).event(
        'Go',
      )
      const first = before.snapshot.assignments
      const changed = new Life(
        definitionsOf({ journeys: { test: journey([0.05, 0.05, 0.9]) } }),
        before.snapshot,
        before.nowMs + dayMs,
      )
      expect(changed.event('Go').snapshot.assignments).toEqual(first)
    },
  )
})
