/** A condition as a nested list that people can read, whatever facts it asks about: made from the document itself. */

import { type Html, html } from './html.ts'

const connectives: Readonly<Record<string, string>> = { all: 'all of', any: 'any of', not: 'not' }

/** @param document as it was published, so it has been checked. */
export function conditionInWords(document: unknown): Html {
  return html`<ul class="condition">${item(document)}</ul>`
}

function item(document: unknown): Html {
  const [name = '', test] = Object.entries((document ?? {}) as Readonly<Record<string, unknown>>)[0] ?? []
  const connective = Object.hasOwn(connectives, name) ? connectives[name] : undefined
  if (connective === undefined) return html`<li>${name.replaceAll(/[._]/g, ' ')} ${testInWords(test)}</li>`
  const parts = Array.isArray(test) ? (test as readonly unknown[]) : [test]
  return html`<li>${connective}<ul>${parts.map(item)}</ul></li>`
}

/** `{at_least: 3}` as "at least 3", `{in: [a, b]}` as "in a, b". */
function testInWords(test: unknown): string {
  if (test === null || typeof test !== 'object') return `is ${String(test)}`
  if (Array.isArray(test)) return test.map(testPart).join(', then ')
  return Object.entries(test)
    .map(([name, value]) => `${name.replaceAll('_', ' ')} ${testPart(value)}`)
    .join(', ')
}

function testPart(value: unknown): string {
  if (Array.isArray(value)) return value.map(testPart).join(', ')
  if (value !== null && typeof value === 'object') return `(${testInWords(value)})`
  return String(value)
}
