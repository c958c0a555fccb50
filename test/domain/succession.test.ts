/** Loops stay bounded however often people are moved between versions of their journey. */

import { expect, test } from 'vitest'
import type { Definitions, JourneyDefinition } from '../../src/domain/definitions.ts'
import type { StepMap } from '../../src/domain/in-flight.ts'
import { dayMs } from '../../src/domain/time.ts'
import { definitionsOf, journeyOf } from './support/definitions.ts'
import { Life, someone } from './support/life.ts'

/** A letter every five days, three of them at most. */
const round = (letter: string, week: string): string => `
name: Round
topic: news
entry: [ { type: arrived } ]
max_visits: 3
steps:
  - { id: ${letter}, type: email, template: t }
  - { id: ${week}, type: delay, for: 5 days, next: ${letter} }
`

const first = journeyOf('round', round('letter', 'week'), 'v0')

function followedBy(text: string, map: StepMap, former: readonly JourneyDefinition[] = [first]): Definitions {
  const definitions = definitionsOf({ journeys: { round: text }, former })
  return { ...definitions, successions: new Map([['round', { version: 'v1', inFlight: { choice: 'move', map } }]]) }
}

function movedAfterTwoLetters(definitions: Definitions): Life {
  const before: Definitions = {
    ...definitionsOf({ journeys: {} }),
    live: [first],
    journeys: new Map([['round@v0', first]]),
  }
  const customer = new Life(before, someone()).arrive().pass(6 * dayMs)
  expect(customer.story).toHaveLength(2)
  customer.definitions = definitions
  return customer
    .hear({ kind: 'journey', journey: 'round' })
    .look()
    .pass(200 * dayMs)
}

test('whoever goes on at another step has made the visits that they have made', () => {
  const customer = movedAfterTwoLetters(followedBy(round('letter', 'pause'), { week: 'pause' }))
  expect(customer.story).toHaveLength(3)
  expect(customer.snapshot.runs).toEqual([])
  expect(customer.notes.at(-1)).toMatchObject({ kind: 'exit', rule: 'max-visits' })
})

test('a step under a new name is a new one, and bounded like every other', () => {
  const customer = movedAfterTwoLetters(followedBy(round('note', 'week'), { week: 'week', letter: 'note' }))
  expect(customer.story).toHaveLength(2 + 2) // The week between them has been there all the time.
  expect(customer.snapshot.runs).toEqual([])
})

test('to be moved to a step counts as a visit: it sends no message a second time, and the loop ends no later', () => {
  const customer = movedAfterTwoLetters(followedBy(round('letter', 'pause'), { week: 'letter' }))
  expect(customer.story).toHaveLength(3)
  expect(customer.snapshot.runs).toEqual([])
})
