import { expect, test } from 'vitest'
import { interestingEvents, interestingTraits, rfmWaits } from '../../src/domain/interests.ts'
import { definitionsOf, journeyOf, plainLifecycle } from './support/definitions.ts'
import { onGo } from './support/journeys.ts'

const email = '  - { id: hello, type: email, template: hello }'
const waiting = (what: string): string => `  - { id: wait, type: wait-until, ${what}, timeout: 1 day }\n${email}`

test('events of entries, waits, goals and exit criteria are of interest, and all that changes orders', () => {
  const definitions = definitionsOf({
    journeys: {
      one: onGo(
        waiting('event: Replied'),
        'goal: { event: Bought }\nexit: [ { event: Unsubscribed }, { if: { at_risk: true } } ]',
      ),
    },
  })
  expect([...interestingEvents(definitions)].sort()).toEqual([
    'Bought',
    'Go',
    'Order Cancelled',
    'Order Completed',
    'Order Refunded',
    'Order Updated',
    'Replied',
    'Unsubscribed',
  ])
})

test('of a former version only what those who follow it wait for is of interest, not how it was entered', () => {
  const former = journeyOf('one', onGo(waiting('event: Replied')).replace('event: Go', 'event: Gone'), 'v0')
  const events = interestingEvents(definitionsOf({ former: [former] }))
  expect([events.has('Replied'), events.has('Gone')]).toEqual([true, false])
})

test('traits are of interest where a change of them may move somebody, not where they are asked for in passing', () => {
  const definitions = definitionsOf({
    lifecycle: plainLifecycle.replace('orders.count: { at_least: 6 }', 'trait.nps: { at_least: 9 }'),
    journeys: {
      one: onGo(
        `${waiting('if: { not: { trait.mood: bad } }')}
  - { id: split, type: split, if: { trait.colour: red }, if_true: end, if_false: end }`,
        'exit: [ { if: { any: [ trait.asleep: true, stage: refer ] } } ]',
      ),
    },
  })
  expect([...interestingTraits(definitions)].sort()).toEqual(['asleep', 'mood', 'nps'])
})

test('events are of interest too where a condition that somebody waits for counts them', () => {
  const counted = 'if: { event: { name: Lesson Finished, within: 30 days, count: { at_least: 3 } } }'
  const definitions = definitionsOf({
    journeys: {
      one: onGo(
        `${waiting(counted)}
  - { id: split, type: split, if: { event: Colour Chosen }, if_true: end, if_false: end }`,
        'exit: [ { if: { not: { event: Subscribed } } } ]',
      ),
    },
  })
  const events = interestingEvents(definitions)
  expect(['Lesson Finished', 'Subscribed', 'Colour Chosen'].map((name) => events.has(name))).toEqual([
    true,
    true,
    false,
  ])
})

test('traits computed by rule are told apart from those that the shop sends', () => {
  const definitions = definitionsOf({
    journeys: { one: onGo(waiting('if: { computed.views: { at_least: 3 } }'), 'exit: [ { if: { trait.views: 1 } } ]') },
  })
  expect([...interestingTraits(definitions)].sort()).toEqual(['computed.views', 'views'])
})

test('RFM scores are awaited where a step, a goal or a stage asks for them, not where a split does in passing', () => {
  const definitions = definitionsOf({
    lifecycle: plainLifecycle,
    journeys: {
      one: onGo(`${waiting('if: { rfm.recency: 5 }')}
  - { id: split, type: split, if: { rfm.monetary: 5 }, if_true: end, if_false: end }`),
      two: onGo(waiting('event: Replied'), 'goal: { if: { not: { rfm.frequency: { at_most: 2 } } } }'),
      three: onGo(waiting('if: { trait.mood: bad }')),
    },
  })
  const { ofLifecycle, ofRuns } = rfmWaits(definitions)
  expect(ofLifecycle).toBe(false)
  expect(
    ofRuns.map(({ journey, step }) => [journey, step]).toSorted((a, b) => String(a[0]).localeCompare(String(b[0]))),
  ).toEqual([
    ['one', 'wait'],
    ['two', null],
  ])
  const asking = plainLifecycle.replace('orders.count: { at_least: 6 }', 'rfm.monetary: 5')
  expect(rfmWaits(definitionsOf({ lifecycle: asking })).ofLifecycle).toBe(true)
})
