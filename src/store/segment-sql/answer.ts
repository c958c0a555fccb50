/**
 * How a condition's answer is written in SQL, and how answers are put together.
 *
 * What time can change is a **standing**: one number that tells both whether the condition holds (its sign) and until
 * when it certainly does not change by itself (its size, in seconds since 1970; infinite: never). Then "all" is the
 * least of the standings, "any" the greatest, "not" the negative: a condition that fails waits for the last of those
 * that fail, one that holds fails with the first. @see src/domain/standing.ts, which does the same in TypeScript.
 */

export interface Answer {
  /** What time alone never changes is a boolean, everything else a standing (float8). Never NULL. */
  readonly type: 'boolean' | 'standing'
  readonly sql: string
  /** True unless the answer is no, for ever: who is not among these has no row. A boolean is its own. */
  readonly possible: string
  /** Reads a column of `customers c`. */
  readonly readsCustomer: boolean
  /** The joined tables that may hold somebody of whom this is possible; null: anybody. */
  readonly cover: readonly string[] | null
  /** As `cover`, for the opposite answer. */
  readonly coverOfNot: readonly string[] | null
}

/** Of a column of `customers`. */
export function booleanAnswer(sql: string): Answer {
  return { type: 'boolean', sql, possible: sql, readsCustomer: true, cover: null, coverOfNot: null }
}

/** Of a moment in a column of `customers`. */
export function standingAnswer(sql: string, possible = possibleStanding(sql)): Answer {
  return { type: 'standing', sql, possible, readsCustomer: true, cover: null, coverOfNot: null }
}

function possibleStanding(sql: string): string {
  return `${sql} > '-Infinity'`
}

export function notAnswer(answer: Answer): Answer {
  const sql = answer.type === 'boolean' ? `NOT (${answer.sql})` : `-(${answer.sql})`
  return {
    ...answer,
    sql,
    possible: answer.type === 'boolean' ? sql : possibleStanding(sql),
    cover: answer.coverOfNot,
    coverOfNot: answer.cover,
  }
}

export function allAnswer(answers: readonly Answer[]): Answer {
  return {
    ...connected(answers, 'AND', 'least'),
    possible: answers.map(({ possible }) => `(${possible})`).join(' AND '),
    cover: smallestCover(answers.map(({ cover }) => cover)),
    coverOfNot: jointCover(answers.map(({ coverOfNot }) => coverOfNot)),
  }
}

export function anyAnswer(answers: readonly Answer[]): Answer {
  return {
    ...connected(answers, 'OR', 'greatest'),
    possible: answers.map(({ possible }) => `(${possible})`).join(' OR '),
    cover: jointCover(answers.map(({ cover }) => cover)),
    coverOfNot: smallestCover(answers.map(({ coverOfNot }) => coverOfNot)),
  }
}

function connected(
  answers: readonly Answer[],
  word: 'AND' | 'OR',
  standing: 'least' | 'greatest',
): Pick<Answer, 'type' | 'sql' | 'readsCustomer'> {
  const readsCustomer = answers.some((answer) => answer.readsCustomer)
  const isBoolean = answers.every(({ type }) => type === 'boolean')
  if (isBoolean) return { type: 'boolean', sql: answers.map(({ sql }) => `(${sql})`).join(` ${word} `), readsCustomer }
  return { type: 'standing', sql: `${standing}(${answers.map(standingOf).join(', ')})`, readsCustomer }
}

/** A boolean as the standing of what never changes. */
export function standingOf({ type, sql }: Answer): string {
  return type === 'standing' ? sql : `CASE WHEN ${sql} THEN 'Infinity'::float8 ELSE '-Infinity'::float8 END`
}

type Cover = readonly string[] | null

/** Whoever is missing from one of them is missing from all: the one with the fewest tables will do. */
function smallestCover(covers: readonly Cover[]): Cover {
  const known = covers.filter((cover) => cover !== null)
  return known.reduce<Cover>((best, cover) => (best === null || cover.length < best.length ? cover : best), null)
}

function jointCover(covers: readonly Cover[]): Cover {
  const known = covers.filter((cover) => cover !== null)
  return known.length < covers.length ? null : [...new Set(known.flat())]
}
