/** `perennial analyze experiment`, as a person runs it. */

import { parse } from 'csv-parse/sync'
import { describe, expect, test } from 'vitest'
import { refusalOf } from './support/refusal.ts'
import { type CliRun, inputFiles, runCli } from './support/run-cli.ts'
import { dataText, hasShared, needsShared, oracle } from './support/shared.ts'

const write = inputFiles()
const experiment = (...args: string[]): CliRun => runCli('analyze', 'experiment', ...args)

function documentOf(run: CliRun): Record<string, unknown> {
  expect(run).toMatchObject({ status: 0, stderr: '' })
  return JSON.parse(run.stdout) as Record<string, unknown>
}

describe('the document', () => {
  test('of two totals has the figures worked out by hand', () => {
    const document = documentOf(experiment('--control', '100,20', '--variant', '100,30', '--json'))
    expect(document).toEqual({
      control: { n: 100, conversions: 20, rate: 0.2 },
      variant: { n: 100, conversions: 30, rate: 0.3 },
      difference: expect.closeTo(0.1, 12) as number,
      z: expect.closeTo(0.1 / Math.sqrt(0.25 * 0.75 * 0.02), 12) as number,
      p: expect.closeTo(0.10247043485974938, 12) as number,
      interval: [-0.1, 0.1].map((side) => expect.closeTo(0.1 + side * 1.192199548589424, 12) as number),
      probabilityBetter: expect.closeTo(0.9476031033523692, 10) as number,
      sampleRatio: { chiSquare: 0, p: 1 },
    })
  })

  test('of a file of zeros and ones is that of its totals, whatever the order of rows and columns', () => {
    const rows = ['treated,1', 'control,0', 'treated,0', 'control,1', 'treated,1', 'control,0']
    const there = write('there.csv', `group,y\n${rows.join('\n')}\n`)
    const back = write(
      'back.csv',
      `y,group\n${rows
        .map((row) => row.split(',').reverse().join(','))
        .reverse()
        .join('\n')}\n`,
    )
    const expected = experiment('--control', '3,1', '--variant', '3,2', '--json').stdout
    expect(experiment('--csv', there, '--group', 'group', '--outcome', 'y', '--json').stdout).toBe(expected)
    expect(experiment('--csv', back, '--group', 'group', '--outcome', 'y', '--json').stdout).toBe(expected)
  })

  test('takes "control" for the control, else the group that sorts first', () => {
    const named = write('named.csv', 'g,y\nb,1\nb,0\ncontrol,1\n')
    expect(documentOf(experiment('--csv', named, '--group', 'g', '--outcome', 'y', '--json'))['control']).toMatchObject(
      {
        n: 1,
      },
    )
    const unnamed = write('unnamed.csv', 'g,y\nnew,1\nnew,0\nOld,1\n')
    expect(
      documentOf(experiment('--csv', unnamed, '--group', 'g', '--outcome', 'y', '--json'))['control'],
    ).toMatchObject({ n: 1 })
  })

  test('of amounts is that of Welch', () => {
    const file = write('amounts.csv', 'arm,euro\na,1\na,2\na,3\nb,2\nb,4\nb,6\nb,8\n')
    const document = documentOf(experiment('--csv', file, '--group', 'arm', '--outcome', 'euro', '--json'))
    expect(Object.keys(document)).toEqual([
      'control',
      'variant',
      'difference',
      't',
      'degreesOfFreedom',
      'p',
      'interval',
      'sampleRatio',
    ])
    expect(document['control']).toEqual({ n: 3, mean: 2, deviation: 1 })
    expect(document['t']).toBeCloseTo(3 / Math.sqrt(2), 12)
  })

  test('has null for what has no value', () => {
    const document = documentOf(experiment('--control', '10,0', '--variant', '10,0', '--json'))
    expect(document).toMatchObject({ difference: 0, z: null, p: null, interval: [0, 0] })
    expect(document['probabilityBetter']).toBeCloseTo(0.5, 12)
  })

  test('comes with a warning where the arms’ sizes cannot be chance', () => {
    const { status, stdout, stderr } = experiment('--control', '1000,10', '--variant', '2000,30', '--json')
    expect(status).toBe(0)
    expect(stderr).toMatch(/^perennial: sample ratio: 1000 and 2000 customers are not equal arms by chance .*\n$/)
    expect((JSON.parse(stdout) as { sampleRatio: { p: number } }).sampleRatio.p).toBeLessThan(1e-70)
  })

  test('is a table without --json', () => {
    const { stdout } = experiment('--control', '100,20', '--variant', '100,30')
    expect(stdout).toMatch(/^control +100 +20 +0.2$/m)
    expect(stdout).toMatch(/^P\(variant better\) +0.947603$/m)
  })
})

test.skipIf(!hasShared)(`the e-mail test has the reference figures${needsShared}`, () => {
  const [expected] = oracle('ab') as {
    config: { treat: string; control: string }
    metrics: { visit: Record<'diff' | 'z' | 'p_two_sided', number> & { wald95: number[] } }
    spend: { welch_t: number; df: number; ci95: number[] }
  }[]
  const { treat, control } = expected!.config
  const rows = parse<Record<string, string>>(dataText('hillstrom.csv.gz'), { columns: true })
  const lines = rows
    .filter((row) => row['segment'] === treat || row['segment'] === control)
    .map((row) => `${row['segment'] === control ? 'control' : 'mail'},${row['visit']},${row['spend']}`)
  const file = write('mail.csv', `group,visit,spend\n${lines.join('\n')}\n`)
  const of = (outcome: string): Record<string, unknown> =>
    documentOf(experiment('--csv', file, '--group', 'group', '--outcome', outcome, '--json'))
  const visit = of('visit')
  expect(visit['z']).toBeCloseTo(expected!.metrics.visit.z, 9)
  expect(Math.log(visit['p'] as number) / Math.log(expected!.metrics.visit.p_two_sided)).toBeCloseTo(1, 9)
  expect((visit['interval'] as number[])[0]).toBeCloseTo(expected!.metrics.visit.wald95[0]!, 12)
  const spend = of('spend')
  expect(spend['t']).toBeCloseTo(expected!.spend.welch_t, 9)
  expect(spend['degreesOfFreedom']).toBeCloseTo(expected!.spend.df, 4)
  expect((spend['interval'] as number[])[1]).toBeCloseTo(expected!.spend.ci95[1]!, 9)
})

describe('bad input is refused by name', () => {
  let written = 0
  const csv = (text: string): string[] => [
    '--csv',
    write(`bad-${++written}.csv`, text),
    '--group',
    'g',
    '--outcome',
    'y',
  ]

  test.each<[string, string[], string]>([
    ['nothing at all', [], '--control: must be given'],
    ['no variant', ['--control', '5,1'], '--variant: must be given together with --control'],
    ['one number', ['--control', '5', '--variant', '5,1'], '--control: "5" must be two whole numbers'],
    ['three numbers', ['--control', '5,1', '--variant', '5,1,1'], '--variant: "5,1,1" must be two whole numbers'],
    ['more conversions than customers', ['--control', '5,6', '--variant', '5,1'], '--control: "5,6" must end with'],
    ['a minus', ['--control', '5,1', '--variant', '-5,1'], '--variant: "-5,1" must begin with a whole number'],
    [
      'nobody',
      ['--control', '0,0', '--variant', '5,1'],
      '--control: "0,0" must begin with a whole number of at least 1',
    ],
    ['a word', ['--control', 'five,1', '--variant', '5,1'], '--control: "five,1" must begin with'],
    ['totals and a file', ['--control', '5,1', ...csv('g,y\na,1\nb,0\n')], '--control: must not be given together'],
    ['a group without a file', ['--group', 'g'], '--group: goes with --csv, which is missing'],
    ['no group', csv('g,y\na,1\nb,0\n').slice(0, 2), '--group: must be given together with --csv'],
    ['no outcome', csv('g,y\na,1\nb,0\n').slice(0, 4), '--outcome: must be given together with --csv'],
    ['one group', csv('g,y\na,1\na,0\n'), '--group: column g must hold two groups, but holds 1: "a"'],
    ['three groups', csv('g,y\na,1\nb,0\nc,0\n'), '--group: column g must hold two groups, but holds 3'],
    ['a blank outcome', csv('g,y\na,1\nb,\n'), 'column y, row 1 (line 3): "" must be a finite number'],
    ['a word for an outcome', csv('g,y\na,1\nb,yes\n'), 'column y, row 1 (line 3): "yes" must be a finite number'],
    ['an unknown column', csv('h,y\na,1\nb,0\n'), 'there is no column "g"'],
    ['a lone amount', csv('g,y\na,1\na,2\nb,3\n'), '--group: "b" in column g must have at least 2 rows'],
  ])('%s', async (_, args, message) => {
    expect(await refusalOf('experiment', ...args)).toContain(message)
  })
})
