/** The values of a statement, collected while its text is written: nothing that a document says is ever part of the text. */

import type { EpochMs } from '../../domain/time.ts'

/** The types that a value may be sent as. They are words of ours, never of a document. */
type SqlType =
  | 'uuid[]'
  | 'text'
  | 'text[]'
  | 'jsonb'
  | 'numeric'
  | 'float8'
  | 'int'
  | 'boolean'
  | 'timestamptz'
  | 'date'
  | 'interval'

/**
 * One of these ids. The SELECT keeps them from the planner, which would otherwise weigh each of thousands of ids against
 * the statistics of every index and every part of a table: seconds for what is read in milliseconds.
 *
 * @param ids what `SqlParams.add(ids, 'uuid[]')` gave.
 */
export function anyOf(ids: string): string {
  return `ANY ((SELECT ${ids})::uuid[])`
}

export class SqlParams {
  /** In the order of their numbers: `$1` is the first. */
  readonly values: unknown[] = []
  /** The moment as of which all segments of the statement are answered. */
  readonly nowMs: EpochMs
  readonly #placeholders = new Map<string, string>()

  constructor(nowMs: EpochMs) {
    this.nowMs = nowMs
  }

  /** Takes a value. @returns what stands for it in the text: `$3::text`. Equal texts and numbers share one place. */
  add(value: unknown, type: SqlType): string {
    const isPlain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    const name = isPlain ? `${type} ${typeof value} ${value}` : undefined
    const known = name === undefined ? undefined : this.#placeholders.get(name)
    if (known !== undefined) return known
    this.values.push(value)
    const placeholder = `$${this.values.length}::${type}`
    if (name !== undefined) this.#placeholders.set(name, placeholder)
    return placeholder
  }

  text(value: string): string {
    return this.add(value, 'text')
  }

  texts(values: readonly string[]): string {
    return this.add(values, 'text[]')
  }

  /** A scalar in JSON, as traits and properties are stored. */
  json(value: string | number | boolean): string {
    return this.add(JSON.stringify(value), 'jsonb')
  }

  /** Scalars in JSON: an array to compare with `ANY`. */
  jsons(values: readonly (string | number | boolean)[]): string {
    return `${this.add(
      values.map((value) => JSON.stringify(value)),
      'text[]',
    )}::jsonb[]`
  }

  number(value: number): string {
    return this.add(String(value), 'numeric')
  }

  moment(atMs: EpochMs): string {
    return this.add(new Date(atMs).toISOString(), 'timestamptz')
  }

  /** The UTC day of a moment. */
  day(atMs: EpochMs): string {
    return this.add(new Date(atMs).toISOString().slice(0, 10), 'date')
  }

  length(lengthMs: number): string {
    return this.add(`${lengthMs} milliseconds`, 'interval')
  }

  /** A length of time in seconds, as answers count them. */
  seconds(lengthMs: number): string {
    return this.add(lengthMs / 1_000, 'float8')
  }
}
