/** What a simulation is given: lives and clerks that act, rules that decide, and observers who are told. */

import type { mayContact } from '../domain/contact-policy.ts'
import type { decide } from '../domain/decide.ts'
import type { Decision, PlannedTask } from '../domain/decision.ts'
import type { Definitions } from '../domain/definitions.ts'
import type { CouponFacts } from '../domain/snapshot.ts'
import type { EpochMs } from '../domain/time.ts'
import type { Happening, SimulatedOrder, SimulatedPast, TimedHappening } from './happenings.ts'
import type { Pools } from './offer-book.ts'
import type { ShopChange, TimedShopChange } from './shop-changes.ts'
import type { SimulatedCustomer, SimulatedPerson } from './simulated-customer.ts'
import type { SimulatedMessage } from './simulated-ledger.ts'

/** Somebody to simulate: who they are, and what they do. */
export interface Life {
  readonly person: SimulatedPerson
  readonly arrivesAtMs: EpochMs
  /** What is known of them when they are first met. */
  readonly past?: SimulatedPast
  /** What they do next of themselves, after a moment; undefined: nothing any more. Asked again once that has happened. */
  next(afterMs: EpochMs): TimedHappening | undefined
  /** What a message that has reached them makes them do. @param code of the coupon that it carries. */
  answer(message: SimulatedMessage, code: string | null, atMs: EpochMs): readonly TimedHappening[]
}

/** Whoever works through the tasks that journeys ask for. */
export interface Clerk {
  /** When and how a task is finished; undefined: never. */
  finish(task: PlannedTask, atMs: EpochMs): { readonly atMs: EpochMs; readonly outcome: string } | undefined
}

/** What is told to whoever watches: reports and invariants. */
export interface Observer {
  /** A journey is paused, goes on, or gets a new version; `after` is what is in force then. */
  changing?(change: ShopChange, after: Definitions, customers: readonly SimulatedCustomer[], atMs: EpochMs): void
  /** Everybody whom it concerns has been told of it. */
  changed?(change: ShopChange, customers: readonly SimulatedCustomer[], atMs: EpochMs): void
  /** Somebody is met for the first time, with what was before. */
  met?(customer: SimulatedCustomer, past: SimulatedPast): void
  happened?(customer: SimulatedCustomer, happening: Happening, atMs: EpochMs): void
  redeemed?(customer: SimulatedCustomer, coupon: CouponFacts, order: SimulatedOrder): void
  decided?(customer: SimulatedCustomer, decision: Decision, atMs: EpochMs): void
  sent?(customer: SimulatedCustomer, message: SimulatedMessage, atMs: EpochMs): void
  refused?(customer: SimulatedCustomer, message: SimulatedMessage, atMs: EpochMs): void
}

export interface Simulation {
  readonly definitions: Definitions
  readonly lives: readonly Life[]
  readonly fromMs: EpochMs
  readonly toMs: EpochMs
  readonly observers: readonly Observer[]
  /** What the shop does to its journeys meanwhile. */
  readonly changes?: readonly TimedShopChange[]
  readonly clerk?: Clerk
  /** How many codes the pools of offers hold. */
  readonly pools?: Pools
  /** Default: a day's work as in a shop. */
  readonly pace?: Pace
  /** Another one only to try out what a broken rule would do. */
  readonly rules?: Rules
  /** Called now and then with the moment that has been reached. */
  readonly onProgress?: (atMs: EpochMs) => void
}

/** The decisions of the product. */
export interface Rules {
  readonly decide: typeof decide
  readonly mayContact: typeof mayContact
}

/** How quickly the product does what it does. */
export interface Pace {
  /** From the decision to the last check before sending: the way through queue and worker. */
  readonly deliveryMs: number
  /** Scores age without orders, so everybody is scored anew now and then; null: only after orders. */
  readonly rescoreEveryMs: number | null
  /** Nothing happens and nothing is looked at between the ends of such stretches of time. 1: at every millisecond. */
  readonly stretchMs: number
}
