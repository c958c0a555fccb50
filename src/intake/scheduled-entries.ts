/** Watches the schedules of journeys' entries. Every intake process does; the database lets each moment count once. */

import type { Logger } from 'pino'
import type { Clock } from '../clock.ts'
import type { Definitions } from '../domain/definitions.ts'
import { scheduledMoments } from '../domain/schedule.ts'
import { hourMs, secondMs } from '../domain/time.ts'
import type { Database } from '../store/database.ts'
import { enterOnSchedule, type SlotOfSchedule } from '../store/scheduled-entries.ts'
import { type Loop, startLoop } from './loop.ts'

export interface ScheduledEntriesNeeds {
  readonly database: Database
  readonly clock: Clock
  readonly definitions: () => Promise<Definitions>
  readonly onNews: () => void
  readonly log: Logger
}

/** A moment that nobody was there for is made up for, if it is no older than this: Friday's letter is not sent on Monday. */
const catchUpMs = 6 * hourMs

export function startScheduledEntries(needs: ScheduledEntriesNeeds): Loop {
  const { clock, log } = needs
  let doneUntilMs = clock.nowMs() - catchUpMs
  return startLoop({
    name: 'scheduled entries',
    log,
    idleMs: secondMs,
    maxBackoffMs: 30 * secondMs,
    round: async () => {
      const nowMs = clock.nowMs()
      await enterScheduled(needs, doneUntilMs, nowMs)
      doneUntilMs = nowMs
      return false
    },
  })
}

/** Lets enter whoever is due after one moment and up to another. */
export async function enterScheduled(
  { database, definitions, onNews, log }: ScheduledEntriesNeeds,
  afterMs: number,
  untilMs: number,
): Promise<void> {
  for (const slot of slotsOf(await definitions(), afterMs, untilMs)) {
    const customers = await enterOnSchedule(database, slot)
    if (customers === undefined) continue
    log.info({ journey: slot.journey, segment: slot.segment, customers }, 'a segment enters a journey by its schedule')
    onNews()
  }
}

function slotsOf({ live, policy }: Definitions, afterMs: number, untilMs: number): SlotOfSchedule[] {
  return live.flatMap(({ key: journey, entry }) =>
    entry.flatMap((each) =>
      each.type === 'schedule'
        ? scheduledMoments(each, policy.defaultTimeZone, afterMs, untilMs).map((atMs) => ({
            journey,
            segment: each.segment,
            atMs,
          }))
        : [],
    ),
  )
}
