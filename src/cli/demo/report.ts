/** What a demo came to: counted from the database, and checked against what the inboxes really received. */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../../clock.ts'
import type { Queryable } from '../../store/database.ts'

export interface DemoReport {
  readonly customers: number
  /** How many customers stand in each of the five stages. */
  readonly stages: Readonly<Record<string, number>>
  /** Moves from one stage to another since the live part began. */
  readonly moves: number
  readonly messages: {
    readonly total: number
    readonly byChannel: Readonly<Record<string, Readonly<Record<string, number>>>>
    readonly byJourney: Readonly<Record<string, Readonly<Record<string, number>>>>
  }
  /** Messages that an inbox received more than once, by the inboxes' own records. */
  readonly duplicates: number
  /**
   * Messages that were planned but are neither settled with a reason nor pending (one that should long have left is not
   * pending), whose status the inboxes deny, or that the inboxes have and the ledger does not know.
   */
  readonly unexplained: number
  readonly refusals: Readonly<Record<string, number>>
  readonly models: readonly { kind: string; version: number; method: string; metrics: unknown }[]
  /** Failed are also those that timed out or were terminated: nothing in the product does that. */
  readonly workflows: { readonly open: number; readonly completed: number; readonly failed: number }
}

/** How often each message arrived, by its id in the ledger. */
export type Arrivals = ReadonlyMap<string, number>

const stageNames = ['acquire', 'activate', 'retain', 'revenue', 'refer']

export interface ReportNeeds {
  readonly sinceMs: number
  /** Business time, and how fast it runs. */
  readonly clock: Pick<Clock, 'nowMs' | 'speed'>
  /** Asks the mail and SMS catchers what they have received by now. */
  readonly arrivals: () => Promise<Arrivals>
  readonly workflows: DemoReport['workflows']
}

/** In real time. A message that could have left and has not for as long is not pending but late. */
const lateAfterMs = 30_000
/**
 * The shop goes on while it is counted, and a busy machine is slow: what looks unexplained is looked at again, for as long
 * as it takes to recover from a crash in the middle of a delivery, before it is called so.
 */
const patienceMs = 240_000
const secondLookMs = 1_000

export async function demoReport(
  db: Queryable,
  { sinceMs, clock, arrivals, workflows }: ReportNeeds,
): Promise<DemoReport> {
  const stages = await countBy(
    db,
    `SELECT stage AS name, count(*)::int FROM customers WHERE merged_into IS NULL GROUP BY 1`,
  )
  const moves = await db.query<{ count: number }>(
    `SELECT count(*)::int FROM lifecycle_moves WHERE moved_at > $1 AND from_stage IS DISTINCT FROM to_stage`,
    [new Date(sinceMs)],
  )
  const unexplained = await countUnexplained(db, clock, arrivals)
  const messages = await readLedger(db, clock)
  const arrived = await arrivals()
  const refusals = await countBy(
    db,
    `SELECT rule AS name, count(*)::int FROM decision_records WHERE kind = 'message' AND outcome = 'refused' GROUP BY 1`,
  )
  const models = await db.query<{ kind: string; version: number; method: string; metrics: unknown }>(
    `SELECT kind, version, method, metrics FROM models WHERE status = 'champion' ORDER BY kind`,
  )
  return {
    customers: Object.values(stages).reduce((sum, count) => sum + count, 0),
    stages: Object.fromEntries(stageNames.map((stage) => [stage, stages[stage] ?? 0])),
    moves: moves.rows[0]?.count ?? 0,
    messages: {
      total: messages.length,
      byChannel: crossTable(messages, (row) => row.channel),
      byJourney: crossTable(messages, (row) => row.journey),
    },
    duplicates: [...arrived.values()].filter((times) => times > 1).length,
    unexplained,
    refusals,
    models: models.rows,
    workflows,
  }
}

interface LedgerRow {
  id: string
  journey: string
  channel: string
  status: string
  reason: string | null
  settled: boolean
  /** Not settled, though it was due a good while ago. */
  late: boolean
}

async function readLedger(db: Queryable, clock: Pick<Clock, 'nowMs' | 'speed'>): Promise<LedgerRow[]> {
  const { rows } = await db.query<LedgerRow>(
    `SELECT id, journey, channel, status, reason, settled_at IS NOT NULL AS settled,
            settled_at IS NULL AND greatest(planned_at, not_before, transmitting_at) < $1 AS late
       FROM messages`,
    [new Date(clock.nowMs() - lateAfterMs * clock.speed)],
  )
  return rows
}

/** Strange is what was strange at every look. */
async function countUnexplained(
  db: Queryable,
  clock: Pick<Clock, 'nowMs' | 'speed'>,
  arrivals: () => Promise<Arrivals>,
): Promise<number> {
  const deadline = performance.now() + patienceMs
  let strange = await strangeMessages(db, clock, arrivals)
  while (strange.size > 0 && performance.now() < deadline) {
    await sleep(secondLookMs)
    const now = await strangeMessages(db, clock, arrivals)
    strange = new Set([...strange].filter((id) => now.has(id)))
  }
  return strange.size
}

async function strangeMessages(
  db: Queryable,
  clock: Pick<Clock, 'nowMs' | 'speed'>,
  arrivals: () => Promise<Arrivals>,
): Promise<Set<string>> {
  const arrived = await arrivals()
  const ledger = await readLedger(db, clock)
  const strange = ledger.filter((row) => row.late || !isExplained(row, arrived.get(row.id) ?? 0)).map(({ id }) => id)
  const known = new Set(ledger.map(({ id }) => id))
  // A text goes by the provider's id until the ledger has learnt it, which a crash can prevent: that is in doubt then.
  const unknown = [...arrived.keys()].filter((id) => !known.has(id) && !id.startsWith('SM'))
  return new Set([...strange, ...unknown])
}

/** The ledger's word and the inbox's agree, and whatever was not sent has a reason or is still to come. */
function isExplained({ status, reason, settled }: LedgerRow, arrived: number): boolean {
  switch (status) {
    case 'sent':
      return arrived > 0
    case 'failed':
    case 'refused':
      return reason !== null && arrived === 0
    case 'in_doubt':
      return reason !== null // It may have arrived or not: that is what in doubt means.
    case 'planned':
    case 'claimed':
      return !settled && arrived === 0
    case 'transmitting':
      return !settled
    default:
      return false
  }
}

async function countBy(db: Queryable, sql: string): Promise<Record<string, number>> {
  const { rows } = await db.query<{ name: string; count: number }>(sql)
  return Object.fromEntries(rows.map((row) => [row.name, row.count]))
}

function crossTable(
  rows: readonly LedgerRow[],
  key: (row: LedgerRow) => string,
): Record<string, Record<string, number>> {
  const table: Record<string, Record<string, number>> = {}
  for (const row of rows) {
    const counts = (table[key(row)] ??= {})
    counts[row.status] = (counts[row.status] ?? 0) + 1
  }
  return table
}
