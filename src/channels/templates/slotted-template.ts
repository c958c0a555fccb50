/**
 * A template taken apart: text that is the same for everybody, and slots that differ. Only plain outputs and conditions
 * can be taken apart; whatever else Liquid has is left to Liquid.
 */

import { type Context, IfTag, Output, type Template, toValueSync, UnlessTag, type Value } from 'liquidjs'
import { contextFor, type ParsedTemplate } from './liquid.ts'

export interface Slot {
  /** Of a plain variable, without filters: `['customer', 'firstName']`. */
  readonly path: readonly string[] | undefined
  /** What Liquid would put there. @throws what Liquid throws. */
  valueIn(scope: Scope): string
}

export type Piece = string | Slot

/** Which branches were taken. Templates that go the same way have the same text and the same slots. */
export type Way = string

export interface SlottedTemplate {
  /** @throws what Liquid throws. */
  wayIn(scope: Scope): Way
  piecesOn(way: Way): readonly Piece[]
}

/** What a template is filled with; what Liquid itself has to work out shares one context. */
export class Scope {
  readonly facts: Readonly<Record<string, unknown>>
  #context: Context | undefined

  constructor(facts: Readonly<Record<string, unknown>>) {
    this.facts = facts
  }

  contextFor(template: ParsedTemplate): Context {
    return (this.#context ??= contextFor(template, this.facts))
  }
}

interface Choice {
  readonly tests: readonly { readonly holds: (scope: Scope) => boolean; readonly nodes: readonly Node[] }[]
  readonly otherwise: readonly Node[]
}

type Node = Piece | Choice

/** @returns undefined if the template holds something that cannot be taken apart. */
export function slottedTemplate(template: ParsedTemplate): SlottedTemplate | undefined {
  const nodes = nodesOf(template.nodes, template)
  if (nodes === undefined) return undefined
  let lastWay: Way | undefined
  let last: readonly Piece[] = []
  return {
    wayIn: (scope) => walk(nodes, scope),
    piecesOn(way) {
      if (way !== lastWay) last = merged(along(nodes, Array.from(way)))
      lastWay = way
      return last
    },
  }
}

function nodesOf(templates: readonly Template[], template: ParsedTemplate): Node[] | undefined {
  const nodes: Node[] = []
  for (const each of templates) {
    const node = nodeOf(each, template)
    if (node === undefined) return undefined
    nodes.push(node)
  }
  return nodes
}

function nodeOf(node: Template, template: ParsedTemplate): Node | undefined {
  if (node instanceof Output) return slotOf(node.value, template)
  if (node instanceof IfTag || node instanceof UnlessTag) return choiceOf(node, template)
  return 'str' in node && typeof node.str === 'string' ? node.str : undefined
}

function slotOf(value: Value, template: ParsedTemplate): Slot {
  const isPlain = value.filters.length === 0 || isEscapingOnly(value, template)
  const { postfix } = value.initial
  const path = isPlain && postfix.length === 1 ? pathOf(postfix[0]) : undefined
  const byLiquid = (scope: Scope): string => stringOf(toValueSync(value.value(scope.contextFor(template), false)))
  if (path === undefined) return { path, valueIn: byLiquid }
  const escape = template.escaping === 'html'
  return {
    path,
    valueIn: (scope) => {
      const found = read(scope.facts, path)
      if (typeof found === 'string') return escape && /[&<>"']/.test(found) ? byLiquid(scope) : found
      if (found === undefined || found === null) return ''
      return typeof found === 'number' || typeof found === 'boolean' ? String(found) : byLiquid(scope)
    },
  }
}

/** Liquid puts the escaping of HTML behind all filters; it has no name that a template could use. */
function isEscapingOnly({ filters }: Value, { escaping }: ParsedTemplate): boolean {
  return escaping === 'html' && filters.length === 1
}

type Token = Value['initial']['postfix'][number]

function pathOf(token: Token | undefined): readonly string[] | undefined {
  if (token === undefined || !('props' in token) || !('variable' in token) || token.variable !== undefined)
    return undefined
  const path = (token.props as object[]).map((prop) => ('content' in prop ? prop.content : undefined))
  const isPlain = path.every((part) => typeof part === 'string' && !isDerived.has(part))
  return isPlain ? (path as string[]) : undefined
}

/** What Liquid works out of a value. */
const isDerived: ReadonlySet<string> = new Set(['size', 'first', 'last'])

function read(facts: Readonly<Record<string, unknown>>, path: readonly string[]): unknown {
  let at: unknown = facts
  for (const part of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, part)) return undefined
    at = (at as Record<string, unknown>)[part]
  }
  return at
}

function stringOf(value: unknown): string {
  if (typeof value === 'string') return value
  if (value === undefined || value === null) return ''
  if (Array.isArray(value)) return value.map(stringOf).join('')
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  throw new TypeError('left to Liquid')
}

function choiceOf(tag: IfTag | UnlessTag, template: ParsedTemplate): Choice | undefined {
  const otherwise = nodesOf(tag.elseTemplates ?? [], template)
  const tests = tag.branches.flatMap(({ value, templates, ...more }, i) => {
    const nodes = nodesOf(templates, template)
    const isNegated = 'test' in more && i === 0
    return nodes === undefined ? [] : [{ holds: testOf(value, isNegated, template), nodes }]
  })
  return otherwise === undefined || tests.length < tag.branches.length ? undefined : { tests, otherwise }
}

function testOf(value: Value, isNegated: boolean, template: ParsedTemplate): (scope: Scope) => boolean {
  const compared = value.filters.length === 0 ? comparison(value) : undefined
  return (scope) => {
    const found = compared?.(scope.facts) ?? toValueSync(value.value(scope.contextFor(template), false))
    const isFalse = found === false || found === undefined || found === null
    return isFalse === isNegated
  }
}

/** `variable == "text"` and its opposite, of texts: what most conditions are. Undefined: Liquid has to say. */
function comparison({ initial: { postfix } }: Value): ((facts: Scope['facts']) => boolean | undefined) | undefined {
  const [left, right, operator] = postfix
  if (postfix.length !== 3 || right === undefined) return undefined
  const sign = operator && 'operator' in operator ? operator.operator : undefined
  const text = 'content' in right ? right.content : undefined
  const path = pathOf(left)
  if ((sign !== '==' && sign !== '!=') || typeof text !== 'string' || path === undefined) return undefined
  return (facts) => {
    const found = read(facts, path)
    return typeof found === 'string' ? (found === text) === (sign === '==') : undefined
  }
}

/** One character for each choice on the way, in order. */
function walk(nodes: readonly Node[], scope: Scope): Way {
  let way = ''
  for (const node of nodes) {
    if (typeof node === 'string' || 'valueIn' in node) continue
    const taken = node.tests.findIndex(({ holds }) => holds(scope))
    way += String.fromCharCode(taken + 1)
    way += walk(taken === -1 ? node.otherwise : (node.tests[taken]?.nodes ?? []), scope)
  }
  return way
}

/** @param way is used up. */
function along(nodes: readonly Node[], way: string[]): Piece[] {
  return nodes.flatMap((node): Piece[] => {
    if (typeof node === 'string' || 'valueIn' in node) return [node]
    const taken = (way.shift() ?? '').charCodeAt(0) - 1
    return along(taken === -1 ? node.otherwise : (node.tests[taken]?.nodes ?? []), way)
  })
}

function merged(pieces: readonly Piece[]): Piece[] {
  const all: Piece[] = []
  for (const piece of pieces) {
    const last = all.at(-1)
    if (typeof piece === 'string' && typeof last === 'string') all[all.length - 1] = last + piece
    else all.push(piece)
  }
  return all
}
