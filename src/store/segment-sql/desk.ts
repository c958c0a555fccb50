/** The desk on which a segment becomes SQL: the values, whom it is about, and the tables that its facts come from. */

import { type EventPick, earliestOf, type Period } from '../../domain/conditions/happening.ts'
import type { EpochMs } from '../../domain/time.ts'
import { type Answer, booleanAnswer } from './answer.ts'
import type { PageFacts } from './page-facts.ts'
import { receivedSince } from './received-since.ts'
import { anyOf, type SqlParams } from './sql-params.ts'

/** Everybody, to build a segment from nothing; or those customers alone: what `SqlParams.add(ids, 'uuid[]')` gave. */
export type Scope = { readonly all: true } | GivenCustomers

export interface GivenCustomers {
  readonly customerIds: string
  /** What the segments of the statement read together; without it each one reads for itself. */
  readonly shared?: PageFacts
}

/** A table of one row a customer, made for one fact: `customer_id`, and `standing` if time can change it. */
interface JoinedTable {
  readonly alias: string
  readonly sql: string
}

/**
 * `moves`: the rows go with the customer when two are merged, so whoever has one is a customer who is there. `stays`: the
 * customer's own row has to be asked.
 */
export type OnMerge = 'moves' | 'stays'

export class Desk {
  readonly params: SqlParams
  readonly scope: Scope
  readonly tables: JoinedTable[] = []
  readonly #aliases = new Map<string, string>()

  constructor(params: SqlParams, scope: Scope) {
    this.params = params
    this.scope = scope
  }

  /** Restricts the rows of a fact to the customers in question, so that an index can find them. */
  inScope(column: string): string {
    return 'all' in this.scope ? '' : ` AND ${column} = ${anyOf(this.scope.customerIds)}`
  }

  /** The table to read such events from, and the condition that restricts them to the customers in question. */
  events(picks: readonly EventPick[], period: Period): { readonly table: string; readonly inScope: string } {
    const shared = this.#shared
    if (shared === undefined) {
      const inTime = receivedSince(earliestOf(period, this.params.nowMs), this.params)
      return { table: 'events', inScope: this.inScope('e.customer_id') + inTime }
    }
    for (const pick of picks) shared.wantEvents(pick, period, this.params.nowMs)
    return { table: shared.events, inScope: '' }
  }

  /** As `events`, for the daily counts of such events. @param fromMs the first day; null: from the beginning. */
  days(name: string, fromMs: EpochMs | null): { readonly table: string; readonly inScope: string } {
    const shared = this.#shared
    if (shared === undefined) return { table: 'event_days', inScope: this.inScope('d.customer_id') }
    shared.wantDays(name, fromMs)
    return { table: shared.days, inScope: '' }
  }

  get #shared(): PageFacts | undefined {
    return 'all' in this.scope ? undefined : this.scope.shared
  }

  /** What is the same for everybody. */
  constant(holds: boolean): Answer {
    return booleanAnswer(String(holds))
  }

  /**
   * A fact from a table of its own that no time changes.
   *
   * @param sql selects the `customer_id` of those whose answer differs from `withoutRow`, each once.
   */
  booleanFact(sql: string, withoutRow: boolean, onMerge: OnMerge): Answer {
    return presence(this.#join(sql), withoutRow, onMerge)
  }

  /** As `booleanFact`, for what time changes: `sql` selects a `standing` too. */
  standingFact(sql: string, withoutRow: boolean, onMerge: OnMerge): Answer {
    const alias = this.#join(sql)
    const answer = presence(alias, withoutRow, onMerge)
    const missing = withoutRow ? 'Infinity' : '-Infinity'
    return {
      ...answer,
      type: 'standing',
      sql: `coalesce(${alias}.standing, '${missing}'::float8)`,
      // Where nobody without a row is meant, written so that the planner sees it and joins only those who have one.
      possible: withoutRow
        ? `coalesce(${alias}.standing, 'Infinity'::float8) > '-Infinity'`
        : `${alias}.standing > '-Infinity'`,
    }
  }

  /** The same fact asked twice is read once. */
  #join(sql: string): string {
    const known = this.#aliases.get(sql)
    if (known !== undefined) return known
    const alias = `f${this.tables.length + 1}`
    this.tables.push({ alias, sql })
    this.#aliases.set(sql, alias)
    return alias
  }
}

/** Whether there is a row in the joined table, or whether there is none. */
function presence(alias: string, withoutRow: boolean, onMerge: OnMerge): Answer {
  const sql = `${alias}.customer_id IS ${withoutRow ? '' : 'NOT '}NULL`
  return {
    type: 'boolean',
    sql,
    possible: sql,
    readsCustomer: onMerge === 'stays',
    cover: withoutRow ? null : [alias],
    coverOfNot: withoutRow ? [alias] : null,
  }
}
