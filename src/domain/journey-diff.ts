/** What is different between two versions of a document, in words that a marketer can read. */

import { sameContent } from './same-content.ts'

export interface Change {
  /** `step hello`, `goal`, `entry`. */
  readonly where: string
  readonly what: 'added' | 'removed' | 'changed' | 'moved'
  /** A sentence without its full stop. */
  readonly words: string
}

type Fields = Readonly<Record<string, unknown>>

/** Both as they were written. Journeys are told step by step, other documents field by field. */
export function diffDocuments(before: unknown, after: unknown): readonly Change[] {
  const [from, to] = [fieldsOf(before), fieldsOf(after)]
  const { steps: stepsBefore, ...restBefore } = from
  const { steps: stepsAfter, ...restAfter } = to
  return [...diffFields(restBefore, restAfter), ...diffSteps(stepList(stepsBefore), stepList(stepsAfter))]
}

function diffFields(before: Fields, after: Fields): readonly Change[] {
  return namesIn(before, after).flatMap((where): readonly Change[] => {
    const words = sayField(where, before[where], after[where])
    if (words === undefined) return []
    return [{ where, what: whatHappened(before[where], after[where]), words }]
  })
}

interface WrittenStep extends Fields {
  readonly id: string
}

function diffSteps(before: readonly WrittenStep[], after: readonly WrittenStep[]): readonly Change[] {
  const formers = new Map(before.map((step) => [step.id, step]))
  const ids = new Set(after.map(({ id }) => id))
  const gone = before
    .filter(({ id }) => !ids.has(id))
    .map((step): Change => {
      return { where: `step ${step.id}`, what: 'removed', words: `Step ${step.id} (${sayStep(step)}) is gone` }
    })
  const rest = after.flatMap((step, i): readonly Change[] => {
    const where = `step ${step.id}`
    const former = formers.get(step.id)
    if (former === undefined) {
      const place = i === 0 ? 'at the beginning' : `after ${after[i - 1]?.id ?? ''}`
      return [{ where, what: 'added', words: `Step ${step.id} (${sayStep(step)}) is new, ${place}` }]
    }
    return [
      ...changedTerms(where, former, step),
      ...changedWay(where, nextOf(before, former), nextOf(after, step), step),
    ]
  })
  return [...gone, ...rest]
}

function changedTerms(where: string, before: WrittenStep, after: WrittenStep): readonly Change[] {
  const { next: _before, ...from } = before
  const { next: _after, ...to } = after
  const fields = namesIn(from, to).flatMap((name) => sayField(name, from[name], to[name]) ?? [])
  return fields.length === 0 ? [] : [{ where, what: 'changed', words: `Step ${after.id}: ${fields.join('; ')}` }]
}

function changedWay(where: string, before: string, after: string, { id }: WrittenStep): readonly Change[] {
  return before === after ? [] : [{ where, what: 'moved', words: `After ${id} comes ${after}, no longer ${before}` }]
}

/** Where a step leads if nothing else is said: to the one below. */
function nextOf(steps: readonly WrittenStep[], step: WrittenStep): string {
  if (step['type'] === 'exit' || step['type'] === 'go-to-journey') return 'nothing'
  const next = step['next'] ?? steps[steps.indexOf(step) + 1]?.id
  return typeof next !== 'string' || next === 'end' ? 'the end' : next
}

function sayStep({ id: _id, type, ...terms }: WrittenStep): string {
  const told = Object.entries(terms).map(([name, value]) => `${nameInWords(name)} ${sayValue(value)}`)
  return [sayValue(type), ...told].join(', ')
}

function sayField(name: string, before: unknown, after: unknown): string | undefined {
  if (sameContent(before, after)) return undefined
  const title = nameInWords(name)
  if (before === undefined) return `${title} is now ${sayValue(after)}`
  if (after === undefined) return `${title} is no longer said (was ${sayValue(before)})`
  return `${title} ${sayValue(before)} → ${sayValue(after)}`
}

function whatHappened(before: unknown, after: unknown): Change['what'] {
  if (before === undefined) return 'added'
  return after === undefined ? 'removed' : 'changed'
}

function nameInWords(name: string): string {
  return name.replaceAll('_', ' ')
}

/** As it would stand in a file, on one line. */
function sayValue(value: unknown): string {
  if (typeof value === 'string') return value
  if (Array.isArray(value)) return `[${value.map(sayValue).join(', ')}]`
  if (typeof value !== 'object' || value === null) return String(value)
  return `{ ${Object.entries(value)
    .map(([name, inner]) => `${name}: ${sayValue(inner)}`)
    .join(', ')} }`
}

function namesIn(before: Fields, after: Fields): readonly string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
}

function fieldsOf(document: unknown): Fields {
  return typeof document === 'object' && document !== null && !Array.isArray(document) ? (document as Fields) : {}
}

function stepList(steps: unknown): readonly WrittenStep[] {
  const list: readonly unknown[] = Array.isArray(steps) ? steps : []
  return list.map(fieldsOf).filter((step): step is WrittenStep => typeof step['id'] === 'string')
}
