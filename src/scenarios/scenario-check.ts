/** What a scenario names must exist, or an expectation could never be met and a refusal never be noticed. */

import type { Definitions } from '../domain/definitions.ts'
import type { Step } from '../domain/steps.ts'
import type { ScenarioDocument } from './scenario-schema.ts'

export interface ScenarioProblem {
  readonly path: readonly (string | number)[]
  readonly rule: string
}

export function checkScenarios(document: ScenarioDocument, definitions: Definitions): readonly ScenarioProblem[] {
  const known = new Known(definitions)
  const journeys = (document.journeys ?? []).flatMap((journey, i) => known.journey(['journeys', i], journey))
  return [...journeys, ...document.scenarios.flatMap((_, i) => checkScenario(document, i, known))]
}

function checkScenario(document: ScenarioDocument, i: number, known: Known): readonly ScenarioProblem[] {
  const scenario = document.scenarios[i] as ScenarioDocument['scenarios'][number]
  const { given, events, expect } = scenario
  const at = (...path: (string | number)[]): (string | number)[] => ['scenarios', i, ...path]
  const isLookedAt = (path: (string | number)[], place: string): ScenarioProblem[] => {
    const [journey = ''] = place.split('/')
    if (document.journeys === undefined || document.journeys.includes(journey)) return []
    return [{ path, rule: `is of a journey that is not looked at; looked at: ${document.journeys.join(', ')}` }]
  }
  return [
    ...known.consents(at('given', 'consent'), given.consent),
    ...Object.keys(given.variants).flatMap((place) => known.step(at('given', 'variants', place), place, 'experiment')),
    ...events.flatMap(({ enter, order, consent }, j) => [
      ...(enter === undefined ? [] : known.journey(at('events', j, 'enter'), enter)),
      ...(order?.coupon === undefined ? [] : known.offer(at('events', j, 'order', 'coupon'), order.coupon)),
      ...known.consents(at('events', j, 'consent'), consent ?? {}),
    ]),
    ...expect.messages.flatMap(({ message }, j) => [
      ...known.step(at('expect', 'messages', j, 'message'), message, 'message'),
      ...isLookedAt(at('expect', 'messages', j, 'message'), message),
    ]),
    ...expect.tasks.flatMap(({ task }, j) => [
      ...known.step(at('expect', 'tasks', j, 'task'), task, 'task'),
      ...isLookedAt(at('expect', 'tasks', j, 'task'), task),
    ]),
    ...expect.coupons.flatMap(({ offer }, j) => known.offer(at('expect', 'coupons', j, 'offer'), offer)),
    ...expect.why_not.flatMap(({ of }, j) => {
      const path = at('expect', 'why_not', j, 'of')
      return [...(of.includes('/') ? known.step(path, of) : known.journey(path, of)), ...isLookedAt(path, of)]
    }),
  ]
}

class Known {
  readonly #definitions: Definitions

  constructor(definitions: Definitions) {
    this.#definitions = definitions
  }

  journey(path: ScenarioProblem['path'], key: string): ScenarioProblem[] {
    const keys = this.#definitions.live.map((journey) => journey.key)
    return keys.includes(key) ? [] : [{ path, rule: unknown('journey', keys) }]
  }

  step(path: ScenarioProblem['path'], place: string, type?: Step['type']): ScenarioProblem[] {
    const [key = '', id = ''] = place.split('/')
    const journey = this.#definitions.live.find((each) => each.key === key)
    if (journey === undefined) return this.journey(path, key)
    const fitting = journey.steps.filter((step) => type === undefined || step.type === type).map((step) => step.id)
    if (fitting.includes(id)) return []
    const shown = fitting.filter((each) => !each.includes(':')).map((each) => `${key}/${each}`)
    return [{ path, rule: unknown(`${type ?? ''} step`.trim(), shown) }]
  }

  offer(path: ScenarioProblem['path'], key: string): ScenarioProblem[] {
    const { offers } = this.#definitions
    return offers.has(key) ? [] : [{ path, rule: unknown('offer', [...offers.keys()]) }]
  }

  consents(path: ScenarioProblem['path'], consents: Readonly<Record<string, unknown>>): ScenarioProblem[] {
    const { topics } = this.#definitions.policy
    return Object.keys(consents).flatMap((name) => {
      const [, topic] = name.split('.')
      if (topic === undefined || Object.hasOwn(topics, topic)) return []
      return [{ path: [...path, name], rule: `names a topic that is none; known: ${Object.keys(topics).join(', ')}` }]
    })
  }
}

function unknown(what: string, known: readonly string[]): string {
  return `is no ${what}; known: ${known.length === 0 ? 'none' : [...known].sort().join(', ')}`
}
