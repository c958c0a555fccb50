/** The page of the condition language: every example is one, and no condition is missing. */

import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { computedTraitDocument } from '../../src/domain/computed-trait.ts'
import { condition } from '../../src/domain/condition-schema.ts'
import { knownNames } from '../../src/domain/conditions/fact-forms.ts'
import { problemsOf, sayProblem } from '../../src/domain/problem.ts'

const page = readFileSync(new URL('../../docs/segments.md', import.meta.url), 'utf8')
const examples = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = '']) => text)

describe('an example of the page is accepted', () => {
  test.each(examples.map((text) => [text.split('\n').slice(0, 3).join(' ⏎ '), text]))('%s', (_, text) => {
    const document: unknown = parse(text)
    const isTrait = typeof document === 'object' && document !== null && 'compute' in document
    const result = (isTrait ? computedTraitDocument : condition).safeParse(document)
    expect(result.success ? [] : problemsOf(result.error, document).map(sayProblem)).toEqual([])
  })
})

/** `trait.NAME` → anything that starts with `trait.` */
function isShown(name: string): boolean {
  const fixed = name.replace(/[A-Z]+(?:\.[A-Z]+)?$/, '')
  const start = fixed.replaceAll('.', String.raw`\.`)
  return examples.some((text) => new RegExp(`(?:^|[\\s{-])${start}${fixed === name ? ':' : '[^:]+:'}`, 'm').test(text))
}

test('every condition has an example', () => {
  expect(examples.length).toBeGreaterThan(10)
  expect(knownNames.filter((name) => !isShown(name))).toEqual([])
})
