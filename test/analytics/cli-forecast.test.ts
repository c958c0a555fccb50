/** `perennial analyze forecast`, as a person runs it. */

import { describe, expect, test } from 'vitest'
import { fitHoltWinters } from '../../src/analytics/forecast/fit-holt-winters.ts'
import { forecastSeries } from '../../src/analytics/forecast/forecast.ts'
import { refusalOf } from './support/refusal.ts'
import { inputFiles, runCli } from './support/run-cli.ts'

const write = inputFiles()

/** A shop that closes on Sundays: six days are a season. The rows of the file are in no order. */
const firstMs = Date.parse('2024-01-01')
const days = Array.from({ length: 56 }, (_, day) => new Date(firstMs + day * 86_400_000)).filter(
  (date) => date.getUTCDay() !== 0,
)
const values = days.map((_, i) => 100 + i + [30, -10, 0, 5, -5, -20][i % 6]! + ((i * 7919) % 11))
const rows = days.map((date, i) => `${date.toISOString().slice(0, 10)},${values[i]}`)
const shuffled = rows.map((_, i) => rows[(i * 17) % rows.length]!)
const shop = write('shop.csv', `day,revenue\n${shuffled.join('\n')}\n`)

const good = { '--csv': shop, '--date': 'day', '--value': 'revenue', '--season': '6', '--horizon': '8' }

function withOptions(more: Record<string, string>): string[] {
  return Object.entries({ ...good, ...more }).flat()
}

describe('forecast', () => {
  test.each([
    ['additive', 'additive'],
    ['additive', 'multiplicative'],
    ['none', 'none'],
  ] as const)('with trend %s and season %s is the document that the library gives', (trend, seasonal) => {
    const args = withOptions({ '--trend': trend, '--seasonal': seasonal })
    const { status, stdout, stderr } = runCli('analyze', 'forecast', ...args, '--json')
    expect({ status, stderr, lines: stdout.trim().split('\n').length }).toEqual({ status: 0, stderr: '', lines: 1 })

    const fit = fitHoltWinters(Float64Array.from(values), { season: 6, trend, seasonal })
    const dates = ['02-25', '02-26', '02-27', '02-28', '02-29', '03-01', '03-02', '03-03']
    expect(JSON.parse(stdout)).toEqual({
      parameters: fit.parameters,
      fitted: Array.from(fit.fitted),
      forecast: forecastSeries(fit, 8).map((point, i) => ({ date: `2024-${dates[i]}`, ...point })),
      sse: fit.sse,
    })
  })

  test('says null for parameters that a form does not have', () => {
    const { stdout } = runCli(
      'analyze',
      'forecast',
      ...withOptions({ '--trend': 'none', '--seasonal': 'none' }),
      '--json',
    )
    expect(JSON.parse(stdout)).toMatchObject({ parameters: { beta: null, gamma: null } })
  })

  test('splits the series where it is asked to, with null where the trend is not known', () => {
    const { stdout } = runCli('analyze', 'forecast', ...withOptions({}), '--decompose', '--json')
    const { decomposition } = JSON.parse(stdout) as { decomposition: Record<string, (number | null)[]> }
    const { trend, season, rest } = decomposition
    expect([trend?.length, season?.length, rest?.length]).toEqual([values.length, values.length, values.length])
    expect(trend?.slice(0, 4)).toEqual([null, null, null, expect.any(Number)])
    expect(trend![10]! + season![10]! + rest![10]!).toBeCloseTo(values[10]!, 10)
  })

  test('is a table without --json', () => {
    const { stdout } = runCli('analyze', 'forecast', ...withOptions({}))
    expect(stdout).toMatch(/^alpha \(level\) +\d/m)
    expect(stdout).toMatch(/^2024-02-26 +\d+\.\d+ +\d+\.\d+ +\d+\.\d+$/m)
  })

  test.each([
    ['--season', '1', '--season: "1" must be at least 2 with a season'],
    ['--season', '0', '--season: "0" must be a whole number of at least 1'],
    ['--horizon', '-3', '--horizon: "-3" must be a whole number of at least 1 and at most 10000'],
    ['--trend', 'linear', '--trend: "linear" must be additive or none'],
    ['--seasonal', 'weekly', '--seasonal: "weekly" must be additive, multiplicative or none'],
    ['--season', '25', `--csv ${shop}: must have at least two seasons of 25 rows, but has 48`],
    ['--value', 'profit', `--csv ${shop}: there is no column "profit"; it has day, revenue`],
    ['--date', 'revenue', /: column revenue, row 0 \(line 2\): ".*" must be a date that exists, of the form/],
    ['--value', 'day', /: column day, row 0 \(line 2\): "2024-01-01" must be a finite number$/],
  ])('refuses %s %s in one line', async (flag, value, message) => {
    const refusal = await refusalOf('forecast', ...withOptions({ [flag]: value }))
    expect(refusal).toMatch(message)
  })

  test.each([
    [
      'a day twice',
      '2024-01-02,3',
      '--seasonal=additive',
      /column day, row 4 \(line 6\): "2024-01-02" must not be there twice$/,
    ],
    [
      'a day that is none',
      '2024-02-30,3',
      '--seasonal=additive',
      /row 4 \(line 6\): "2024-02-30" must be a date that exists/,
    ],
    [
      'a value that is none',
      '2024-01-05,NaN',
      '--seasonal=additive',
      /column revenue, row 4 \(line 6\): "NaN" must be a finite/,
    ],
    [
      'zero for a factor',
      '2024-01-05,0',
      '--seasonal=multiplicative',
      /column revenue, row 4 \(line 6\): "0" must be above 0/,
    ],
  ])('refuses a file with %s', async (_, row, seasonal, message) => {
    const lines = ['day,revenue', '2024-01-01,3', '2024-01-02,4', '2024-01-03,5', '2024-01-04,6', row]
    const csv = write('bad.csv', lines.join('\n'))
    expect(await refusalOf('forecast', ...withOptions({ '--csv': csv, '--season': '2' }), seasonal)).toMatch(message)
  })
})
