/** Lives with the journeys of one test. */

import type { Snapshot } from '../../../src/domain/snapshot.ts'
import { definitionsOf, openPolicy } from './definitions.ts'
import { Life } from './life.ts'

/** Two messages three days apart, for whoever arrives, until the first order. */
export const welcome = `
name: Welcome
topic: news
entry: [ { type: arrived } ]
goal: { event: Order Completed }
steps:
  - { id: hello, type: email, template: hello }
  - { id: pause, type: delay, for: 3 days }
  - { id: nudge, type: email, template: nudge }
`

/** A customer of a shop with these journeys. */
export function life(journeys: Readonly<Record<string, string>>, policy = openPolicy, snapshot?: Snapshot): Life {
  return new Life(definitionsOf({ journeys, policy }), snapshot)
}

/** A journey of these steps, entered by the event "Go". */
export const onGo = (steps: string, more = ''): string => `
name: Go
topic: news
entry: [ { type: event, event: Go } ]
${more}
steps:
${steps}
`
