/**
 * What several segments of one statement read together: the rows of a page of customers and those of their events that
 * anybody asks for, each read once. The segments then scan these few rows, so neither planning nor reading is repeated
 * for every segment and every part of `events`.
 */

import { type EventPick, earliestOf, type Period } from '../../domain/conditions/happening.ts'
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
  readonly #customerIds: string
  readonly #wanted = new Map<string, Wanted>()

  /** @param customerIds what `SqlParams.add(ids, 'uuid[]')` gave. */
  constructor(customerIds: string) {
    this.#customerIds = customerIds
  }

  /** Tells that such events will be read from `events`. */
  wantEvents({ kind, name }: EventPick, period: Period, nowMs: number): void {
    const key = `${kind} ${name ?? ''}`
    const fromMs = Math.min(earliestOf(period, nowMs), this.#wanted.get(key)?.fromMs ?? Infinity)
    this.#wanted.set(key, { kind, name, fromMs })
  }

  /** The parts of a WITH that make the two tables; to be called when all segments are compiled. */
  sql(params: SqlParams): string {
    const customers = `${this.customers} AS MATERIALIZED (
      SELECT * FROM customers WHERE id IN (SELECT unnest(${this.#customerIds})) AND merged_into IS NULL AND erasing_at IS NULL)`
    if (this.#wanted.size === 0) return customers
    const wanted = [...this.#wanted.values()]
    const since = Math.min(...wanted.map(({ fromMs }) => fromMs))
    return `${customers}, ${this.events} AS MATERIALIZED (
      SELECT e.customer_id, e.type, e.name, e.occurred_at, e.properties FROM events e
       WHERE e.customer_id = ${anyOf(this.#customerIds)}${from(since, params)} AND (${wanted.map((one) => isWanted(one, params)).join(' OR ')}))`
  }
}

function isWanted({ kind, name, fromMs }: Wanted, params: SqlParams): string {
  const named = name === null ? '' : ` AND e.name = ${params.text(name)}`
  return `(e.type = '${kind}'${named}${from(fromMs, params)})` // One of three words of ours.
}

function from(fromMs: number, params: SqlParams): string {
  return fromMs === -Infinity ? '' : ` AND e.occurred_at >= ${params.moment(fromMs)}`
}
