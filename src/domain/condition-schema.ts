/**
 * Conditions as documents write them: one fact or one connective per mapping.
 *
 *     all:
 *       - orders.count: { at_least: 2 }
 *       - orders.last: { within: 30 days }
 *       - not: { trait.newsletter: false }
 */

import { z } from 'zod'
import type { Condition } from './condition.ts'
import { type Form, fixedForms, knownNames, openForms } from './conditions/fact-forms.ts'

/** A condition before it is checked. */
export type ConditionDocument = { readonly [fact: string]: unknown }

/** How many conditions one document may hold: every one of them costs each customer whom it concerns. */
const most = 500

/** How deep connectives may nest: more is a generated monster, and a risk for the stack. */
const deepest = 20

type Issue = z.core.$ZodRawIssue
type Path = readonly PropertyKey[]

/** A condition, checked; its problems carry the path inside it. */
export const condition: z.ZodType<Condition, ConditionDocument> = z
  .record(z.string(), z.unknown())
  .meta({ id: 'condition', description: `One of: ${knownNames.join(', ')}.` })
  .transform((document, context): Condition => {
    const issues: Issue[] = []
    const parsed = parseCondition(document, [], issues)
    if (parsed !== undefined && sizeOf(parsed) > most) {
      issues.push({ code: 'custom', message: `must not hold more than ${most} conditions`, path: [], input: document })
    }
    context.issues.push(...issues)
    return parsed ?? z.NEVER
  })

function parseCondition(document: unknown, path: Path, issues: Issue[]): Condition | undefined {
  const refuse = (message: string): undefined => {
    issues.push({ code: 'custom', message, path: [...path], input: document })
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return refuse('must be a condition')
  if (path.length > 2 * deepest) return refuse(`must not nest deeper than ${deepest}`)
  const [first, ...others] = Object.entries(document)
  if (first === undefined) return refuse(`must be a condition: one of ${knownNames.join(', ')}`)
  if (others.length > 0) return refuse('must hold one condition; put several under "all" or "any"')
  const [name, test] = first as [string, unknown]
  switch (name) {
    case 'all':
    case 'any':
      return parseConnective(name, test, [...path, name], issues)
    case 'not': {
      const inner = parseCondition(test, [...path, name], issues)
      return inner && { type: 'not', of: inner }
    }
    default:
      return parseFact(name, test, [...path, name], issues)
  }
}

function parseConnective(type: 'all' | 'any', list: unknown, path: Path, issues: Issue[]): Condition | undefined {
  if (!Array.isArray(list) || list.length === 0) {
    issues.push({ code: 'custom', message: 'must be a list of conditions', path: [...path], input: list })
    return undefined
  }
  const of = list.map((item: unknown, i) => parseCondition(item, [...path, i], issues))
  return of.every((item) => item !== undefined) ? { type, of } : undefined
}

function parseFact(name: string, document: unknown, path: Path, issues: Issue[]): Condition | undefined {
  const form = formOf(name)
  if (typeof form === 'object') return parsePart(form, document, path, issues)
  const message = form ?? `is no known condition; known are ${knownNames.join(', ')}`
  issues.push({ code: 'custom', message, path: [...path], input: document })
  return undefined
}

function formOf(name: string): Form | string | undefined {
  if (Object.hasOwn(fixedForms, name)) return fixedForms[name]
  const open = openForms.find(({ prefix }) => name.startsWith(prefix))
  return open?.form(name.slice(open.prefix.length))
}

function parsePart<Output>(
  schema: z.ZodType<Output>,
  document: unknown,
  path: Path,
  issues: Issue[],
): Output | undefined {
  const result = schema.safeParse(document)
  if (result.success) return result.data
  for (const issue of result.error.issues)
    issues.push({ ...issue, input: document, path: [...path, ...issue.path] } as Issue)
  return undefined
}

function sizeOf(condition: Condition): number {
  if (condition.type === 'not') return 1 + sizeOf(condition.of)
  if (condition.type !== 'all' && condition.type !== 'any') return 1
  return condition.of.reduce((sum, each) => sum + sizeOf(each), 1)
}
