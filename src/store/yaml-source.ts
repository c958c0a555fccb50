/** A YAML text with its lines, so that what is wrong in it can be pointed at. */

import { isMap, isNode, isPair, LineCounter, type Node, parseDocument } from 'yaml'
import type { Problem } from '../domain/problem.ts'

export interface YamlSource {
  /** Plain JSON. Meaningless where there are problems. */
  readonly document: unknown
  /** What makes it no proper YAML. */
  readonly problems: readonly (Problem & { readonly line: number })[]
  /** The line (from 1) of the value at a path, or of the nearest thing around it. */
  lineOf(path: readonly (string | number)[]): number
}

/**
 * Reads YAML 1.2. Nothing in it is trusted: no custom tags, no alias bombs, no key given twice.
 *
 * @param firstLine Of the text within its file.
 */
export function readYaml(text: string, firstLine = 1): YamlSource {
  const lines = new LineCounter()
  const parsed = parseDocument(text, { lineCounter: lines, version: '1.2', uniqueKeys: true, stringKeys: true })
  const lineAt = (offset: number): number => lines.linePos(offset).line + firstLine - 1
  const problems = [...parsed.errors, ...parsed.warnings].map((error) => ({
    path: [],
    value: undefined,
    rule: `is not proper YAML: ${firstSentence(error.message)}`,
    line: lineAt(error.pos[0]),
  }))
  const { document, problem } = toJson(() => parsed.toJS({ maxAliasCount: 100 }))
  return {
    document,
    problems:
      problem === undefined ? problems : [...problems, { path: [], value: undefined, rule: problem, line: firstLine }],
    lineOf: (path) => lineAt(offsetOf(parsed.contents, path)),
  }
}

function toJson(read: () => unknown): { document: unknown; problem?: string } {
  try {
    const document = read()
    return JSON.stringify(document)?.includes(String.raw`\u0000`)
      ? { document, problem: 'must not hold a null character' }
      : { document }
  } catch (error) {
    return { document: undefined, problem: error instanceof Error ? firstSentence(error.message) : String(error) }
  }
}

function firstSentence(message: string): string {
  return message.split(/ at line \d+|\n/)[0] ?? message
}

/** Where the value at a path stands, following it as far as it leads. */
function offsetOf(root: Node | null, path: readonly (string | number)[]): number {
  let offset = root?.range?.[0] ?? 0
  let node: unknown = root
  for (const key of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isPair(item) && String(item.key) === key)
      if (pair === undefined) break
      // The key is where people look, also where the value begins on a line below it.
      if (isNode(pair.key)) offset = pair.key.range?.[0] ?? offset
      node = pair.value
    } else if (isNode(node) && 'items' in node && typeof key === 'number') {
      node = (node.items as readonly unknown[])[key]
      if (isNode(node)) offset = node.range?.[0] ?? offset
    } else break
  }
  return offset
}
