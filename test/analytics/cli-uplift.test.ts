/** `perennial analyze uplift`, as a person runs it. */

import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../src/analytics/core/random.ts'
import { refusalOf } from './support/refusal.ts'
import { type CliRun, inputFiles, runCli } from './support/run-cli.ts'

const write = inputFiles()
const random = seededRandom(4)

/** Of those in the north, more react with the offer than without. */
const lines = Array.from({ length: 2000 }, () => {
  const region = ['north', 'south', 'east'][Math.floor(3 * random())]!
  const mailed = Number(random() < 0.5)
  const bought = Number(random() < 0.2 + (region === 'north' ? 0.3 * mailed : 0))
  return `${region},${Math.floor(random() * 50)},${mailed},${bought}`
})
const csv = write('offers.csv', `region,age,mailed,bought\n${lines.join('\n')}\n`)
const good = {
  '--csv': csv,
  '--treatment': 'mailed',
  '--outcome': 'bought',
  '--test-every': '3',
  '--test-remainder': '2',
}

function argsWith(change: Record<string, string>): string[] {
  return ['uplift', ...Object.entries({ ...good, ...change }).flat()]
}

function uplift(change: Record<string, string> = {}, ...more: string[]): CliRun {
  return runCli('analyze', ...argsWith(change), ...more)
}

interface Document {
  readonly qini: number
  readonly deciles: { decile: number; treated: number; control: number; uplift: number | null }[]
}

describe('the document', () => {
  test('has a positive Qini coefficient and ten deciles of all test rows, the north on top', () => {
    const run = uplift({}, '--json')
    expect(run).toMatchObject({ status: 0, stderr: '' })
    const { qini, deciles } = JSON.parse(run.stdout) as Document
    expect(qini).toBeGreaterThan(0.01)
    expect(deciles.map(({ decile }) => decile)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    expect(deciles.reduce((sum, { treated, control }) => sum + treated + control, 0)).toBe(666)
    expect(deciles[0]!.uplift).toBeGreaterThan(0.1)
  })

  test('does not depend on the order of the columns', () => {
    const turned = lines.map((line) => line.split(',').reverse().join(','))
    const file = write('turned.csv', `bought,mailed,age,region\n${turned.join('\n')}\n`)
    const [a, b] = [uplift({}, '--json'), uplift({ '--csv': file }, '--json')].map(
      (run) => JSON.parse(run.stdout) as Document,
    )
    expect(b!.qini).toBeCloseTo(a!.qini, 9)
  })

  test('has null where a decile lacks a side, and is a table without --json', () => {
    const few = lines.slice(0, 60)
    const file = write('few.csv', `region,age,mailed,bought\n${few.join('\n')}\n`)
    const { deciles } = JSON.parse(uplift({ '--csv': file, '--test-every': '6' }, '--json').stdout) as Document
    expect(deciles.every(({ uplift }) => uplift === null)).toBe(true)
    expect(uplift().stdout).toMatch(/^decile +treated +control +uplift$/m)
  })
})

describe('bad input is refused by name', () => {
  let written = 0
  const file = (text: string): Record<string, string> => ({ '--csv': write(`bad-${++written}.csv`, text) })

  test.each<[string, Record<string, string>, string]>([
    ['an unknown treatment', { '--treatment': 'called' }, 'there is no column "called"'],
    ['one column for both', { '--outcome': 'mailed' }, '--outcome: "mailed" must be another column than --treatment'],
    ['a treatment that is no mark', { '--treatment': 'age' }, 'must be 0 or 1'],
    [
      'a treatment of words',
      { '--treatment': 'region' },
      'column region, row 0 (line 2): "east" must be a finite number',
    ],
    ['a remainder as large as K', { '--test-remainder': '3' }, '--test-remainder: "3" must be below'],
    [
      'nobody untreated',
      file('a,mailed,bought\n1,1,1\n2,1,0\n3,1,1\n4,1,0\n'),
      '--outcome: column bought must be 0 in some and 1 in some training rows with mailed 0',
    ],
    [
      'a blank feature',
      file('a,mailed,bought\n1,1,1\n,1,0\n3,0,1\n4,0,0\n'),
      'column a, row 1 (line 3): "" must be a finite number',
    ],
  ])('%s', async (_, change, message) => {
    expect(await refusalOf(...argsWith(change))).toContain(message)
  })
})
