/** `perennial analyze clusters`, as a person runs it. */

import { describe, expect, test } from 'vitest'
import { type CliRun, inputFiles, runCli } from './support/run-cli.ts'

const write = inputFiles()

/** Two tight groups and a row far from both; `c` is constant. */
const rows = ['1,100,7', '2,100,7', '1,110,7', '50,900,7', '51,900,7', '50,910,7', '200,-500,7']
const csv = write('points.csv', `a,b,c\n${rows.join('\n')}\n`)

function clusters(...options: string[]): CliRun {
  return runCli('analyze', 'clusters', '--csv', csv, ...options)
}

describe('k-means', () => {
  test('gives labels, centres, inertia and silhouette in one JSON document', () => {
    const { status, stdout, stderr } = clusters(
      '--columns',
      'a,b',
      '--k',
      '3',
      '--starts',
      '5',
      '--seed',
      '1',
      '--json',
    )
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(JSON.parse(stdout)).toEqual({
      labels: [0, 0, 0, 1, 1, 1, 2],
      centres: [
        [expect.closeTo(4 / 3, 12), expect.closeTo(310 / 3, 12)],
        [expect.closeTo(151 / 3, 12), expect.closeTo(2710 / 3, 12)],
        [200, -500],
      ],
      inertia: expect.closeTo(2 * (2 / 3 + 200 / 3), 9),
      silhouette: expect.any(Number),
      noise: 0,
    })
  })

  test('works in the scaled space with --scale, where a constant column stays 0', () => {
    const { stdout } = clusters('--columns', 'a,b,c', '--k', '2', '--scale', '--json')
    const { labels, centres } = JSON.parse(stdout) as { labels: number[]; centres: number[][] }
    expect(centres.map((centre) => centre[2])).toEqual([0, 0])
    for (const column of [0, 1]) {
      const mean = labels.reduce((sum, label) => sum + centres[label]![column]!, 0) / labels.length
      expect(mean).toBeCloseTo(0, 12)
    }
  })

  test('gives the same output for the same seed', () => {
    const once = (): string => clusters('--columns', 'a,b', '--k', '2', '--seed', '7', '--json').stdout
    expect(once()).toBe(once())
  })

  test('chooses the number of clusters if none is given, and shows what it tried', () => {
    const { stdout } = clusters('--columns', 'a,b')
    expect(stdout).toMatch(/^clusters +3$/m)
    expect(stdout).toMatch(/^k tried/m)
  })
})

describe('DBSCAN', () => {
  test('gives noise the label −1 and has no inertia', () => {
    const { status, stdout } = clusters(
      '--columns',
      'a,b',
      '--algorithm',
      'dbscan',
      '--eps',
      '10',
      '--min-points',
      '3',
      '--json',
    )
    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toEqual({
      labels: [0, 0, 0, 1, 1, 1, -1],
      centres: [
        [expect.closeTo(4 / 3, 12), expect.closeTo(310 / 3, 12)],
        [expect.closeTo(151 / 3, 12), expect.closeTo(2710 / 3, 12)],
      ],
      inertia: null,
      silhouette: expect.any(Number),
      noise: 1,
    })
  })

  test('has no silhouette where all is noise', () => {
    const { stdout } = clusters(
      '--columns',
      'a',
      '--algorithm',
      'dbscan',
      '--eps',
      '0.1',
      '--min-points',
      '5',
      '--json',
    )
    expect(JSON.parse(stdout)).toEqual({
      labels: Array(7).fill(-1),
      centres: [],
      inertia: null,
      silhouette: null,
      noise: 7,
    })
  })
})

const broken = write('broken.csv', 'a,b\n1,2\n3,\n')

test.each([
  [['--csv', csv, '--columns', 'a', '--k', '8'], /^perennial: --k: "8" must be at most the number of rows \(7\)\n$/],
  [['--csv', csv, '--columns', 'a', '--k', '-1'], /^perennial: --k: "-1" must be a whole number of at least 1\n$/],
  [['--csv', csv, '--columns', 'a,z'], /^perennial: --csv .*: there is no column "z"; it has a, b, c\n$/],
  [['--csv', csv, '--columns', 'a,a'], /^perennial: --columns: "a,a" must not name "a" twice\n$/],
  [
    ['--csv', broken, '--columns', 'a,b'],
    /^perennial: --csv .*: column b, row 1 \(line 3\): "" must be a finite number\n$/,
  ],
  [
    ['--csv', csv, '--columns', 'a', '--algorithm', 'dbscan', '--eps', '0', '--min-points', '2'],
    /^perennial: --eps: "0" must be a number above 0\n$/,
  ],
  [['--csv', csv, '--columns', 'a', '--algorithm', 'dbscan', '--min-points', '2'], /^perennial: --eps: must be given/],
  [['--csv', csv, '--columns', 'a', '--algorithm', 'dbscan', '--eps', '1'], /^perennial: --min-points: must be given/],
  [
    ['--csv', csv, '--columns', 'a', '--algorithm', 'kmedians'],
    /^perennial: --algorithm: "kmedians" must be kmeans or dbscan\n$/,
  ],
  [['--csv', csv, '--columns', 'a', '--seed', '-1'], /^perennial: --seed: "-1" must be a whole number/],
])('refuses %j in one line', (options, message) => {
  const { status, stdout, stderr } = runCli('analyze', 'clusters', '--json', ...options)
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  expect(stderr).toMatch(message)
  expect(stderr.trim().split('\n')).toHaveLength(1)
})

test('says which options the algorithm does not read', () => {
  const { status, stdout, stderr } = clusters('--columns', 'a,b', '--k', '3', '--eps', '3', '--json')
  expect({ status, stderr }).toEqual({
    status: 0,
    stderr: 'perennial: --eps: has no effect with --algorithm kmeans\n',
  })
  expect(JSON.parse(stdout)).toMatchObject({ noise: 0 })
})
