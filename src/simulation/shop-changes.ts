/**
 * What a shop does to its journeys while customers are in flight: it stops them for a while, lets them go on, publishes new
 * versions. As in the stores, a change is a change of the definitions; customers hear of it where it concerns them.
 */

import { pausedRule } from '../domain/decide/pause.ts'
import { type Definitions, type JourneyDefinition, journeyVersionKey } from '../domain/definitions.ts'
import { spreadShareOf } from '../domain/hash.ts'
import type { InFlightChoice } from '../domain/in-flight.ts'
import { type EpochMs, secondMs } from '../domain/time.ts'
import type { SimulatedCustomer } from './simulated-customer.ts'
import type { SimulatedMessage } from './simulated-ledger.ts'

export type ShopChange =
  | { readonly type: 'pause'; readonly journey: string }
  /** @param spreadMs over how long those who were held up come again. */
  | { readonly type: 'resume'; readonly journey: string; readonly spreadMs: number }
  | {
      readonly type: 'publish'
      readonly journey: string
      /** The version that takes the place of the one that is live. */
      readonly next: (live: JourneyDefinition) => JourneyDefinition
      readonly inFlight: InFlightChoice
    }

export interface TimedShopChange {
  readonly atMs: EpochMs
  readonly change: ShopChange
}

/** The definitions once that is done. */
export function definitionsAfter(definitions: Definitions, change: ShopChange, atMs: EpochMs): Definitions {
  const version = `${definitions.version}+${atMs}`
  const pauses = new Map(definitions.pauses)
  const pause = pauses.get(change.journey)
  switch (change.type) {
    case 'pause':
      pauses.set(change.journey, { fromMs: atMs, toMs: null, spreadMs: 0 })
      return { ...definitions, version, pauses }
    case 'resume':
      if (pause === undefined) return definitions
      pauses.set(change.journey, { fromMs: pause.fromMs, toMs: atMs, spreadMs: change.spreadMs })
      return { ...definitions, version, pauses }
    case 'publish':
      return { ...definitions, version, ...published(definitions, change) }
  }
}

function published(
  { journeys, live, successions: former }: Definitions,
  { journey, next, inFlight }: Extract<ShopChange, { type: 'publish' }>,
): Pick<Definitions, 'journeys' | 'live' | 'successions'> {
  const present = live.find(({ key }) => key === journey)
  if (present === undefined) throw new Error(`simulation: journey ${journey} is not live, so nothing follows it`)
  const newest = next(present)
  const successions = new Map(former)
  if (inFlight.choice === 'stay') successions.delete(journey)
  else successions.set(journey, { version: newest.version, inFlight })
  return {
    journeys: new Map([...journeys, [journeyVersionKey(journey, newest.version), newest]]),
    live: live.map((each) => (each === present ? newest : each)),
    successions,
  }
}

/** Whether somebody is told of a change at once. */
export function isTold({ runs, openMessages }: SimulatedCustomer, { type, journey }: ShopChange): boolean {
  switch (type) {
    case 'pause':
      return false // One row, however many are in flight.
    case 'resume':
      return (
        runs.some((run) => run.journey === journey && run.memory.postponedBy === pausedRule) ||
        openMessages.some((message) => message.journey === journey && isHeld(message))
      )
    case 'publish':
      return runs.some((run) => run.journey === journey)
  }
}

/**
 * The ledger's last word on a message whose journey stands still: held until it is as good as stale.
 *
 * @returns when to ask again; null: it is too late for that. Undefined: nothing holds it.
 */
export function heldInLedger(
  { pauses }: Definitions,
  { journey, expiresAtMs }: SimulatedMessage,
  atMs: EpochMs,
): EpochMs | null | undefined {
  if (pauses?.get(journey)?.toMs !== null) return undefined
  const untilMs = (expiresAtMs ?? atMs) - secondMs
  return untilMs > atMs ? untilMs : null
}

export function isHeld({ status, reason }: SimulatedMessage): boolean {
  return status === 'planned' && reason === pausedRule
}

/** Messages that a pause held get a place of their own within the spread. @returns those. */
export function letGo(
  customer: SimulatedCustomer,
  { journey, spreadMs }: Extract<ShopChange, { type: 'resume' }>,
  atMs: EpochMs,
): readonly SimulatedMessage[] {
  const held = customer.openMessages.filter((message) => message.journey === journey && isHeld(message))
  for (const message of held) {
    message.reason = null
    message.notBeforeMs = atMs + Math.floor(spreadMs * spreadShareOf(customer.id))
  }
  return held
}
