/**
 * Conditions as documents write them: one fact or one connective per mapping.
 *
 *     all:
 *       - orders.count: { at_least: 2 }
 *       - orders.last: { within: 30 days }
 *       - not: { trait.newsletter: false }
 */

import { z } from 'zod'
import type { Condition, MomentFact, MomentTest, ValueFact, ValueTest } from './condition.ts'
import { channel, duration, key, stage } from './document-parts.ts'
import { numberTest, valueTest, wordTest } from './value-test.ts'

const momentTest = z
  .strictObject({ within: duration.optional(), before: duration.optional() })
  .refine(({ within, before }) => (within === undefined) !== (before === undefined), {
    message: 'must hold either "within" or "before"',
  })
  .transform(
    ({ within, before }): MomentTest =>
      within === undefined ? { is: 'before', lengthMs: before ?? 0 } : { is: 'within', lengthMs: within },
  )

const tierTest = wordTest(['high', 'middle', 'low'])
const consentTest = wordTest(['granted', 'withdrawn', 'none'])
const flag = z.boolean().transform((equals): ValueTest => ({ equals }))

/** Every fact with a fixed name: how its test is written, and what it becomes. */
const valueFacts = {
  'orders.count': { test: numberTest, fact: { of: 'orders', name: 'count' } },
  'orders.revenue_cents': { test: numberTest, fact: { of: 'orders', name: 'revenue' } },
  'orders.refunded_cents': { test: numberTest, fact: { of: 'orders', name: 'refunded' } },
  'score.churn': { test: numberTest, fact: { of: 'score', name: 'churn' } },
  'score.churn_tier': { test: tierTest, fact: { of: 'tier', name: 'churn' } },
  'score.clv': { test: numberTest, fact: { of: 'score', name: 'clv' } },
  'score.clv_tier': { test: tierTest, fact: { of: 'tier', name: 'clv' } },
  stage: { test: wordTest(stage.options as [string, ...string[]]), fact: { of: 'stage' } },
  at_risk: { test: flag, fact: { of: 'at-risk' } },
  'reachable.email': { test: flag, fact: { of: 'reachable', channel: 'email' } },
  'reachable.sms': { test: flag, fact: { of: 'reachable', channel: 'sms' } },
} as const satisfies Record<string, { test: z.ZodType<ValueTest>; fact: ValueFact }>

const momentFacts = [
  'orders.first',
  'orders.last',
  'seen.first',
  'seen.last',
  'stage.since',
] as const satisfies MomentFact[]

/** Facts whose name goes on after the prefix. */
const openFacts: readonly {
  prefix: string
  test: z.ZodType<ValueTest>
  fact: (rest: string) => ValueFact | undefined
}[] = [
  { prefix: 'trait.', test: valueTest, fact: (name) => (name === '' ? undefined : { of: 'trait', name }) },
  { prefix: 'consent.', test: consentTest, fact: consentFact },
]

function consentFact(rest: string): ValueFact | undefined {
  const [channelName, topic = '*', ...more] = rest.split('.')
  const parsed = channel.safeParse(channelName)
  if (!parsed.success || more.length > 0) return undefined
  return topic === '*' || key.safeParse(topic).success ? { of: 'consent', channel: parsed.data, topic } : undefined
}

/** A condition before it is checked. */
export type ConditionDocument = { readonly [fact: string]: unknown }

const knownNames = [
  'all',
  'any',
  'not',
  ...Object.keys(valueFacts),
  ...momentFacts,
  'trait.NAME',
  'consent.CHANNEL',
  'consent.CHANNEL.TOPIC',
]

/** How deep connectives may nest: more is a generated monster, and a risk for the stack. */
const deepest = 20

type Issue = z.core.$ZodRawIssue
type Path = readonly PropertyKey[]

/** A condition, checked; its problems carry the path inside it. */
export const condition: z.ZodType<Condition, ConditionDocument> = z
  .record(z.string(), z.unknown())
  .meta({ description: `One of: ${knownNames.join(', ')}.` })
  .transform((document, context): Condition => {
    const issues: Issue[] = []
    const parsed = parseCondition(document, [], issues)
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
  const moment = momentFacts.find((known) => known === name)
  if (moment !== undefined) {
    const length = parsePart(momentTest, document, path, issues)
    return length && { type: 'moment', fact: moment, test: length }
  }
  const known = Object.hasOwn(valueFacts, name) ? valueFacts[name as keyof typeof valueFacts] : openFact(name)
  if (known === undefined) {
    const message = `is no known condition; known are ${knownNames.join(', ')}`
    issues.push({ code: 'custom', message, path: [...path], input: document })
    return undefined
  }
  const test = parsePart<ValueTest>(known.test, document, path, issues)
  return test && { type: 'value', fact: known.fact, test }
}

function openFact(name: string): { test: z.ZodType<ValueTest>; fact: ValueFact } | undefined {
  const found = openFacts.find(({ prefix }) => name.startsWith(prefix))
  const fact = found?.fact(name.slice(found.prefix.length))
  return found && fact && { test: found.test, fact }
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
