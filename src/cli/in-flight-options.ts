/** What becomes of people in flight, as flags say it. */

import type { InFlightChoice } from '../domain/in-flight.ts'
import type { InFlightReport } from '../store/publishing/journey-plans.ts'
import { textTable } from './analyze/output.ts'
import { UsageError } from './usage-error.ts'

/**
 * One choice, of `--in-flight` and `--map`.
 *
 * @param pairs `old=new`; `old=-` for leaving.
 */
export function choiceOf(choice: string, pairs: readonly string[]): InFlightChoice {
  if (choice === 'move' || (choice === '' && pairs.length > 0)) return { choice: 'move', map: mapOf(pairs) }
  if (choice !== 'stay' && choice !== 'exit')
    throw new UsageError(`--in-flight: "${choice}" must be stay, exit or move`)
  if (pairs.length > 0) throw new UsageError(`--map: goes with "move", not with "${choice}"`)
  return { choice }
}

function mapOf(pairs: readonly string[]): Record<string, string | null> {
  return Object.fromEntries(
    pairs.map((pair): [string, string | null] => {
      const [, old, to] = /^([^=]+)=([^=]+)$/.exec(pair) ?? []
      if (old === undefined || to === undefined)
        throw new UsageError(`--map: "${pair}" must be like old-step=new-step, or old-step=- for leaving`)
      return [old, to === '-' ? null : to]
    }),
  )
}

/** As it would stand in a file. */
export function choiceDocument(choice: InFlightChoice): unknown {
  return choice.choice === 'move' ? { move: choice.map } : choice.choice
}

/** `--in-flight welcome=exit`, `--map welcome:old=new`: by journey. */
export function choicesOf(
  inFlight: readonly string[] = [],
  maps: readonly string[] = [],
): ReadonlyMap<string, InFlightChoice> {
  const given = new Map<string, { choice: string; pairs: string[] }>()
  const of = (journey: string): { choice: string; pairs: string[] } => {
    const known = given.get(journey) ?? { choice: '', pairs: [] }
    given.set(journey, known)
    return known
  }
  for (const text of inFlight) {
    const [, journey, choice] = /^([^=]+)=(.+)$/.exec(text) ?? []
    if (journey === undefined || choice === undefined)
      throw new UsageError(`--in-flight: "${text}" must be like journey=stay, journey=exit or journey=move`)
    of(journey).choice = choice
  }
  for (const text of maps) {
    const [, journey, pair] = /^([^:=]+):(.+)$/.exec(text) ?? []
    if (journey === undefined || pair === undefined)
      throw new UsageError(`--map: "${text}" must be like journey:old-step=new-step`)
    of(journey).pairs.push(pair)
  }
  return new Map([...given].map(([journey, { choice, pairs }]) => [journey, choiceOf(choice, pairs)]))
}

/** What becomes of people in flight, group by group. */
export function sayReport({ journey, from, to, stay, move, exit, retimed, steps, after }: InFlightReport): string {
  const title = `journey ${journey}: version ${to}${from === null ? '' : ` in place of ${from}`}`
  if (stay + move + exit === 0) return `${title}; nobody is in flight on former versions.`
  const counts = `${stay} stay, ${move} move, ${exit} leave${retimed > 0 ? `; ${retimed} of them wait on other terms` : ''}.`
  const rows = steps.map(({ number, step, count, becomes, to: target, keepsWait }) => [
    String(number ?? '-'),
    step,
    count,
    becomes === 'moves'
      ? `move to ${target}${keepsWait ? ', go on waiting' : ''}`
      : becomes === 'exits'
        ? 'leave'
        : 'stay',
  ])
  const places = after.map(({ number, step, count }) => [String(number ?? '-'), step, count])
  return [
    `${title}: ${counts}`,
    textTable(['version', 'step', 'people', ''], rows),
    'Afterwards:',
    places.length === 0 ? 'nobody is in flight.' : textTable(['version', 'step', 'people'], places),
  ].join('\n')
}
