/**
 * Takes news to the workflows. A row counts as told only once Temporal has taken the nudge; while Temporal is away it
 * stays and is tried again. However much news a customer has, one nudge tells of all of it. Many customers at once are a
 * crowd: one nudge tells of them all.
 */

import type { WorkflowClient } from '@temporalio/client'
import type { Logger } from 'pino'
import type { Clock } from '../clock.ts'
import type { Database } from '../store/database.ts'
import { claimUnnudged, findUnnudgedCrowd, hasUnnudged, markNudged, markNudgedCrowd } from '../store/news.ts'
import { findOverdue } from '../store/overdue.ts'
import { type Loop, startLoop } from './loop.ts'
import { type Nudge, type NudgeOutcome, nudgeAll, nudgeCrowd } from './nudge.ts'

export interface NudgerNeeds {
  readonly database: Database
  readonly temporal: WorkflowClient
  readonly clock: Clock
  readonly log: Logger
  /** Once nothing has happened for a while. */
  readonly restMs?: number | undefined
  /** From so many customers at once on they are a crowd, walked in pages instead of nudged one by one. Default: 200. */
  readonly crowdFrom?: number
}

const usualCrowd = 200

/** So many news at once that one customer's burst is one nudge, and so few that a round lasts seconds at most. */
const newsAtOnce = 1_000

/** Intake of the same process wakes the nudger at once; this is for news that somebody else wrote. */
const idleMs = 100
const maxBackoffMs = 5_000

export function startNudger(needs: NudgerNeeds): Loop {
  return startLoop({
    name: 'nudger',
    log: needs.log,
    idleMs,
    restMs: needs.restMs,
    maxBackoffMs,
    round: (stopping) => nudgeRound(needs, stopping),
  })
}

/** @returns whether there may be more to tell. @throws what Temporal says, after marking those that it took. */
export async function nudgeRound(needs: NudgerNeeds, stopping?: AbortSignal): Promise<boolean> {
  const { database, temporal, clock } = needs
  if (!(await hasUnnudged(database.pool))) return false
  if (await nudgeCrowdRound(needs)) return true
  const outcome = await database.transaction(async (client) => {
    const unnudged = await claimUnnudged(client, newsAtOnce)
    if (unnudged.length === 0) return undefined
    const { taken, error } = await nudgeAll(temporal, unnudged, stopping)
    if (taken.length > 0) await markNudged(client, taken, clock.nowMs())
    return { error, count: taken.length }
  })
  if (outcome?.error !== undefined) throw outcome.error
  return (outcome?.count ?? 0) > 0
}

/** So many that a crowd is told in few rounds. */
const crowdNewsAtOnce = 20_000

/**
 * @returns whether there was a crowd to tell of. Nobody reserves its news: two nudgers would tell of the same crowd,
 * which is one walk all the same.
 */
async function nudgeCrowdRound({
  database,
  temporal,
  clock,
  crowdFrom = usualCrowd,
  log,
}: NudgerNeeds): Promise<boolean> {
  if (!Number.isFinite(crowdFrom)) return false // No crowd is ever large enough.
  // What is written after this moment the walk may have passed by: it is told next time.
  const crowd = await findUnnudgedCrowd(database.pool, crowdFrom, crowdNewsAtOnce)
  if (crowd === undefined) return false
  await nudgeCrowd(temporal)
  await markNudgedCrowd(database.pool, crowd.newsIds, clock.nowMs())
  log.debug({ customers: crowd.customers }, 'a crowd is looked at in pages')
  return true
}

const sweepEveryMs = 5_000

/** Real time after which nobody is coming any more: the workflow's own timer had its chance. */
const graceMs = 15_000
const sweepAtOnce = 200

/**
 * The sweep: `due_at` is the truth about the next wake-up, a workflow's timer a copy of it. Whoever is overdue is
 * nudged, be it that the timer was lost, the workflow ended, or it was never started.
 */
export function startSweep(needs: NudgerNeeds): Loop {
  const nudgedAt = new Map<string, number>()
  return startLoop({
    name: 'sweep',
    log: needs.log,
    idleMs: sweepEveryMs,
    maxBackoffMs: 30_000,
    round: async (stopping) => {
      forgetOld(nudgedAt)
      const { taken, error } = await sweepRound(needs, graceMs, [...nudgedAt.keys()], stopping)
      for (const { customerId } of taken) nudgedAt.set(customerId, performance.now())
      if (taken.length > 0) needs.log.info({ customers: taken.length }, 'overdue customers were nudged')
      if (error !== undefined) throw error
      return false
    },
  })
}

/**
 * Nudges customers who are overdue: few by a signal each, a crowd by pages.
 *
 * @param graceRealMs by more than this, in real time; in the shop's time it is as much longer as its clock is faster.
 * @param except customers to leave out.
 */
export async function sweepRound(
  { database, temporal, clock, crowdFrom = usualCrowd, log }: NudgerNeeds,
  graceRealMs: number,
  except: readonly string[],
  stopping?: AbortSignal,
): Promise<NudgeOutcome<Nudge>> {
  const beforeMs = clock.nowMs() - graceRealMs * clock.speed
  const limit = Number.isFinite(crowdFrom) ? crowdFrom : sweepAtOnce
  const overdue = await findOverdue(database.pool, { beforeMs, limit, except })
  if (overdue.length >= crowdFrom) {
    await nudgeCrowd(temporal)
    log.info('a crowd is overdue and looked at in pages')
    return { taken: [], error: undefined }
  }
  return nudgeAll(
    temporal,
    overdue.map((customerId) => ({ customerId, mergedInto: null })),
    stopping,
  )
}

/** Somebody who is still overdue after a while is nudged again; until then their workflow is given the time. */
function forgetOld(nudgedAt: Map<string, number>): void {
  const old = performance.now() - 4 * graceMs
  for (const [customerId, atMs] of nudgedAt) if (atMs < old) nudgedAt.delete(customerId)
}
