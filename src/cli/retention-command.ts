/** `perennial retention`: drops raw events that are older than they are kept, or shows which those are. */

import { Command } from 'commander'
import { createClock } from '../clock.ts'
import { readConfig } from '../config.ts'
import { openDatabase } from '../store/database.ts'
import { dropExpired, type ExpiredPart, findExpired } from '../store/event-retention.ts'
import { textTable, writeResult } from './analyze/output.ts'
import { databaseOf } from './installation.ts'
import { homeOption } from './options.ts'

interface Options {
  readonly home?: string
  readonly dryRun?: boolean
  readonly json?: boolean
}

export function retentionCommand(): Command {
  return new Command('retention')
    .description(
      'Drop raw events that are older than PERENNIAL_KEEP_EVENTS_DAYS, by month. Intake does so by itself; what was counted of them stays.',
    )
    .addOption(homeOption())
    .option('--dry-run', 'only show what would go')
    .option('--json', 'print JSON')
    .action(async (options: Options) => {
      const config = readConfig()
      const retention = { nowMs: createClock(config.clock).nowMs(), keepDays: config.keepEventsDays }
      const database = openDatabase(databaseOf(options))
      try {
        const expired = await findExpired(database.pool, retention)
        const dropped = options.dryRun === true ? [] : await dropExpired(database, retention)
        writeResult(options.json, { ...retention, expired, dropped }, () =>
          report(retention.keepDays, expired, dropped),
        )
      } finally {
        await database.close()
      }
    })
}

function report(keepDays: number, expired: readonly ExpiredPart[], dropped: readonly string[]): string {
  const kept = `Events are kept for ${keepDays} days after they were received.`
  if (expired.length === 0) return `${kept} No month is older than that.`
  const rows = expired.map(({ part, events, waiting, problems }) => [part, events, waiting, problems, fate(part)])
  return `${kept}\n\n${textTable(['partition', 'events', 'waiting', 'set aside', ''], rows)}`

  function fate(part: string): string {
    return dropped.includes(part) ? 'dropped' : ''
  }
}
