/** A condition as people read it, whatever facts it asks about: made from the document itself. */

import { type Html, html } from './html.ts'

const connectives: Readonly<Record<string, string>> = { all: 'all of', any: 'any of', not: 'not' }

/** Facts whose names are better said otherwise; all others are said as they are written. */
const facts: Readonly<Record<string, string>> = {
  'orders.count': 'orders',
  'orders.last': 'last order',
  'orders.first': 'first order',
  'orders.revenue_cents': 'revenue in cents',
  'orders.average_cents': 'average order in cents',
  'seen.last': 'last seen',
  'seen.first': 'first seen',
  'score.churn': 'churn risk',
  'score.churn_tier': 'churn risk',
  'score.clv': 'lifetime value',
  'score.clv_tier': 'lifetime value',
  at_risk: 'at risk of leaving',
}

/** Facts that are followed by names: any of them. */
const memberships: Readonly<Record<string, string>> = {
  segment: 'in the segment',
  'journey.active': 'in the journey now:',
  'journey.entered': 'has entered the journey',
  'journey.completed': 'has completed the journey',
}

/** @param document as it was published, so it has been checked. */
export function conditionInWords(document: unknown): Html {
  return html`<ul class="condition">${item(document)}</ul>`
}

/** The same in one line, for where there is no room for a list. */
export function conditionInLine(document: unknown): string {
  const [name, test] = onlyEntry(document)
  if (!Object.hasOwn(connectives, name)) return factInWords(name, test)
  const parts = (Array.isArray(test) ? (test as readonly unknown[]) : [test]).map(conditionInLine)
  if (name === 'not') return `not: ${parts.join(' and ')}`
  return parts.join(name === 'any' ? ' or ' : ' and ')
}

function onlyEntry(document: unknown): readonly [string, unknown] {
  return Object.entries((document ?? {}) as Readonly<Record<string, unknown>>)[0] ?? ['', undefined]
}

function item(document: unknown): Html {
  const [name, test] = onlyEntry(document)
  const connective = Object.hasOwn(connectives, name) ? connectives[name] : undefined
  if (connective === undefined) return html`<li>${factInWords(name, test)}</li>`
  const parts = Array.isArray(test) ? (test as readonly unknown[]) : [test]
  return html`<li>${connective}<ul>${parts.map(item)}</ul></li>`
}

function factInWords(name: string, test: unknown): string {
  if (Object.hasOwn(memberships, name)) return `${memberships[name]} ${[test].flat().map(String).join(' or ')}`
  const fact = Object.hasOwn(facts, name) ? facts[name] : undefined
  return `${fact ?? name.replaceAll(/[._]/g, ' ')} ${testInWords(test)}`
}

/** `{total: {at_least: 3}, sku: {in: [a, b]}}` as "total at least 3, sku in a, b". */
export function testsInWords(tests: unknown): string {
  return Object.entries((tests ?? {}) as Readonly<Record<string, unknown>>)
    .map(([name, test]) => `${name.replaceAll('_', ' ')} ${testInWords(test)}`)
    .join(', ')
}

/** `{at_least: 3}` as "at least 3", `{in: [a, b]}` as "in a, b". */
function testInWords(test: unknown): string {
  if (test === null || typeof test !== 'object') return `is ${String(test)}`
  if (Array.isArray(test)) return test.map(testPart).join(', then ')
  return Object.entries(test)
    .map(([name, value]) => onePart(name, value))
    .join(', ')
}

const duration = /^\d+ [a-z]+$/

function onePart(name: string, value: unknown): string {
  // `before` and `within` take a length of time for a moment that moves.
  if (typeof value === 'string' && duration.test(value)) {
    if (name === 'before') return `more than ${value} ago`
    if (name === 'within') return `within the last ${value}`
  }
  return `${name.replaceAll('_', ' ')} ${testPart(value)}`
}

function testPart(value: unknown): string {
  if (Array.isArray(value)) return value.map(testPart).join(', ')
  if (value !== null && typeof value === 'object') return `(${testInWords(value)})`
  return String(value)
}
