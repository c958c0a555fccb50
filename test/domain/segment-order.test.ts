/** What segments ask about comes before them; circles and strangers are refused with the place where they stand. */

import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { checkReferences } from '../../src/domain/campaign-check.ts'
import type { Definition } from '../../src/domain/campaign-documents.ts'
import { assembleDefinitions, type CampaignKind, checkDocument } from '../../src/domain/campaign-documents.ts'
import { interestingSegments } from '../../src/domain/interests.ts'
import { inOrder } from '../../src/domain/segment-order.ts'
import { openPolicy, plainLifecycle } from './support/definitions.ts'

const nodes = (edges: Readonly<Record<string, readonly string[]>>) =>
  Object.entries(edges).map(([node, dependsOn]) => ({ node, dependsOn }))
const keysOf = (levels: readonly (readonly { readonly node: string }[])[]): string[][] =>
  levels.map((level) => level.map(({ node }) => node))

test('each level only asks about those before it; a name that nobody has does not hold anybody up', () => {
  const { levels, cycles } = inOrder(nodes({ c: ['b', 'a'], b: ['a'], a: [], d: ['nobody'] }))
  expect(keysOf(levels)).toEqual([['a', 'd'], ['b'], ['c']])
  expect(cycles).toEqual([])
})

test('every circle is told once, as the way round; whoever stands behind it is in no level', () => {
  const { levels, cycles } = inOrder(nodes({ a: ['b'], b: ['c'], c: ['a'], self: ['self'], behind: ['a'], free: [] }))
  expect(keysOf(levels)).toEqual([['free']])
  expect(cycles).toEqual([
    ['a', 'b', 'c', 'a'],
    ['self', 'self'],
  ])
})

function problemsOf(segments: Readonly<Record<string, string>>, journeys: Readonly<Record<string, string>> = {}) {
  const definitions = assembleDefinitions('test', [
    definitionOf('lifecycle', 'lifecycle', plainLifecycle),
    definitionOf('contact-policy', 'contact-policy', openPolicy),
    ...Object.entries(segments).map(([key, text]) => definitionOf('segment', key, text)),
    ...Object.entries(journeys).map(([key, text]) => definitionOf('journey', key, text)),
  ])
  return { definitions, problems: checkReferences(definitions, []) }
}

function definitionOf(kind: CampaignKind, key: string, text: string): Definition {
  const result = checkDocument({ kind, key, version: 'v', document: parse(text) as unknown })
  if ('checked' in result) return result.checked
  throw new Error(JSON.stringify(result.problems))
}

test('segments that ask in a circle, and segments that there are not, are refused where they are asked about', () => {
  const { problems } = problemsOf({
    one: 'name: One\nif: { segment: two }',
    two: 'name: Two\nif: { not: { segment: one } }',
    three: 'name: Three\nif: { any: [{ segment: four }, { stage: refer }] }',
  })
  expect(problems.map(({ key, rule }) => `${key}: ${rule}`)).toEqual([
    'three: "four" is no segment; known: one, three, two',
    'one: asks in a circle: one → two → one',
  ])
})

test('an entry names a segment that there is, and then its news is of interest', () => {
  const journey = (segment: string): string =>
    `name: J\ntopic: news\nentry: [{ type: segment, segment: ${segment} }]\nsteps: [{ id: a, type: exit }]`
  const buyers = { buyers: 'name: B\nif: { orders.count: { at_least: 1 } }', other: 'name: O\nif: { stage: refer }' }
  const { definitions, problems } = problemsOf(buyers, { j: journey('buyers') })
  expect(problems).toEqual([])
  expect([...interestingSegments(definitions)]).toEqual(['buyers'])
  expect(problemsOf(buyers, { j: journey('nobody') }).problems).toMatchObject([
    { kind: 'journey', key: 'j', path: ['entry', 0, 'segment'] },
  ])
})
