/** What has to be done now and then so that intake finds its tables in order. Any process may do it; one at a time does. */

import type { Logger } from 'pino'
import type { RfmWaits } from '../domain/interests.ts'
import { dayMs, hourMs, minuteMs, secondMs } from '../domain/time.ts'
import type { Database } from '../store/database.ts'
import { ensureEventParts } from '../store/event-parts.ts'
import { dropExpired } from '../store/event-retention.ts'
import { judgeHits } from '../store/hit-verdicts.ts'
import { addUpCounts } from '../store/kept-counts.ts'
import { settleCoupons } from '../store/offers/settle.ts'
import { countRecategorised } from '../store/recategorised-products.ts'
import { rewrapPage } from '../store/rewrap-keys.ts'
import { makeRfmScale, scoreRfmPage } from '../store/rfm-scores.ts'
import { breakCircuits, countTrouble } from '../store/sending-pauses.ts'
import type { Vault } from '../store/vault.ts'
import { learnShares } from './learned-shares.ts'
import { type Loop, startLoop } from './loop.ts'

export interface HousekeepingNeeds {
  readonly database: Database
  readonly vault: Vault
  readonly log: Logger
  readonly nowMs: () => number
  /** For how many days raw events are kept. */
  readonly keepEventsDays: number
  /** For whom a change of RFM scores means something, as of now. */
  readonly rfmWaits: () => Promise<RfmWaits>
  /** Called after news was committed. */
  readonly onNews: () => void
}

const maxBackoffMs = 60 * secondMs

/** Rates are of all that was sent within days: without news of trouble they are reckoned more rarely. */
const judgedAgainMs = 15 * minuteMs

/** How long before a month begins there is a partition for it. */
const aheadMs = 35 * dayMs

export function startHousekeeping(needs: HousekeepingNeeds): Loop {
  const { database, vault, log, nowMs, keepEventsDays } = needs
  let isRewrapping = false
  const categories = startLoop({
    name: 'categories',
    log,
    idleMs: secondMs,
    maxBackoffMs,
    round: () => countRecategorised(database),
  })
  let ensuredMs = Number.NEGATIVE_INFINITY
  const months = startLoop({
    name: 'event months',
    log,
    idleMs: 10 * secondMs,
    maxBackoffMs,
    round: async () => {
      const untilMs = nowMs() + aheadMs
      if (untilMs > ensuredMs) await ensureEventParts(database.pool, nowMs(), untilMs + dayMs)
      ensuredMs = Math.max(ensuredMs, untilMs + dayMs)
      return false
    },
  })
  const retention = startLoop({
    name: 'retention',
    log,
    idleMs: hourMs,
    maxBackoffMs,
    round: async () => {
      const dropped = await dropExpired(database, { nowMs: nowMs(), keepDays: keepEventsDays })
      if (dropped.length > 0) log.info({ dropped }, 'events older than they are kept were dropped')
      return false
    },
  })
  const coupons = startLoop({
    name: 'coupons',
    log,
    idleMs: 10 * secondMs,
    maxBackoffMs,
    round: () => settleCoupons(database, nowMs()),
  })
  const hits = startLoop({
    name: 'opens and clicks',
    log,
    idleMs: 2 * secondMs,
    maxBackoffMs,
    round: () => judgeHits(database, nowMs()),
  })
  const rfm = startLoop({
    name: 'rfm',
    log,
    idleMs: minuteMs,
    maxBackoffMs,
    round: async () => {
      const page = await scoreRfmPage(database, nowMs(), await needs.rfmWaits())
      if (page.hasNews) needs.onNews()
      return page.hasMore || makeRfmScale(database, nowMs())
    },
  })
  let judged = { trouble: -1, untilMs: 0 }
  const circuits = startLoop({
    name: 'deliverability',
    log,
    idleMs: 30 * secondMs,
    maxBackoffMs,
    round: async () => {
      const trouble = await countTrouble(database.pool)
      if (trouble === judged.trouble && nowMs() < judged.untilMs) return false
      for (const reason of await breakCircuits(database.pool, nowMs())) log.warn({ reason }, 'sending is paused')
      judged = { trouble, untilMs: nowMs() + judgedAgainMs }
      return false
    },
  })
  const shares = startLoop({
    name: 'shares of experiments',
    log,
    idleMs: minuteMs,
    maxBackoffMs,
    round: () => learnShares(database, nowMs()),
  })
  const counts = startLoop({
    name: 'counts',
    log,
    idleMs: 10 * secondMs,
    maxBackoffMs,
    round: () => addUpCounts(database.pool),
  })
  const rewrapping = startLoop({
    name: 'wrapped keys',
    log,
    idleMs: minuteMs,
    maxBackoffMs,
    round: async () => {
      const hasMore = await rewrapPage(database, vault)
      if (!hasMore && isRewrapping) log.info('every key is wrapped by the new master key')
      isRewrapping = hasMore
      return hasMore
    },
  })
  const loops = [rewrapping, categories, months, retention, coupons, hits, rfm, circuits, shares, counts]
  return {
    wake: () => loops.forEach((loop) => loop.wake()),
    stop: async () => void (await Promise.all(loops.map((loop) => loop.stop()))),
  }
}
