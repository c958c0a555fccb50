/** Definitions for tests, from YAML as marketers write it. */

import { parse } from 'yaml'
import {
  assembleDefinitions,
  type CampaignKind,
  checkDocument,
  type Definition,
} from '../../../src/domain/campaign-documents.ts'
import type { Definitions, JourneyDefinition } from '../../../src/domain/definitions.ts'
import { sayProblem } from '../../../src/domain/problem.ts'

export const plainLifecycle = `
name: Lifecycle
stages:
  - { stage: acquire, because: known }
  - { stage: activate, because: first order, if: { orders.count: { at_least: 1 } } }
  - { stage: retain, because: second order, if: { orders.count: { at_least: 2 } } }
  - stage: revenue
    because: high value
    if: { all: [ orders.count: { at_least: 2 }, score.clv_tier: high ] }
  - stage: refer
    because: high value and loyal
    if: { all: [ orders.count: { at_least: 6 }, score.clv_tier: high ] }
churn: { enter: 0.7, leave: 0.5 }
`

/** Nothing stands in the way of an email; SMS keeps its nights. */
export const openPolicy = `
name: Open
topics: { news: { name: News }, orders: { name: Orders } }
default_time_zone: UTC
spread: 0 seconds
patience: 30 days
`

export interface DefinitionTexts {
  readonly lifecycle?: string
  readonly policy?: string
  /** By key. */
  readonly journeys?: Readonly<Record<string, string>>
  readonly offers?: Readonly<Record<string, string>>
  /** Versions that people may still be following. */
  readonly former?: readonly JourneyDefinition[]
}

/** @throws Error with every problem of a text that is not accepted. */
export function definitionsOf({
  lifecycle,
  policy,
  journeys = {},
  offers = {},
  former = [],
}: DefinitionTexts): Definitions {
  return assembleDefinitions(
    'test',
    [
      definitionOf('lifecycle', 'lifecycle', lifecycle ?? plainLifecycle),
      definitionOf('contact-policy', 'contact-policy', policy ?? openPolicy),
      ...Object.entries(journeys).map(([key, text]) => definitionOf('journey', key, text)),
      ...Object.entries(offers).map(([key, text]) => definitionOf('offer', key, text)),
    ],
    former,
  )
}

export function journeyOf(key: string, text: string, version = 'v1'): JourneyDefinition {
  const definition = definitionOf('journey', key, text, version)
  if (definition.kind !== 'journey') throw new Error('no journey')
  return definition.definition
}

/** Reading YAML takes longer than a hundred decisions, and property tests ask for the same few texts over and over. */
const known = new Map<string, Definition>()

function definitionOf(kind: CampaignKind, key: string, text: string, version = 'v1'): Definition {
  const name = [kind, key, version, text].join('\n')
  const definition = known.get(name) ?? readDefinition(kind, key, text, version)
  known.set(name, definition)
  return definition
}

function readDefinition(kind: CampaignKind, key: string, text: string, version: string): Definition {
  const result = checkDocument({ kind, key, version, document: parse(text) })
  if ('checked' in result) return result.checked
  throw new Error(`${kind} ${key}: ${result.problems.map(sayProblem).join('; ')}`)
}

/** The problems of a document, one a line, as people read them. */
export function problemsIn(kind: CampaignKind, text: string): readonly string[] {
  const result = checkDocument({ kind, key: 'test', version: 'v1', document: parse(text) })
  return 'problems' in result ? result.problems.map(sayProblem) : []
}
