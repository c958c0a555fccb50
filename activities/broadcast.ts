/** The steps of a broadcast beside the sending: its audience, its experiment, its end. Each may run twice. */

import { Context } from '@temporalio/activity'
import { type Look, sequentialTest } from '../src/analytics/experiments/sequential.ts'
import type { Clock } from '../src/clock.ts'
import type { Definitions } from '../src/domain/definitions.ts'
import type { Broadcast, BroadcastStatus } from '../src/store/broadcasts/broadcasts.ts'
import type { BroadcastActivities } from './broadcast-types.ts'
import { heartbeatMs } from './deliver.ts'

export interface VariantCount {
  readonly variant: string
  readonly n: number
  readonly conversions: number
}

export interface BroadcastStore {
  find(id: string): Promise<Broadcast | undefined>
  takeAudience(broadcast: Broadcast, defaultZone: string): Promise<{ readonly size: number; readonly heldOut: number }>
  countConversions(broadcast: Broadcast): Promise<readonly VariantCount[]>
  saveWinner(id: string, winner: string, verdict: object, nowMs: number): Promise<void>
  move(id: string, from: readonly BroadcastStatus[], to: BroadcastStatus, nowMs: number): Promise<unknown>
  refuseOpen(id: string, reason: string, nowMs: number): Promise<number>
  clearAudience(id: string): Promise<void>
}

export interface BroadcastNeeds {
  readonly broadcasts: BroadcastStore
  readonly definitions: { get(): Promise<Definitions> }
  readonly clock: Clock
}

/** Of the product's time. */
const looksAgainMs = 60_000

export function createBroadcastActivities({ broadcasts, definitions, clock }: BroadcastNeeds): BroadcastActivities {
  const found = async (id: string): Promise<Broadcast> => {
    const broadcast = await broadcasts.find(id)
    if (broadcast === undefined) throw new Error('the broadcast is gone')
    return broadcast
  }
  return {
    async takeAudience(id) {
      const heartbeat = setInterval(() => Context.current().heartbeat(), heartbeatMs)
      try {
        const { policy } = await definitions.get()
        return await broadcasts.takeAudience(await found(id), policy.defaultTimeZone)
      } finally {
        clearInterval(heartbeat)
      }
    },
    async judgeExperiment(id) {
      const broadcast = await found(id)
      const { winner, definition, startedAt } = broadcast
      if (winner !== null || definition.experiment === null) return { winner, againInMs: 0 }
      const nowMs = clock.nowMs()
      const endsMs = (startedAt?.getTime() ?? nowMs) + definition.experiment.decideWithinMs
      const counts = completed(definition.variants, await broadcasts.countConversions(broadcast))
      const verdict = judge(counts, definition.experiment.level)
      if (!verdict.isSure && nowMs < endsMs) {
        return { winner: null, againInMs: clock.realMsUntil(Math.min(endsMs, nowMs + looksAgainMs)) }
      }
      await broadcasts.saveWinner(id, verdict.leader, { ...verdict, counts }, nowMs)
      return { winner: verdict.leader, againInMs: 0 }
    },
    async markBroadcast(id, status) {
      await broadcasts.move(id, status === 'running' ? ['paused'] : ['running'], status, clock.nowMs())
    },
    async endBroadcast(id, how) {
      const nowMs = clock.nowMs()
      const refused = await broadcasts.refuseOpen(id, `broadcast ${how}`, nowMs)
      await broadcasts.move(id, ['running', 'paused', 'cancelled'], how, nowMs)
      await broadcasts.clearAudience(id)
      return refused
    },
  }
}

/** Also those of whom nobody has heard yet, in the order in which the document names them. */
function completed(variants: readonly { readonly id: string }[], counts: readonly VariantCount[]): VariantCount[] {
  return variants.map(({ id }) => counts.find(({ variant }) => variant === id) ?? { variant: id, n: 0, conversions: 0 })
}

export interface ExperimentVerdict {
  /** The highest rate; of equal ones the first. */
  readonly leader: string
  /** The greatest p of the leader against another one, for as many comparisons as there are. */
  readonly p: number
  readonly isSure: boolean
}

/** The test may be looked at as often as one likes: its p-values are always valid. */
export function judge(counts: readonly VariantCount[], level: number): ExperimentVerdict {
  const rate = ({ n, conversions }: VariantCount): number => (n === 0 ? 0 : conversions / n)
  const leader = counts.reduce((best, each) => (rate(each) > rate(best) ? each : best))
  const others = counts.filter((each) => each !== leader)
  const ps = others.map((other) => {
    if (leader.n === 0 || other.n === 0) return 1
    const look: Look = { control: other, variant: leader }
    return sequentialTest([look])[0]?.p ?? 1
  })
  const p = Math.min(1, Math.max(...ps) * others.length)
  return { leader: leader.variant, p, isSure: p <= 1 - level }
}
