/** What is wrong with a document that somebody wrote: where, which value, which rule. */

import type { z } from 'zod'

export interface Problem {
  /** From the top of the document. */
  readonly path: readonly (string | number)[]
  /** What stands there; undefined if nothing does. */
  readonly value: unknown
  /** In plain words: "must be one of email, sms". */
  readonly rule: string
}

/** A problem in one line, without the place: `at_least "two": must be a number`. */
export function sayProblem({ path, value, rule }: Problem): string {
  const where = path.length === 0 ? 'document' : sayPath(path)
  return value === undefined ? `${where}: ${rule}` : `${where} ${sayValue(value)}: ${rule}`
}

/** `steps[2].template` */
export function sayPath(path: readonly (string | number)[]): string {
  return path.map((key, i) => (typeof key === 'number' ? `[${key}]` : `${i === 0 ? '' : '.'}${key}`)).join('')
}

function sayValue(value: unknown): string {
  const text = JSON.stringify(value) ?? typeof value
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}

/** All problems that a schema found in a document. */
export function problemsOf(error: z.ZodError, document: unknown): readonly Problem[] {
  return error.issues.flatMap((issue) => problemsOfIssue(issue, document, []))
}

type Issue = z.core.$ZodIssue

function problemsOfIssue(issue: Issue, document: unknown, above: readonly (string | number)[]): readonly Problem[] {
  const path = [...above, ...issue.path.map((key) => (typeof key === 'symbol' ? key.toString() : key))]
  if (issue.code === 'invalid_union') {
    const meant = branchThatWasMeant(issue.errors)
    if (meant !== undefined) return meant.flatMap((inner) => problemsOfIssue(inner, document, path))
  }
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const place = [...path, key]
      return { path: place, value: valueAt(document, place), rule: 'is not known here' }
    })
  }
  const value = valueAt(document, path)
  return [{ path, value, rule: value === undefined ? missing(issue) : ruleOf(issue) }]
}

/** Of the forms that a value may take, the one that its author most likely meant: whose problems lie deepest. */
function branchThatWasMeant(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const depth = (issues: readonly Issue[]): number => Math.min(...issues.map((issue) => issue.path.length))
  const deepest = Math.max(0, ...branches.map(depth))
  return deepest > 0 ? branches.find((issues) => depth(issues) === deepest) : undefined
}

function missing(issue: Issue): string {
  return issue.code === 'invalid_type' || issue.code === 'invalid_value' || issue.code === 'invalid_union'
    ? `is missing (${ruleOf(issue)})`
    : ruleOf(issue)
}

function ruleOf(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${inWords(issue.expected)}`
    case 'invalid_value':
      return `must be ${issue.values.length === 1 ? '' : 'one of '}${issue.values.map(String).join(', ')}`
    case 'invalid_union':
      return ruleOfUnion(issue)
    case 'too_small':
      return issue.origin === 'number' || issue.origin === 'int'
        ? `must be ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}`
        : 'must not be empty'
    case 'too_big':
      return issue.origin === 'number' || issue.origin === 'int'
        ? `must be ${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}`
        : `must not be longer than ${issue.maximum}`
    case 'invalid_key': {
      const [inner] = issue.issues
      return inner === undefined ? issue.message : `has a name that ${ruleOf(inner)}`
    }
    case 'invalid_format':
    case 'not_multiple_of':
    case 'invalid_element':
    case 'unrecognized_keys':
    case 'custom':
      return issue.message
  }
}

function ruleOfUnion(issue: z.core.$ZodIssueInvalidUnion): string {
  const { options } = issue as { readonly options?: readonly unknown[] } // Set when a discriminator has an unknown value.
  if (options !== undefined) return `must be one of ${options.map(String).join(', ')}`
  const forms = issue.errors.map((inner) => inner[0]).filter((inner) => inner !== undefined)
  return forms.map(ruleOf).join(' or ').replaceAll(' or must be ', ' or ')
}

function inWords(type: string): string {
  const words: Record<string, string> = {
    object: 'a mapping',
    record: 'a mapping',
    array: 'a list',
    string: 'a text',
    int: 'a whole number',
    boolean: 'true or false',
  }
  return words[type] ?? `a ${type}`
}

function valueAt(document: unknown, path: readonly (string | number)[]): unknown {
  let value = document
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined
    value = (value as Readonly<Record<string | number, unknown>>)[key]
  }
  return value
}
