/** Lets go of what it takes to undo merges once that is no longer possible. */

import type { Logger } from 'pino'
import type { Clock } from '../clock.ts'
import type { Database } from '../store/database.ts'
import { purgeMerges } from '../store/merge-records.ts'
import { type Loop, startLoop } from './loop.ts'

const everyMs = 60_000

export function startMergeSweep({
  database,
  clock,
  log,
}: {
  readonly database: Database
  readonly clock: Clock
  readonly log: Logger
}): Loop {
  return startLoop({
    name: 'merge sweep',
    log,
    idleMs: everyMs,
    maxBackoffMs: 5 * everyMs,
    round: async () => {
      const purged = await purgeMerges(database.pool, clock.nowMs())
      if (purged > 0) log.info({ merges: purged }, 'merges can no longer be undone')
      return purged > 0
    },
  })
}
