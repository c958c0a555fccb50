/** `perennial analyze rules` and `analyze sequences`, as a person runs them. */

import { describe, expect, test } from 'vitest'
import { refusalOf } from './support/refusal.ts'
import { inputFiles, runCli } from './support/run-cli.ts'

const write = inputFiles()

/** Blanks, a repeated item, an item twice as a word, empty lines and a line of separators alone, CRLF and a byte order mark. */
const baskets = write(
  'baskets.txt',
  ['\uFEFFtea, milk', 'milk ,tea,tea', '', 'tea,00017', ' , ', 'milk', 'milk,\u{1F600}', ''].join('\r\n'),
)
const sequences = write(
  'sequences.txt',
  ['1 -1 2 007 -1 3 -1 -2', '', '1 -1 3 -1 -2', '2 -1 1 -1 -2', '# nothing', '1 -1 4 -1 3 -1 -2'].join('\n'),
)

function json(...args: string[]): unknown {
  const { status, stdout, stderr } = runCli('analyze', ...args, '--json')
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout.trim().split('\n')).toHaveLength(1)
  return JSON.parse(stdout)
}

describe('rules', () => {
  const wanted = {
    baskets: 5,
    itemsets: [
      { items: ['milk'], count: 4 },
      { items: ['tea'], count: 3 },
      { items: ['milk', 'tea'], count: 2 },
    ],
    rules: [
      {
        antecedent: ['tea'],
        consequent: ['milk'],
        support: 0.4,
        confidence: 2 / 3,
        lift: expect.closeTo(5 / 6, 15),
        leverage: expect.closeTo(-0.08, 15),
        conviction: expect.closeTo(0.6, 15),
      },
    ],
  }

  test.each(['fp-growth', 'apriori'])('by %s are one document', (algorithm) => {
    const args = ['--min-support', '0.4', '--min-confidence', '0.6', '--algorithm', algorithm]
    expect(json('rules', '--baskets', baskets, '--separator', ',', ...args)).toEqual(wanted)
  })

  test('keep items as text, in code point order, and say null where conviction has no value', () => {
    const found = json('rules', '--baskets', baskets, '--min-support', '0.2', '--min-confidence', '1')
    expect(found).toMatchObject({
      itemsets: [
        {},
        {},
        { items: ['milk', 'tea'] },
        { items: ['00017'] },
        { items: ['00017', 'tea'] },
        { items: ['milk', '\u{1F600}'] },
        { items: ['\u{1F600}'] },
      ],
      rules: [
        { antecedent: ['00017'], consequent: ['tea'], confidence: 1, conviction: null },
        { antecedent: ['\u{1F600}'], consequent: ['milk'], confidence: 1, conviction: null },
      ],
    })
  })

  test('take tabs and longer separators, and list closed or maximal sets while rules stay', () => {
    const tabs = write('tabs.txt', 'a\tb\na b\n')
    expect(
      json('rules', '--baskets', tabs, '--separator', '\\t', '--min-support', '1', '--min-confidence', '0'),
    ).toEqual({
      baskets: 2,
      itemsets: [],
      rules: [],
    })
    const arrows = write('arrows.txt', 'a => b\na => b => c\n')
    const args = ['--baskets', arrows, '--separator', '=>', '--min-support', '0.5', '--min-confidence', '1']
    const sets = (which: string): unknown => {
      const { itemsets, rules } = json('rules', ...args, '--itemsets', which) as { itemsets: unknown; rules: unknown[] }
      expect(rules).toHaveLength(7)
      return itemsets
    }
    expect(sets('closed')).toEqual([
      { items: ['a', 'b'], count: 2 },
      { items: ['a', 'b', 'c'], count: 1 },
    ])
    expect(sets('maximal')).toEqual([{ items: ['a', 'b', 'c'], count: 1 }])
  })

  test('are tables without --json', () => {
    const { stdout } = runCli('analyze', 'rules', '--baskets', baskets, '--min-support', '.4', '--min-confidence', '.6')
    expect(stdout).toMatch(/^baskets +5$/m)
    expect(stdout).toMatch(/^milk, tea +2 +0\.4$/m)
    expect(stdout).toMatch(/^tea +milk +0\.4 +0\.666667 +0\.833333 +-0\.08 +0\.6$/m)
  })

  const rules = (...args: string[]): Promise<string> => refusalOf('rules', ...args)
  test.each([
    ['--min-support', '-1', '--min-support: "-1" must be a number above 0 and at most 1'],
    ['--min-support', '0', '--min-support: "0" must be a number above 0 and at most 1'],
    ['--min-support', 'NaN', '--min-support: "NaN" must be a finite number'],
    ['--min-confidence', '1.1', '--min-confidence: "1.1" must be a number of at least 0 and at most 1'],
    ['--algorithm', 'eclat', '--algorithm: "eclat" must be fp-growth or apriori'],
    ['--separator', '', '--separator: "" must be at least one character'],
    ['--itemsets', 'some', '--itemsets: "some" must be all, closed or maximal'],
    ['--limit', '2', '--min-support: 0.4 gives more than 2 item sets; it must be higher, or --limit must'],
    ['--baskets', '/nowhere', '--baskets: "/nowhere" must be a file that exists'],
  ])('refuse %s %s in one line', async (flag, value, message) => {
    const good = { '--baskets': baskets, '--min-support': '0.4', '--min-confidence': '0.5' }
    expect(await rules(...Object.entries({ ...good, [flag]: value }).flat())).toBe(message)
  })

  test('refuse a file without baskets', async () => {
    const empty = write('empty.txt', '\n , \n')
    expect(await rules('--baskets', empty, '--min-support', '1', '--min-confidence', '1')).toMatch(
      /^--baskets: ".*empty\.txt" must hold at least one basket$/,
    )
  })

  test('end with one line and a status when something is wrong', () => {
    const { status, stdout, stderr } = runCli('analyze', 'rules', '--baskets', baskets, '--min-support', '.4')
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toBe("perennial: required option '--min-confidence <share>' not specified\n")
  })
})

describe('sequences', () => {
  test.each(['prefixspan', 'gsp'])('by %s are one document', (algorithm) => {
    const args = ['--file', sequences, '--min-support', '0.5', '--algorithm', algorithm]
    expect(json('sequences', ...args)).toEqual({
      sequences: 4,
      patterns: [
        { sequence: [['1']], count: 4 },
        { sequence: [['1'], ['3']], count: 3 },
        { sequence: [['3']], count: 3 },
        { sequence: [['2']], count: 2 },
      ],
    })
    expect(json('sequences', ...args, '--closed', '--max-gap', '1')).toEqual({
      sequences: 4,
      patterns: [
        { sequence: [['1']], count: 4 },
        { sequence: [['3']], count: 3 },
        { sequence: [['2']], count: 2 },
      ],
    })
    expect(json('sequences', ...args, '--closed', '--max-gap', '2')).toEqual({
      sequences: 4,
      patterns: [
        { sequence: [['1']], count: 4 },
        { sequence: [['1'], ['3']], count: 3 },
        { sequence: [['2']], count: 2 },
      ],
    })
  })

  test('by gsp match elements within a window, and keep off gaps that are too small', () => {
    const args = ['--file', sequences, '--algorithm', 'gsp', '--min-support', '0.75']
    expect(json('sequences', ...args, '--window', '2')).toMatchObject({
      patterns: [
        { sequence: [['1']] },
        { sequence: [['1'], ['3']] },
        { sequence: [['1', '3']] },
        { sequence: [['3']] },
      ],
    })
    expect(json('sequences', ...args, '--min-gap', '1')).toMatchObject({
      patterns: [{ sequence: [['1']] }, { sequence: [['3']] }],
    })
  })

  test('are a table without --json', () => {
    const { stdout } = runCli('analyze', 'sequences', '--file', sequences, '--min-support', '0.25')
    expect(stdout).toMatch(/^sequences +4$/m)
    expect(stdout).toMatch(/^1 › 007, 2 › 3 +1 +0\.25$/m)
  })

  test.each([
    ['--min-support', '1.5', '--min-support: "1.5" must be a number above 0 and at most 1'],
    ['--max-gap', '0', '--max-gap: "0" must be a whole number of at least 1'],
    ['--max-gap', '-1', '--max-gap: "-1" must be a whole number of at least 1'],
    ['--min-gap', '1', '--min-gap: "1" needs --algorithm gsp'],
    ['--window', '1', '--window: "1" needs --algorithm gsp'],
    ['--algorithm', 'spade', '--algorithm: "spade" must be prefixspan or gsp'],
    ['--limit', '1', '--min-support: 0.5 gives more than 1 patterns; it must be higher, or --limit must'],
  ])('refuse %s %s in one line', async (flag, value, message) => {
    const good = { '--file': sequences, '--min-support': '0.5' }
    expect(await refusalOf('sequences', ...Object.entries({ ...good, [flag]: value }).flat())).toBe(message)
  })

  test('refuse gaps that exclude each other', async () => {
    const args = ['--file', sequences, '--min-support', '1', '--algorithm', 'gsp', '--min-gap', '3', '--max-gap', '3']
    expect(await refusalOf('sequences', ...args)).toBe('--min-gap: "3" must be below --max-gap (3)')
  })

  test.each([
    ['1 -1 2', /, line 2: "2" must be -2, at the end$/],
    ['1 2 -2', /, line 2: "1" must be followed by -1 before -2$/],
  ])('refuse a file with the line %j', async (line, message) => {
    const file = write('broken.txt', `1 -1 -2\n${line}\n`)
    expect(await refusalOf('sequences', '--file', file, '--min-support', '1')).toMatch(message)
  })

  test('refuse a file without sequences', async () => {
    const file = write('comment.txt', '# nothing\n')
    expect(await refusalOf('sequences', '--file', file, '--min-support', '1')).toMatch(
      /must hold at least one sequence$/,
    )
  })
})
