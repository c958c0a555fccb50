/** `perennial analyze recommend`, as a person runs it. */

import { describe, expect, test } from 'vitest'
import { type CliRun, inputFiles, runCli } from './support/run-cli.ts'

const write = inputFiles()

/**
 * Rows 0, 4 and 8 are test rows. In training a has x and y, b has x, y and z, c has y, d has w. Of the test rows a–z and
 * c–x count; d–v does not, as v has no training row.
 */
const rows = ['a,z', 'a,x', 'a,y', 'b,x', 'c,x', 'b,y', 'b,z', 'c,y', 'd,v', 'd,w']
const interactions = write('interactions.csv', `customer_id,item_id\n${rows.join('\n')}\n`)
const items = write('items.csv', 'item_id,tea,mug\nz,1,0\nx,1,0\ny,1,1\nw,0,1\n')

function recommend(method: string, ...more: string[]): CliRun {
  const split = ['--test-every', '4', '--test-remainder', '0']
  return runCli('analyze', 'recommend', '--interactions', interactions, '--method', method, ...split, ...more)
}

/** Both customers with something relevant get it at the given rank among two recommended items. */
function hitsAt(rankOfA: 1 | 2, rankOfC: 1 | 2, coverage: number): object {
  const gain = (rank: number): number => 1 / Math.log2(rank + 1)
  return {
    precision: 0.5,
    recall: 1,
    f1: expect.closeTo(2 / 3, 12),
    map: (1 / rankOfA + 1 / rankOfC) / 2,
    ndcg: expect.closeTo((gain(rankOfA) + gain(rankOfC)) / 2, 12),
    coverage,
  }
}

describe('the document', () => {
  test.each([
    ['item-cosine', []],
    ['user-cosine', []],
    ['user-pearson', []],
    ['user-euclidean', []],
    ['hybrid', ['--items', items]],
    ['popular', []],
  ])('of %s has the figures worked out by hand', (method, more) => {
    const { status, stdout, stderr } = recommend(method, '--neighbours', '5', '--top', '2', '--json', ...more)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    // By popularity w comes before z (both have one customer), so a finds z second; every other method puts it first.
    const lists = method === 'popular' ? hitsAt(2, 1, 0.75) : hitsAt(1, 1, 0.75)
    expect(JSON.parse(stdout)).toEqual(lists)
  })

  test('of content ranks by likeness of attributes', () => {
    const { stdout } = recommend('content', '--items', items, '--top', '2', '--json')
    expect(JSON.parse(stdout)).toEqual(hitsAt(1, 2, 0.75))
  })

  test('is the only thing on standard output, and without --json there is a table', () => {
    expect(recommend('popular', '--json').stdout.trim().split('\n')).toHaveLength(1)
    expect(recommend('popular').stdout).toMatch(/^customers counted +2$/m)
  })

  test('without --neighbours rests on a cross-validated K, which is said', () => {
    const lines = Array.from({ length: 60 }, (_, i) => `c${i % 12},i${(i * 7 + Math.floor(i / 12)) % 10}`)
    const file = write('more.csv', `customer_id,item_id\n${[...new Set(lines)].join('\n')}\n`)
    const args = ['--method', 'item-cosine', '--test-every', '5', '--test-remainder', '1', '--json']
    const { status, stderr } = runCli('analyze', 'recommend', '--interactions', file, ...args)
    expect(status).toBe(0)
    expect(stderr).toMatch(/^perennial: --neighbours \d+ ranks best in a cross-validation/)
  })

  test('is the same with LF and CRLF, quotes, other columns and columns in another order', () => {
    const text = `note,item_id,customer_id\r\n${rows.map((row) => `"n, ""n""",${row.split(',').reverse().join(',')}`).join('\r\n')}\r\n`
    const other = write('crlf.csv', text)
    const args = ['--method', 'popular', '--test-every', '4', '--test-remainder', '0', '--json']
    expect(runCli('analyze', 'recommend', '--interactions', other, ...args).stdout).toBe(
      recommend('popular', '--json').stdout,
    )
  })
})

describe('bad input ends with status 2 and one line that names it', () => {
  const good = {
    '--interactions': interactions,
    '--method': 'item-cosine',
    '--neighbours': '2',
    '--top': '2',
    '--test-every': '4',
    '--test-remainder': '0',
  }
  let written = 0
  const file = (text: string): string => write(`bad-${++written}.csv`, text)
  const content = (text: string): Record<string, string> => ({ '--method': 'content', '--items': file(text) })

  test.each<[string, Record<string, string>, string]>([
    ['no such file', { '--interactions': '/nowhere.csv' }, '--interactions'],
    ['an unknown method', { '--method': 'best' }, '--method: "best" must be user-cosine, '],
    ['K of 0', { '--neighbours': '0' }, '--neighbours: "0" must be a whole number of at least 1'],
    ['a negative N', { '--top': '-1' }, '--top: "-1" must be'],
    ['a K that is no number', { '--neighbours': 'ten' }, '--neighbours: "ten" must be'],
    ['every row held out', { '--test-every': '1' }, '--test-every: "1" must be a whole number of at least 2'],
    ['a remainder too large', { '--test-remainder': '4' }, '--test-remainder: "4" must be below --test-every (4)'],
    ['no file of items', { '--method': 'hybrid' }, '--items: must name a file of items for --method hybrid'],
    ['no column item_id', { '--interactions': file('customer_id,item\na,b\n') }, 'there is no column "item_id"'],
    ['no rows', { '--interactions': file('customer_id,item_id\n') }, 'must have at least one row'],
    [
      'an empty id',
      { '--interactions': file('customer_id,item_id\na,x\n,y\n') },
      'column customer_id, row 1 (line 3): "" must not be empty',
    ],
    [
      'a repeated pair',
      { '--interactions': file('customer_id,item_id\na,x\nb,x\na,x\n') },
      'column item_id, row 2 (line 4): "x" must not be there twice for customer "a", but row 0',
    ],
    [
      'nothing to judge by',
      { '--interactions': file('customer_id,item_id\na,x\nb,y\n'), '--test-every': '2' },
      'must have a test row whose customer and item both have training rows',
    ],
    [
      'a missing item',
      content('item_id,tea\nx,1\ny,1\nz,1\n'),
      'column item_id, row 9 (line 11): "w" must have a row in --items',
    ],
    [
      'an attribute that is no number',
      content('item_id,tea\nx,1\ny,\nz,1\nw,1\n'),
      'column tea, row 1 (line 3): "" must be a finite number',
    ],
    [
      'an infinite attribute',
      content('item_id,tea\nx,1\ny,Infinity\nz,1\nw,1\n'),
      'column tea, row 1 (line 3): "Infinity" must be',
    ],
    [
      'an item twice',
      content('item_id,tea\nx,1\nx,2\n'),
      'column item_id, row 1 (line 3): "x" must not be there twice, but row 0',
    ],
    ['no attribute', content('item_id\nx\n'), 'must have a column of numbers beside item_id'],
  ])('%s', (_, change, message) => {
    const args = Object.entries({ ...good, ...change }).flat()
    const { status, stdout, stderr } = runCli('analyze', 'recommend', ...args, '--json')
    expect(status).toBe(2)
    expect(stdout).toBe('')
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
    expect(stderr).toContain(message)
  })

  test('no K, and too few rows to choose one', () => {
    const lines = write('few.csv', 'customer_id,item_id\na,x\na,y\nb,x\nb,y\n')
    const args = ['--method', 'item-cosine', '--test-every', '4', '--test-remainder', '3']
    const { status, stderr } = runCli('analyze', 'recommend', '--interactions', lines, ...args)
    expect(status).toBe(2)
    expect(stderr.trimEnd().split('\n')).toEqual([expect.stringContaining('--neighbours: must be given')])
  })

  test('a missing option', () => {
    const { status, stderr } = runCli('analyze', 'recommend', '--interactions', interactions)
    expect(status).toBe(2)
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
    expect(stderr).toContain('--method')
  })
})
