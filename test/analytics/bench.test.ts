/** The harness of the benches: what it measures, and how its launcher answers. */

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { measured, report } from '../../bench/analytics/report.ts'
import { compare, median, type Side } from '../../bench/support/measure.ts'
import { table, threeDigits } from '../../bench/support/table.ts'

const launcher = fileURLToPath(new URL('../../bin/bench.mjs', import.meta.url))

function bench(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [launcher, ...args], { encoding: 'utf8', timeout: 60_000 })
}

/** A side that claims to take so long per run, and keeps what it was asked. */
function claiming(seconds: number, asked: string[], name: string): Side<string> {
  return {
    run: (times) => {
      asked.push(`${name} × ${times}`)
      return Promise.resolve({ seconds: seconds * times, result: name })
    },
  }
}

describe('the launcher', () => {
  test('lists every bench with its purpose when no name is given', () => {
    const { status, stdout } = bench()
    expect(status).toBe(0)
    expect(stdout).toMatch(/^ {2}analytics {2,}The analytics beside their references/m)
  })

  test('refuses an unknown bench in one line that names those there are, with status 2', () => {
    const { status, stdout, stderr } = bench('nonsense')
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr.trim().split('\n')).toEqual([
      expect.stringMatching(/^bench: there is no bench "nonsense"; .*analytics/),
    ])
  })

  test.each([
    [['--nonsense'], '--nonsense'],
    [['--runs', '0', '--only', 'DBSCAN'], '--runs: "0" must be a whole number of at least 1'],
    [['--only', 'no such row'], '--only: "no such row" must be part of'],
  ])('refuses %j in one line, with status 2', (args, message) => {
    const { status, stdout, stderr } = bench('analytics', ...args, '--json')
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr.trim().split('\n')).toEqual([expect.stringContaining(message)])
  })
})

describe('a comparison', () => {
  test('takes turns after warming both sides up, and repeats short runs', async () => {
    const asked: string[] = []
    const result = await compare(claiming(0.5, asked, 'ours'), claiming(0.05, asked, 'theirs'), 3)
    const turns = asked.slice(-6)
    expect(turns).toEqual(['ours × 1', 'theirs × 3', 'ours × 1', 'theirs × 3', 'ours × 1', 'theirs × 3'])
    expect(asked.slice(0, 2)).toEqual(['ours × 1', 'ours × 1'])
    expect(result).toMatchObject({ ours: 0.5, oursRuns: 3, theirsRuns: 3, oursResult: 'ours', theirsResult: 'theirs' })
    expect(result.theirs).toBeCloseTo(0.05, 12)
  })

  test('runs a side that takes very long only once, and says so', async () => {
    const asked: string[] = []
    const result = await compare(claiming(1, asked, 'ours'), claiming(60, asked, 'theirs'), 5)
    expect(asked.filter((question) => question.startsWith('theirs'))).toEqual(['theirs × 1'])
    expect(result).toMatchObject({ theirs: 60, theirsRuns: 1, oursRuns: 5 })
  })

  test('goes by the middle value', () => {
    expect(median([3, 1, 2])).toBe(2)
    expect(median([4, 1, 3, 2])).toBe(2.5)
  })
})

describe('the report', () => {
  const row = { tool: 'it', unit: 's', runs: [5, 5], agreement: 'both 3' } as const
  const rows = [
    measured({ ...row, name: 'fast', ours: 1, reference: 4, target: 0.5 }),
    measured({ ...row, name: 'slow', ours: 3, reference: 2, target: 1 }),
    measured({ ...row, name: 'free', ours: 1, reference: 2, target: null }),
    { name: 'gone', tool: 'that', skipped: 'no Python' },
  ]

  test('says which targets hold, which are missed and what was skipped', () => {
    const { result, text } = report(rows)
    expect(result).toMatchObject({ ours: 5, reference: 8, unit: 's', missed: 1 })
    expect(text).toContain('1 of 2 targets hold.')
    expect(text).toContain('Missed: slow, against it.')
    expect(text).toContain('Skipped for want of it: that (gone) (no Python).')
  })

  test('refuses to report nothing', () => {
    expect(() => report(rows.slice(3))).toThrow('nothing could be measured: no Python')
  })

  test('aligns numbers to the right and keeps three digits', () => {
    expect(
      table(
        ['a', 'b'],
        [
          ['x', '1'],
          ['yy', '10'],
        ],
      ),
    ).toBe('a    b\n--  --\nx    1\nyy  10')
    expect([0.0012345, 12.345, 1234.5].map(threeDigits)).toEqual(['0.00123', '12.3', '1235'])
  })
})
