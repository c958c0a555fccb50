/** Lives through one scenario in virtual time, and says how what happened differs from what was expected. */

import type { Definitions } from '../domain/definitions.ts'
import { sayDuration } from '../domain/duration.ts'
import { zoneOr } from '../domain/local-time.ts'
import type { Stage } from '../domain/snapshot.ts'
import type { EpochMs } from '../domain/time.ts'
import { simulate } from '../simulation/simulate.ts'
import { Chronicle, type Line } from './chronicle.ts'
import { resolveMoment, sayMoment } from './moment.ts'
import { ScenarioLife } from './scenario-life.ts'
import type { ExpectedTimes, Scenario } from './scenario-schema.ts'

export interface ScenarioResult {
  /** What was expected and is not so, or happened and was not expected; none if the scenario passes. */
  readonly differences: readonly string[]
  readonly timeline: readonly Line[]
  readonly timeZone: string
  readonly messages: number
}

export function runScenario(
  scenario: Scenario,
  definitions: Definitions,
  journeys: readonly string[] | undefined,
): ScenarioResult {
  const zone = zoneOr(scenario.given.time_zone ?? null, definitions.policy.defaultTimeZone)
  const startMs = resolveMoment(scenario.start, 0, zone)
  const chronicle = new Chronicle(journeys)
  const life = new ScenarioLife(scenario, startMs, zone)
  const toMs = resolveMoment(scenario.until, startMs, zone)
  const timeline = chronicle.lines
  const result = { timeline, timeZone: zone }
  try {
    const [customer] = simulate({ definitions, lives: [life], fromMs: startMs, toMs, observers: [chronicle, life] })
    const comparison = new Comparison(startMs, zone)
    comparison.compare(scenario, chronicle, customer?.stage)
    return { ...result, differences: comparison.differences, messages: chronicle.messages.length }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return { ...result, differences: [error.message], messages: chronicle.messages.length }
  }
}

/** Something that happened, under the name by which it is expected. */
interface Occurrence {
  readonly what: string
  readonly atMs: EpochMs
}

interface Expected {
  readonly what: string
  readonly times: ExpectedTimes
  readonly fits: (occurrence: Occurrence) => boolean
}

class Comparison {
  readonly differences: string[] = []
  readonly #startMs: EpochMs
  readonly #zone: string

  constructor(startMs: EpochMs, zone: string) {
    this.#startMs = startMs
    this.#zone = zone
  }

  compare({ expect }: Scenario, chronicle: Chronicle, stage: Stage | undefined): void {
    const messages = new Map(
      chronicle.messages.map((sent) => [{ what: `${sent.channel} ${sent.place}`, atMs: sent.atMs }, sent]),
    )
    this.#match(
      expect.messages.map(({ message, channel, template, ...times }) => ({
        what: [channel ?? 'message', message, template === undefined ? '' : `(${template})`].join(' ').trim(),
        times,
        fits: (occurrence) => {
          const sent = messages.get(occurrence)
          const isIt = sent?.place === message && (channel === undefined || sent.channel === channel)
          return isIt && (template === undefined || sent?.template === template)
        },
      })),
      [...messages.keys()],
      expect.at_least,
    )
    this.#match(
      expect.tasks.map(({ task, ...times }) => ({ what: `task ${task}`, times, fits: isCalled(`task ${task}`) })),
      chronicle.tasks.map(({ place, atMs }) => ({ what: `task ${place}`, atMs })),
      expect.at_least,
    )
    this.#match(
      expect.coupons.map(({ offer, ...times }) => ({
        what: `coupon ${offer}`,
        times,
        fits: isCalled(`coupon ${offer}`),
      })),
      chronicle.coupons.map(({ offer, atMs }) => ({ what: `coupon ${offer}`, atMs })),
      expect.at_least,
    )
    if (expect.stage !== undefined && expect.stage !== stage)
      this.differences.push(`expected the stage ${expect.stage}, but it is ${stage ?? 'none'}`)
    this.#compareWhyNots(expect.why_not, chronicle)
  }

  #match(expected: readonly Expected[], happened: readonly Occurrence[], atLeast: boolean): void {
    const open = [...happened]
    for (const { what, times, fits } of expected) {
      const candidates = open.filter(fits)
      const found = candidates.find(({ atMs }) => this.#isInTime(times, atMs))
      if (found !== undefined) open.splice(open.indexOf(found), 1)
      else this.differences.push(`expected ${what}${this.#sayTimes(times)}, but ${this.#sayInstead(candidates)}`)
    }
    if (atLeast) return
    for (const { what, atMs } of open) this.differences.push(`did not expect ${what} at ${this.#say(atMs)}`)
  }

  #sayInstead(candidates: readonly Occurrence[]): string {
    if (candidates.length === 0) return 'there was none'
    return `it was at ${candidates.map(({ atMs }) => this.#say(atMs)).join(' and ')}`
  }

  #isInTime({ at, within, after, before }: ExpectedTimes, atMs: EpochMs): boolean {
    return (
      (at === undefined || Math.abs(atMs - this.#resolve(at)) <= within) &&
      (after === undefined || atMs >= this.#resolve(after)) &&
      (before === undefined || atMs < this.#resolve(before))
    )
  }

  #sayTimes({ at, within, after, before }: ExpectedTimes): string {
    return [
      at === undefined ? '' : ` at ${this.#say(this.#resolve(at))} (within ${sayDuration(within)})`,
      after === undefined ? '' : ` after ${this.#say(this.#resolve(after))}`,
      before === undefined ? '' : ` before ${this.#say(this.#resolve(before))}`,
    ].join('')
  }

  #compareWhyNots(expected: Scenario['expect']['why_not'], { whyNots }: Chronicle): void {
    for (const { rule, of } of expected) {
      const ofIt = whyNots.filter(({ journey, place }) => place === of || journey === of)
      if (ofIt.some((each) => each.rule === rule)) continue
      const rules = [...new Set(ofIt.map((each) => each.rule))]
      const instead = rules.length === 0 ? 'nothing was refused there' : `it was refused by ${rules.join(', ')}`
      this.differences.push(`expected ${of} to be refused by ${rule}, but ${instead}`)
    }
  }

  #resolve(moment: NonNullable<ExpectedTimes['at']>): EpochMs {
    return resolveMoment(moment, this.#startMs, this.#zone)
  }

  #say(atMs: EpochMs): string {
    return sayMoment(atMs, this.#zone)
  }
}

function isCalled(name: string): Expected['fits'] {
  return ({ what }) => what === name
}
