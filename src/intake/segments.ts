/**
 * Keeps segments and computed traits right: customers who were touched are evaluated within a moment, those whose time
 * has come are swept, new segments are built. Several processes do it side by side.
 */

import type { Logger } from 'pino'
import type { Database } from '../store/database.ts'
import { errorCode } from '../store/describe-error.ts'
import { type BuilderNeeds, buildSegments } from '../store/segments/build-segments.ts'
import { evaluateNextPage, hasDirty, type SegmentInterests } from '../store/segments/evaluate-page.ts'
import { hasBuilderWork } from '../store/segments/segment-catalog.ts'
import { noteSizes, sweepDue } from '../store/segments/segment-upkeep.ts'
import { type Loop, startLoop } from './loop.ts'

export interface SegmentNeeds {
  readonly database: Database
  readonly nowMs: () => number
  /** What journeys and the lifecycle want to be told of, as of now. */
  readonly interests: () => Promise<SegmentInterests>
  readonly log: Logger
  /** Once nothing has happened for a while. */
  readonly restMs?: number | undefined
  /** Called after news was committed. */
  readonly onNews: () => void
}

/** Short enough that a change is there within a tenth of a second, and cheap: one index probe. */
const idleMs = 50

/** A moment that has come is noticed within this time: another index probe. */
const sweepEveryMs = 250

export function startSegments(needs: SegmentNeeds): Loop {
  let isBusy = true
  let sweptAt = Number.NEGATIVE_INFINITY
  return startLoop({
    name: 'segments',
    log: needs.log,
    idleMs,
    restMs: needs.restMs,
    maxBackoffMs: 5_000,
    round: async () => {
      const { pool } = needs.database
      if (performance.now() - sweptAt >= sweepEveryMs) {
        sweptAt = performance.now()
        if ((await sweepDue(pool, needs.nowMs())) > 0) sweptAt = Number.NEGATIVE_INFINITY
      }
      if (!isBusy && !(await hasDirty(pool))) return false
      const page = await evaluatePatiently(needs)
      isBusy = page.customers > 0
      if (page.hasNews) needs.onNews()
      return isBusy
    },
  })
}

const maxAttempts = 5

/** Pages side by side get in each other's way now and then; trying again settles it. */
async function evaluatePatiently(needs: SegmentNeeds): ReturnType<typeof evaluateNextPage> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await evaluateNextPage(needs)
    } catch (error) {
      if (!(errorCode(error)?.startsWith('40') ?? false) || attempt === maxAttempts) throw error
    }
  }
}

/** Many segments of many customers take minutes: each is told as it counts, and moments now and then. */
function told(log: Logger): Pick<BuilderNeeds, 'onBuilt' | 'onMoments'> {
  return {
    onBuilt: (built) => log.info(built, 'segment built'),
    onMoments: ({ moments, of }) => {
      if (moments === of || moments % momentsToldEvery === 0) log.info({ moments, of }, 'next moments written')
    },
  }
}

const momentsToldEvery = 200_000
const buildEveryMs = 1_000
const sizesEveryMs = 60_000

export function startSegmentBuilder(needs: SegmentNeeds): Loop {
  let notedAt = Number.NEGATIVE_INFINITY
  return startLoop({
    name: 'segment-builder',
    log: needs.log,
    idleMs: buildEveryMs,
    maxBackoffMs: 60_000,
    round: async () => {
      const { pool } = needs.database
      const outcome = (await hasBuilderWork(pool)) ? await buildSegments({ ...needs, ...told(needs.log) }) : undefined
      if (outcome?.hasNews === true) needs.onNews()
      if ((outcome?.built.length ?? 0) > 0 || performance.now() - notedAt >= sizesEveryMs) {
        notedAt = performance.now()
        await noteSizes(pool, needs.nowMs())
      }
      const [failed] = outcome?.failed ?? []
      if (failed !== undefined) throw new Error(`${failed.kind} ${failed.key} could not be built: ${failed.problem}`)
      return false
    },
  })
}
