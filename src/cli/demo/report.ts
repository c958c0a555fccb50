/** What a demo came to: counted from the database, and checked against what the inboxes really received. */

import { setTimeout as sleep } from 'node:timers/promises'
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
  /** Messages that were planned but are neither settled with a reason nor pending, or whose status the inboxes deny. */
  readonly unexplained: number
  readonly refusals: Readonly<Record<string, number>>
  readonly models: readonly { kind: string; version: number; method: string; metrics: unknown }[]
  readonly workflows: { readonly open: number; readonly completed: number; readonly failed: number }
}

/** How often each message arrived, by its id in the ledger. */
export type Arrivals = ReadonlyMap<string, number>

const stageNames = ['acquire', 'activate', 'retain', 'revenue', 'refer']

export interface ReportNeeds {
  readonly sinceMs: number
  /** Asks the mail and SMS catchers what they have received by now. */
  readonly arrivals: () => Promise<Arrivals>
  readonly workflows: DemoReport['workflows']
}

/** The shop goes on while it is counted: what looks unexplained is looked at again before it is called so. */
const secondLooks = 5
const secondLookMs = 1_000

export async function demoReport(db: Queryable, { sinceMs, arrivals, workflows }: ReportNeeds): Promise<DemoReport> {
  const stages = await countBy(
    db,
    `SELECT stage AS name, count(*)::int FROM customers WHERE merged_into IS NULL GROUP BY 1`,
  )
  const moves = await db.query<{ count: number }>(
    `SELECT count(*)::int FROM lifecycle_moves WHERE moved_at > $1 AND from_stage IS DISTINCT FROM to_stage`,
    [new Date(sinceMs)],
  )
  const messages = await readLedger(db)
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
    unexplained: await countUnexplained(db, messages, arrived, arrivals),
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
}

async function readLedger(db: Queryable, ids: readonly string[] | null = null): Promise<LedgerRow[]> {
  const { rows } = await db.query<LedgerRow>(
    `SELECT id, journey, channel, status, reason, settled_at IS NOT NULL AS settled
       FROM messages WHERE $1::uuid[] IS NULL OR id = ANY ($1)`,
    [ids],
  )
  return rows
}

async function countUnexplained(
  db: Queryable,
  messages: readonly LedgerRow[],
  arrived: Arrivals,
  arrivals: () => Promise<Arrivals>,
): Promise<number> {
  const isStrange = (inboxes: Arrivals) => (row: LedgerRow) => !isExplained(row, inboxes.get(row.id) ?? 0)
  let strange = messages.filter(isStrange(arrived))
  for (let look = 0; look < secondLooks && strange.length > 0; look++) {
    await sleep(secondLookMs)
    const again = await readLedger(
      db,
      strange.map(({ id }) => id),
    )
    strange = again.filter(isStrange(await arrivals()))
  }
  return strange.length
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
