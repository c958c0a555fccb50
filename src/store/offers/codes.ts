/** Loading the codes of a pool: codes that the shop's own system knows, one a line. */

import type { EpochMs } from '../../domain/time.ts'
import type { Queryable } from '../database.ts'

const codeRule = 'must be 3 to 60 letters, digits or signs, without spaces'
const codePattern = /^[!-~]{3,60}$/
const mostTold = 20

/** Some lines are not codes, or not new. Says which, and why; nothing was loaded. */
export class CodesError extends Error {
  override readonly name = 'CodesError'

  constructor(problems: readonly LineProblem[]) {
    const told = [...problems]
      .sort((a, b) => a.line - b.line)
      .slice(0, mostTold)
      .map(({ line, code, rule }) => `line ${line} ${JSON.stringify(code)}: ${rule}`)
    const more = problems.length > mostTold ? [`… and ${problems.length - mostTold} more lines`] : []
    super([...told, ...more].join('\n'))
  }
}

interface LineProblem {
  readonly line: number
  readonly code: string
  readonly rule: string
}

interface Line {
  readonly line: number
  readonly code: string
}

/**
 * Adds codes to the pool of an offer: all of them or, if anything is wrong, none. Codes are told apart and kept without
 * regard to case, as shops do. Call it in a transaction of its own.
 *
 * @param lines One code each; empty lines count as lines, and that is all.
 * @returns how many were added.
 * @throws CodesError
 */
export async function loadCodes(
  client: Queryable,
  offer: string,
  lines: readonly string[],
  atMs: EpochMs,
): Promise<number> {
  const { codes, problems } = readLines(lines)
  if (problems.length > 0) throw new CodesError(problems)
  const { rows } = await client.query<{ code: string }>(
    `INSERT INTO offer_codes (code, offer, loaded_at)
     SELECT code, $2, $3 FROM unnest($1::text[]) AS given (code)
      WHERE NOT EXISTS (SELECT FROM coupons c WHERE c.code = given.code)
     ON CONFLICT (code) DO NOTHING RETURNING code`,
    [codes.map(({ code }) => code), offer, new Date(atMs)],
  )
  if (rows.length === codes.length) return rows.length
  const added = new Set(rows.map(({ code }) => code))
  throw new CodesError(
    await whyNot(
      client,
      codes.filter(({ code }) => !added.has(code)),
    ),
  )
}

function readLines(lines: readonly string[]): { readonly codes: Line[]; readonly problems: LineProblem[] } {
  const firstLine = new Map<string, number>()
  const codes: Line[] = []
  const problems: LineProblem[] = []
  lines.forEach((text, i) => {
    const code = text.trim().toUpperCase()
    if (code === '') return
    const line = i + 1
    const first = firstLine.get(code)
    if (!codePattern.test(code)) problems.push({ line, code: code.slice(0, 60), rule: codeRule })
    else if (first !== undefined) problems.push({ line, code, rule: `is the same code as in line ${first}` })
    else {
      firstLine.set(code, line)
      codes.push({ line, code })
    }
  })
  return { codes, problems }
}

async function whyNot(client: Queryable, known: readonly Line[]): Promise<LineProblem[]> {
  const { rows } = await client.query<{ code: string; offer: string }>(
    'SELECT code, offer FROM offer_codes WHERE code = ANY ($1)',
    [known.map(({ code }) => code)],
  )
  const offerOf = new Map(rows.map(({ code, offer }) => [code, offer]))
  return known.map(({ line, code }) => {
    const offer = offerOf.get(code)
    const rule = offer === undefined ? 'is the code of a coupon already' : `is loaded already, for the offer "${offer}"`
    return { line, code, rule }
  })
}
