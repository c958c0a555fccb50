/**
 * What several segments of one statement read together: the rows of a page of customers, those of their events that
 * anybody asks for, and their daily counts, each read once. The segments then scan these few rows, so neither planning
 * nor reading is repeated for every segment and every part of `events`.
 */

import { type EventPick, earliestOf, type Period } from '../../domain/conditions/happening.ts'
import { receivedSince } from './received-since.ts'
import { anyOf, type SqlParams } from './sql-params.ts'

interface Wanted {
  readonly kind: EventPick['kind']
  readonly name: string | null
  /** -Infinity: from the beginning. */
  readonly fromMs: number
}

export class PageFacts {
  readonly customers = 'page_customers'
  readonly events = 'page_events'
  readonly days = 'page_days'
  readonly #customerIds: string
  readonly #wanted = new Map<string, Wanted>()
  /** The names of daily counts, each with the first day that is asked for. */
  readonly #wantedDays = new Map<string, number>()

  /** @param customerIds what `SqlParams.add(ids, 'uuid[]')` gave: ascending, each once. */
  constructor(customerIds: string) {
    this.#customerIds = customerIds
  }

  /** Tells that such events will be read from `events`. */
  wantEvents({ kind, name }: EventPick, period: Period, nowMs: number): void {
    const key = `${kind} ${name ?? ''}`
    const fromMs = Math.min(earliestOf(period, nowMs), this.#wanted.get(key)?.fromMs ?? Infinity)
    this.#wanted.set(key, { kind, name, fromMs })
  }

  /** Tells that such counts will be read from `days`. @param fromMs null: from the beginning. */
  wantDays(name: string, fromMs: number | null): void {
    this.#wantedDays.set(name, Math.min(fromMs ?? -Infinity, this.#wantedDays.get(name) ?? Infinity))
  }

  /** The parts of a WITH that make the tables; to be called when all segments are compiled. */
  sql(params: SqlParams): string {
    // Joined in the order of the ids, which is that of the rows on the disk; and so the planner knows how many there are.
    const customers = `${this.customers} AS MATERIALIZED (
      SELECT c.* FROM unnest(${this.#customerIds}) AS given (id) JOIN customers c ON c.id = given.id
       WHERE c.merged_into IS NULL AND c.erasing_at IS NULL)`
    return [customers, ...this.#eventsSql(params), ...this.#daysSql(params)].join(', ')
  }

  #eventsSql(params: SqlParams): string[] {
    if (this.#wanted.size === 0) return []
    const wanted = [...this.#wanted.values()]
    const since = Math.min(...wanted.map(({ fromMs }) => fromMs))
    return [
      `${this.events} AS MATERIALIZED (
        SELECT e.customer_id, e.type, e.name, e.occurred_at, e.properties FROM events e
         WHERE e.customer_id = ${anyOf(this.#customerIds)}${from(since, params)}${receivedSince(since, params)}
           AND (${wanted.map((one) => isWanted(one, params)).join(' OR ')}))`,
    ]
  }

  #daysSql(params: SqlParams): string[] {
    if (this.#wantedDays.size === 0) return []
    const since = Math.min(...this.#wantedDays.values())
    const sinceDay = since === -Infinity ? '' : ` AND d.day >= ${params.day(since)}`
    return [
      `${this.days} AS MATERIALIZED (
        SELECT d.customer_id, d.name, d.day, d.count, d.first_at, d.last_at FROM event_days d
         WHERE d.customer_id = ${anyOf(this.#customerIds)} AND d.name = ANY (${params.texts([...this.#wantedDays.keys()])})${sinceDay})`,
    ]
  }
}

function isWanted({ kind, name, fromMs }: Wanted, params: SqlParams): string {
  const named = name === null ? '' : ` AND e.name = ${params.text(name)}`
  return `(e.type = '${kind}'${named}${from(fromMs, params)})` // One of three words of ours.
}

function from(fromMs: number, params: SqlParams): string {
  return fromMs === -Infinity ? '' : ` AND e.occurred_at >= ${params.moment(fromMs)}`
}
