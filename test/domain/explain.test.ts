import { describe, expect, test } from 'vitest'
import { explain, type KeptDecision } from '../../src/domain/explain.ts'
import { dayMs } from '../../src/domain/time.ts'
import { life, onGo, welcome } from './support/journeys.ts'
import { someone } from './support/life.ts'

const made = (change: Partial<KeptDecision>): KeptDecision => ({
  kind: 'message',
  journey: 'welcome',
  step: 'nudge',
  outcome: 'refused',
  rule: 'consent',
  detail: { channel: 'sms' },
  ...change,
})

describe('a decision in a sentence', () => {
  const quiet = { rule: 'quiet-hours', outcome: 'postponed', detail: { channel: 'email', until_ms: 868_372_070_804 } }
  test.each<[Partial<KeptDecision>, string]>([
    [{}, 'The SMS welcome › nudge was not sent: there is no consent for it'],
    [quiet, 'The email welcome › nudge was put off until 1997-07-08 14:27 UTC: it is night where they live'],
    [
      { rule: 'cap:email', outcome: 'skipped', detail: { channel: 'email', per_day: 1 } },
      'The email welcome › nudge was passed over: they have had as many as they may for now (per day 1)',
    ],
    [
      { outcome: 'done', rule: 'planned', detail: { channel: 'email', template: 'hello' } },
      'The email welcome › nudge was planned, with the template hello',
    ],
    [
      { kind: 'entry', step: null, rule: 'reentry:never', detail: {} },
      'Did not enter welcome: they have been in it before, and it lets people in once',
    ],
    [
      { kind: 'entry', step: null, outcome: 'done', rule: 'entry:event', detail: { event: 'Product Added' } },
      'Entered welcome because of the event “Product Added”',
    ],
    [
      { kind: 'offer', rule: 'offers-at-once', detail: { offer: 'ten' } },
      'The offer ten was not given: they hold as many coupons as they may at once',
    ],
    [{ kind: 'novel', rule: 'unheard-of' }, 'novel refused: unheard-of'],
    [{ kind: 'step', outcome: 'done', rule: 'new-rule', detail: { a: 1 } }, 'At welcome › nudge: new-rule (a 1)'],
  ])('%j', (change, sentence) => {
    expect(explain(made(change))).toBe(sentence)
  })

  test('tells the whole way to a message, and its end', () => {
    const customer = life({ welcome })
      .arrive()
      .pass(4 * dayMs)
    const told = customer.order().notes.map((note) => explain(note))
    expect(told).toEqual([
      'Entered welcome on arrival',
      'The email welcome › hello was planned, with the template hello',
      'The email welcome › nudge was planned, with the template nudge',
      'Left welcome: reached the end',
      'Moved from acquire to activate: first order',
    ])
  })

  test('tells a journey that somebody left for its goal', () => {
    const customer = life({ welcome }).arrive().order()
    expect(customer.notes.map((note) => explain(note))).toContain('Left welcome: goal: Order Completed')
  })

  test('has a sentence for every rule that a life full of refusals brings up, without showing its name', () => {
    const journey = onGo(`
  - { id: text, type: sms, template: t }
  - { id: mail, type: email, template: t }
`)
    const silent = someone()
    const nobody = {
      ...silent,
      contact: {
        email: { ...silent.contact.email, consents: { '*': 'withdrawn' as const } },
        sms: { ...silent.contact.sms, reachable: false },
      },
    }
    const told = life({ journey }, undefined, nobody).event('Go').event('Go').notes
    for (const note of told) expect(explain(note)).not.toContain(`: ${note.rule}`)
  })
})
