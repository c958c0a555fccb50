/** The table of rules is held: each has tests, and they are where it says. */

import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { complaints, holes, rules } from './rules.ts'

const tests = new URL('../', import.meta.url)
const shared = new URL(`${process.env['PERENNIAL_SHARED'] ?? '../shared'}/compliance.md`, new URL('../', tests))

test.each([...rules, ...complaints, ...holes].map((rule) => [rule.name, rule] as const))(
  '%s has its tests',
  (_name, rule) => {
    const places = Object.entries(rule.tests)
    expect(places.length).toBeGreaterThan(0)
    for (const [file, titles] of places) {
      const source = readFileSync(new URL(file, tests), 'utf8')
      expect(titles.length).toBeGreaterThan(0)
      expect(titles.filter((title) => !source.includes(title))).toEqual([])
    }
  },
)

test.skipIf(!existsSync(fileURLToPath(shared)))(
  'no row of the book of rules, and no hole named in it, is left out',
  () => {
    const book = readFileSync(shared, 'utf8')
    const rows = [...book.matchAll(/^\| ([^|]+?) \|/gm)]
      .map(([, name]) => name)
      .filter((name) => !/^(Rule|-+)$/.test(name ?? ''))
    const named = (names: (string | undefined)[]): string[] => names.map(String).toSorted()
    expect(named(rules.map(({ name }) => name))).toEqual(named(rows))
    const cited = new Set(book.match(/(?:CVE-\d{4}|GHSA)-[\w-]+/g))
    expect([...cited].filter((name) => !holes.some((hole) => hole.name === name))).toEqual([])
  },
)
