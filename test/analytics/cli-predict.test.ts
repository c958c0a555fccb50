/** `perennial analyze predict`, as a person runs it. */

import { writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { refusalOf } from './support/refusal.ts'
import { type CliRun, inputFiles, runCli } from './support/run-cli.ts'
import { dataText, hasShared, needsShared, oracle } from './support/shared.ts'

const write = inputFiles()

/** Numbers, words, a copy, a constant and an id; whoever has a high score and is blue says yes more often. */
const header = 'id,score,colour,half score,same,answer'
const lines = Array.from({ length: 60 }, (_, i) => {
  const score = (i * 37) % 23
  const colour = ['blue', 'green', 'Red'][i % 3]!
  const yes = score + (colour === 'blue' ? 9 : 0) + ((i * 7919) % 17) > 20
  return `${i},${score},${colour},${score / 2},7,${yes ? 'yes' : 'no'}`
})
const csv = write('answers.csv', `${header}\n${lines.join('\n')}\n`)
const good = {
  '--csv': csv,
  '--target': 'answer',
  '--positive': 'yes',
  '--test-every': '4',
  '--test-remainder': '1',
  '--drop': 'id',
}

function argsWith(change: Record<string, string>): string[] {
  return ['predict', ...Object.entries({ ...good, ...change }).flat()]
}

function predict(change: Record<string, string> = {}, ...more: string[]): CliRun {
  return runCli('analyze', ...argsWith(change), ...more)
}

interface Document {
  readonly features: string[]
  readonly dropped: string[]
  readonly mean: number[]
  readonly deviation: number[]
  readonly intercept: number
  readonly coefficients: number[]
  readonly auc: number | null
  readonly logLoss: number
  readonly brier: number
  readonly iterations: number
  readonly separation?: { readonly kind: string; readonly features: string[] }
}

function documentOf(run: CliRun): Document {
  expect(run).toMatchObject({ status: 0, stderr: '' })
  return JSON.parse(run.stdout) as Document
}

describe('the document', () => {
  test('names numeric columns first, then every value but the first by code point, less what repeats', () => {
    const document = documentOf(predict({}, '--json'))
    expect(document.features).toEqual(['score', 'colour=blue', 'colour=green'])
    expect(document.dropped).toEqual(['half score', 'same'])
    expect(Object.keys(document)).toEqual([
      'features',
      'dropped',
      'mean',
      'deviation',
      'intercept',
      'coefficients',
      'auc',
      'logLoss',
      'brier',
      'iterations',
    ])
    expect([document.mean, document.deviation, document.coefficients].map(({ length }) => length)).toEqual([3, 3, 3])
  })

  test('measures by the training rows alone', () => {
    const train = lines.filter((_, i) => i % 4 !== 1).map((line) => Number(line.split(',')[1]))
    const mean = train.reduce((sum, score) => sum + score, 0) / train.length
    const deviation = Math.sqrt(train.reduce((sum, score) => sum + (score - mean) ** 2, 0) / train.length)
    const document = documentOf(predict({}, '--json'))
    expect(document.mean[0]).toBeCloseTo(mean, 12)
    expect(document.deviation[0]).toBeCloseTo(deviation, 12)
  })

  test('is at the optimum of the penalised loss: another run with a larger penalty has smaller coefficients', () => {
    const size = (l2: string): number => Math.hypot(...documentOf(predict({ '--l2': l2 }, '--json')).coefficients)
    expect(size('1')).toBeLessThan(size('0'))
    expect(size('100')).toBeLessThan(size('1'))
  })

  test('has no AUC where the test rows are all of one class', () => {
    const allYes = lines.map((line, i) => (i % 4 === 1 ? line.replace(/(yes|no)$/, 'yes') : line))
    const file = write('one-class.csv', `${header}\n${allYes.join('\n')}\n`)
    expect(documentOf(predict({ '--csv': file }, '--json')).auc).toBeNull()
  })

  test('is one line on standard output; without --json there are tables', () => {
    expect(predict({}, '--json').stdout.trim().split('\n')).toHaveLength(1)
    const { stdout } = predict()
    expect(stdout).toMatch(/^left out +half score, same$/m)
    expect(stdout).toMatch(/^colour=blue +/m)
  })

  test('is the same from CRLF, quotes, a byte order mark and an empty last line', () => {
    const quoted = lines.map((line) => line.split(',').map((value) => `"${value}"`))
    const text = `\uFEFF${header}\r\n${quoted.join('\r\n')}\r\n\r\n`
    expect(predict({ '--csv': write('quoted.csv', text) }, '--json').stdout).toBe(predict({}, '--json').stdout)
  })

  test('says which features separate the classes, and on standard error too', () => {
    const flagged = lines.map((line, i) => (i % 20 === 0 ? line.replace(/(yes|no)$/, 'no') : line))
    const file = write(
      'flagged.csv',
      `${header},flag\n${flagged.map((line, i) => `${line},${i % 20 === 0 ? 1 : 0}`).join('\n')}\n`,
    )
    const { status, stdout, stderr } = predict({ '--csv': file }, '--json')
    expect(status).toBe(0)
    expect(stderr).toMatch(/^perennial: separation: flag tell some rows apart without error.*--l2\n$/)
    expect((JSON.parse(stdout) as Document).separation).toEqual({ kind: 'quasi', features: ['flag'] })
    expect(documentOf(predict({ '--csv': file, '--l2': '1' }, '--json')).separation).toBeUndefined()
  })
})

test.skipIf(!hasShared)(`Telco churn has the reference coefficients and metrics${needsShared}`, () => {
  const [expected] = oracle('logreg') as {
    config: { mod: number; rem: number }
    features: string[]
    models: { C1: { intercept: number; coef: number[]; test: Record<string, number> } }
  }[]
  const text = dataText('telco_churn.csv.gz').replaceAll(/, ,/g, ',0,')
  const file = write('telco.csv', text)
  const change = {
    '--csv': file,
    '--target': 'Churn',
    '--positive': 'Yes',
    '--test-every': String(expected!.config.mod),
    '--test-remainder': String(expected!.config.rem),
  }
  const document = documentOf(predict({ ...change, '--drop': 'customerID', '--l2': '1' }, '--json'))
  const { C1 } = expected!.models
  expect(document.features).toEqual(expected!.features)
  expect(document.dropped.every((name) => /=No (internet|phone) service$/.test(name))).toBe(true)
  expect(document.dropped).toHaveLength(7)
  expect(document.intercept).toBeCloseTo(C1.intercept, 8)
  document.coefficients.forEach((coefficient, j) => expect(coefficient).toBeCloseTo(C1.coef[j]!, 8))
  expect(document.auc).toBeCloseTo(C1.test['auc']!, 12)
  expect(document.logLoss).toBeCloseTo(C1.test['logloss']!, 9)
  expect(document.brier).toBeCloseTo(C1.test['brier']!, 9)
})

describe('bad input is refused by name', () => {
  let written = 0
  const file = (text: string): Record<string, string> => ({
    '--csv': write(`bad-${++written}.csv`, text),
    '--drop': 'x',
  })

  test.each<[string, Record<string, string>, string]>([
    ['no such file', { '--csv': '/nowhere.csv' }, '--csv: "/nowhere.csv" must be a file that exists'],
    ['a folder', { '--csv': '/' }, '--csv: "/" must be a file, but is a folder'],
    ['an unknown target', { '--target': 'reply' }, 'there is no column "reply"'],
    ['an unknown column to drop', { '--drop': 'id,nothing' }, 'there is no column "nothing"'],
    ['a column dropped twice', { '--drop': 'id,id' }, '--drop: "id,id" must not name "id" twice'],
    ['a positive that no row has', { '--positive': 'maybe' }, '--positive: "maybe" must be the value of some row'],
    [
      'a positive that all rows have',
      { '--target': 'same', '--positive': '7' },
      '--positive: "7" must not be the value',
    ],
    ['a negative penalty', { '--l2': '-1' }, '--l2: "-1" must be a number of at least 0'],
    ['a penalty that is no number', { '--l2': 'much' }, '--l2: "much" must be a finite number'],
    ['an infinite penalty', { '--l2': 'Infinity' }, '--l2: "Infinity" must be a finite number'],
    ['K of 1', { '--test-every': '1' }, '--test-every: "1" must be a whole number of at least 2'],
    ['a K with a fraction', { '--test-every': '2.5' }, '--test-every: "2.5" must be a whole number'],
    ['a remainder as large as K', { '--test-remainder': '4' }, '--test-remainder: "4" must be below --test-every (4)'],
    [
      'no test row',
      { '--test-every': '99', '--test-remainder': '98' },
      '--test-every 99 --test-remainder 98: must leave',
    ],
    ['a blank among numbers', file('x,a,answer\n1,1,yes\n2,,no\n3,3,yes\n'), 'column a, row 1 (line 3): "" must be'],
    ['NaN among numbers', file('x,a,answer\n1,1,yes\n2,NaN,no\n3,3,yes\n'), 'column a, row 1 (line 3): "NaN" must be'],
    ['infinity among numbers', file('x,a,answer\n1,1,yes\n2,-inf,no\n3,3,yes\n'), 'column a, row 1 (line 3): "-inf"'],
    ['a number too large', file('x,a,answer\n1,1e999,yes\n2,1,no\n3,3,yes\n'), 'column a, row 0 (line 2): "1e999"'],
    ['a ragged row', file('x,a,answer\n1,1\n2,1,no\n'), 'row 0 (line 2) must have as many values as the header'],
    ['an unclosed quote', file('x,a,answer\n1,"1,yes\n'), 'must be a CSV file'],
    ['a column twice', file('x,a,a\n1,1,yes\n'), 'column "a" must not be there twice'],
    ['no rows', file('x,a,answer\n'), 'must have at least one row below the header'],
    ['an empty file', file(''), 'must have a header, but is empty'],
  ])('%s', async (_, change, message) => {
    expect(await refusalOf(...argsWith(change))).toContain(message)
  })

  test('a file that is not UTF-8', async () => {
    const path = write('latin.csv', '')
    writeFileSync(path, Buffer.from('x,a,answer\n1,\xE4,yes\n2,b,no\n', 'latin1'))
    expect(await refusalOf(...argsWith({ '--csv': path }))).toContain('must be a text file in UTF-8')
  })

  test('a column of ids that was not left out', () => {
    const many = Array.from({ length: 6000 }, (_, i) => `c${i},${i % 7},${i % 3 === 0 ? 'yes' : 'no'}`)
    const big = write('ids.csv', `customer,a,answer\n${many.join('\n')}\n`)
    const { status, stdout, stderr } = predict({ '--csv': big, '--drop': 'a' }, '--json')
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toMatch(/^perennial: column customer: 6000 different values are too many[^\n]*\n$/)
  })
})
