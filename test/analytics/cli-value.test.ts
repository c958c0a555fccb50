/** `perennial analyze rfm` and `perennial analyze value`, as a person runs them. */

import { describe, expect, test } from 'vitest'
import { inputFiles, runCli } from './support/run-cli.ts'
import { dataText, hasShared, needsShared, oracle } from './support/shared.ts'

const write = inputFiles()

/** Columns in another order, CRLF, an id with zeros in front, two lines of one day, a day of 0, a line after the end. */
const lines = [
  '2024-01-01,7.50,00017,x',
  '2024-01-15,2.50,00017,x',
  '2024-01-15,5,00017,y',
  '2024-01-29,0,00017,x',
  '2024-01-08,20,8,x',
  '2024-02-05,30,8,x',
  '2024-01-22,9,"b,1",x',
  '2024-03-04,99,00017,x',
  '2024-03-04,99,late,x',
]
const sales = write('sales.csv', `date,amount,customer_id,note\r\n${lines.join('\r\n')}\r\n`)
const shuffled = write('shuffled.csv', `date,amount,customer_id,note\n${lines.toReversed().join('\n')}\n`)

describe('rfm', () => {
  const weights = ['--weights', '0.2,0.3,0.5']

  test('gives recency, frequency, monetary value, scores and V of every customer before the date', () => {
    const { status, stdout, stderr } = runCli(
      'analyze',
      'rfm',
      '--transactions',
      sales,
      '--as-of',
      '2024-02-06',
      ...weights,
      '--json',
    )
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(JSON.parse(stdout)).toEqual({
      customers: [
        {
          id: '00017',
          recency: 8,
          frequency: 3,
          monetary: 15,
          scores: { recency: 3, frequency: 5, monetary: 3 },
          V: expect.closeTo(3.6, 12),
        },
        {
          id: '8',
          recency: 1,
          frequency: 2,
          monetary: 50,
          scores: { recency: 5, frequency: 3, monetary: 5 },
          V: expect.closeTo(4.4, 12),
        },
        {
          id: 'b,1',
          recency: 15,
          frequency: 1,
          monetary: 9,
          scores: { recency: 1, frequency: 1, monetary: 1 },
          V: expect.closeTo(1, 12),
        },
      ],
    })
  })

  test('shows the thresholds and the best customers to a person', () => {
    const { stdout } = runCli('analyze', 'rfm', '--transactions', sales, '--as-of', '2024-02-06', ...weights)
    expect(stdout).toMatch(/^customers +3$/m)
    expect(stdout).toMatch(/^8 .* 5 3 5 +4\.4$/m)
  })
})

describe('value', () => {
  const fixed = ['--calibration-end', '2024-02-26', '--horizon-weeks', '4']

  test('gives the models and every customer with a day by the end of the calibration', () => {
    const { status, stdout } = runCli('analyze', 'value', '--transactions', sales, ...fixed, '--json')
    expect(status).toBe(0)
    const { bgnbd, gammaGamma, customers } = JSON.parse(stdout) as Valued
    expect(Object.keys(bgnbd)).toEqual(expect.arrayContaining(['r', 'alpha', 'a', 'b', 'logLikelihood']))
    expect(Object.keys(gammaGamma)).toEqual(['p', 'q', 'v', 'logLikelihood'])
    expect(customers).toMatchObject([
      { id: '00017', frequency: 2, recencyWeeks: 4, ageWeeks: 8, monetary: 3.75 },
      { id: '8', frequency: 1, recencyWeeks: 4, ageWeeks: 7, monetary: 30 },
      { id: 'b,1', frequency: 0, recencyWeeks: 0, ageWeeks: 5, monetary: null, probabilityAlive: 1 },
    ])
  })

  test('leaves spend open where one customer alone has repeats with money, and says so', () => {
    const alone = write('alone.csv', 'customer_id,date,amount\na,2024-01-01,5\na,2024-01-09,6\nb,2024-01-01,7\n')
    const { status, stdout, stderr } = runCli('analyze', 'value', '--transactions', alone, ...fixed, '--json')
    expect(status).toBe(0)
    expect(stderr).toMatch(/^perennial: Gamma-Gamma needs two customers/m)
    const { gammaGamma, customers } = JSON.parse(stdout) as Valued
    expect(gammaGamma).toEqual({ p: null, q: null, v: null, logLikelihood: null })
    expect(customers.map(({ expectedSpend, lifetimeValue }) => [expectedSpend, lifetimeValue])).toEqual([
      [null, null],
      [null, null],
    ])
  })
})

interface Valued {
  readonly bgnbd: Record<string, number | string | null>
  readonly gammaGamma: Record<string, number | null>
  readonly customers: Record<string, number | string | null>[]
}

test.each([
  ['rfm', ['--as-of', '2024-02-06', '--weights', '0.2,0.3,0.5']],
  ['value', ['--calibration-end', '2024-02-26', '--horizon-weeks', '4', '--discount-per-week', '0.01']],
])('%s prints the same bytes for another order of the lines', (command, options) => {
  const printed = (file: string): string =>
    runCli('analyze', command, '--transactions', file, ...options, '--json').stdout
  expect(printed(shuffled)).toBe(printed(sales))
})

const negative = write('negative.csv', 'customer_id,date,amount\na,2024-01-01,1\na,2024-01-02,-3\n')
const wrongDay = write('wrong-day.csv', 'customer_id,date,amount\na,2024-02-30,1\n')
const nameless = write('nameless.csv', 'customer_id,date,amount\n,2024-02-01,1\n')
const wordy = write('wordy.csv', 'customer_id,date,amount\na,2024-02-01,ten\n')
const noAmount = write('no-amount.csv', 'customer_id,date\na,2024-02-01\n')
const once = write('once.csv', 'customer_id,date,amount\na,2024-02-01,1\nb,2024-02-01,2\n')
const rfm = ['rfm', '--as-of', '2025-01-01', '--weights', '0.2,0.3,0.5', '--transactions']
const value = ['value', '--calibration-end', '2025-01-01', '--horizon-weeks', '4', '--transactions']

test.each([
  [[...rfm, negative], /column amount, row 1 \(line 3\): "-3" must not be negative\n$/],
  [[...value, negative], /column amount, row 1 \(line 3\): "-3" must not be negative\n$/],
  [[...value, wrongDay], /column date, row 0 \(line 2\): "2024-02-30" must be a day of the form YYYY-MM-DD\n$/],
  [[...rfm, nameless], /column customer_id, row 0 \(line 2\): "" must name a customer\n$/],
  [[...value, wordy], /column amount, row 0 \(line 2\): "ten" must be a finite number\n$/],
  [[...rfm, noAmount], /there is no column "amount"; it has customer_id, date\n$/],
  [
    [...value, once],
    /^perennial: --calibration-end: "2025-01-01" must be a day by which some customer bought on two days\n$/,
  ],
  [
    ['rfm', '--transactions', sales, '--as-of', '2024-01-01', '--weights', '0.2,0.3,0.5'],
    /^perennial: --as-of: "2024-01-01" must be later/,
  ],
  [
    ['rfm', '--transactions', sales, '--as-of', 'today', '--weights', '0.2,0.3,0.5'],
    /^perennial: --as-of: "today" must be a day/,
  ],
  [
    ['rfm', '--transactions', sales, '--as-of', '2024-02-06', '--weights', '0.2,0.3'],
    /^perennial: --weights: "0\.2,0\.3" must be 3/,
  ],
  [
    ['rfm', '--transactions', sales, '--as-of', '2024-02-06', '--weights', '0.2,0.3,0.6'],
    /^perennial: --weights: .* must add up to 1\n$/,
  ],
  [
    ['rfm', '--transactions', sales, '--as-of', '2024-02-06', '--weights', '-1,1,1'],
    /^perennial: --weights: "-1,1,1" must hold only/,
  ],
  [
    ['value', '--transactions', sales, '--calibration-end', '2024-02-26', '--horizon-weeks', '0'],
    /^perennial: --horizon-weeks: "0" must/,
  ],
  [
    ['value', '--transactions', sales, '--calibration-end', '2024-02-26', '--horizon-weeks', '1.5'],
    /^perennial: --horizon-weeks: "1\.5"/,
  ],
  [
    [...value, sales, '--discount-per-week', '-0.1'],
    /^perennial: --discount-per-week: "-0\.1" must be a number of at least 0\n$/,
  ],
])('refuses %j in one line', (options, message) => {
  const { status, stdout, stderr } = runCli('analyze', ...options, '--json')
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  expect(stderr).toMatch(message)
  expect(stderr.trim().split('\n')).toHaveLength(1)
})

describe.skipIf(!hasShared)(`real customers${needsShared}`, () => {
  interface Answer {
    readonly bgnbd: { readonly params_opt: Record<string, number>; readonly ll: number }
    readonly gamma_gamma: { readonly ll: number }
    readonly customers20: { readonly rows: [string, number, number, number, number | null, number, number, number][] }
  }

  test('get the fit and the predictions of the reference', () => {
    const cdnow = write('cdnow.csv', dataText('cdnow_sample.csv.gz'))
    const run = runCli(
      'analyze',
      'value',
      '--transactions',
      cdnow,
      '--calibration-end',
      '1997-09-30',
      '--horizon-weeks',
      '39',
      '--json',
    )
    expect({ status: run.status, stderr: run.stderr }).toEqual({ status: 0, stderr: '' })
    const { bgnbd, gammaGamma, customers } = JSON.parse(run.stdout) as Valued
    const [answer] = oracle('clv') as [Answer]
    expect(bgnbd['logLikelihood']).toBeCloseTo(answer.bgnbd.ll, 6)
    expect(gammaGamma['logLikelihood']).toBeCloseTo(answer.gamma_gamma.ll, 6)
    const byId = new Map(customers.map((one) => [one['id'], one]))
    for (const [id, frequency, recency, age, , count, alive, spend] of answer.customers20.rows) {
      const one = byId.get(id)!
      expect(one).toMatchObject({
        frequency,
        recencyWeeks: expect.closeTo(recency, 9),
        ageWeeks: expect.closeTo(age, 9),
      })
      expect((one['expectedPurchases'] as number) / count).toBeCloseTo(1, 4)
      expect((one['probabilityAlive'] as number) / alive).toBeCloseTo(1, 4)
      expect((one['expectedSpend'] as number) / spend).toBeCloseTo(1, 5)
      expect(one['lifetimeValue']).toBeCloseTo(
        (one['expectedPurchases'] as number) * (one['expectedSpend'] as number),
        9,
      )
    }
  })

  test('of Online Retail have no finite maximum: the limit is named and predicts', () => {
    const cleaned = retailSales()
    const run = runCli(
      'analyze',
      'value',
      '--transactions',
      cleaned,
      '--calibration-end',
      '2011-06-30',
      '--horizon-weeks',
      '10',
      '--json',
    )
    expect(run.status).toBe(0)
    expect(run.stderr).toMatch(/^perennial: BG\/NBD has no finite maximum/)
    const { bgnbd, customers } = JSON.parse(run.stdout) as Valued
    expect(bgnbd).toEqual({
      r: expect.any(Number),
      alpha: expect.any(Number),
      a: null,
      b: null,
      limit: 'nbd',
      logLikelihood: expect.any(Number),
    })
    const [r, alpha] = [bgnbd['r'] as number, bgnbd['alpha'] as number]
    for (const { frequency, ageWeeks, expectedPurchases, probabilityAlive } of customers) {
      expect(probabilityAlive).toBe(1)
      expect(expectedPurchases).toBeCloseTo((10 * (r + (frequency as number))) / (alpha + (ageWeeks as number)), 9)
    }
  })
})

/** Online Retail as lines of sales: no cancellations, no line without a customer or a price. */
function retailSales(): string {
  const form = /^([^,]*),.*,(-?\d+),(\d{4}-\d\d-\d\d) [^,]*,(-?[\d.]+),(\d+),[^,]*$/
  const kept = dataText('online_retail.csv.gz')
    .split('\n')
    .flatMap((line) => {
      const [, invoice = '', quantity, date, price, customer] = form.exec(line) ?? []
      const amount = Number(quantity) * Number(price)
      return !invoice.startsWith('C') && Number(quantity) > 0 && Number(price) > 0
        ? [`${customer},${date},${amount}`]
        : []
    })
  return write('retail.csv', `customer_id,date,amount\n${kept.join('\n')}\n`)
}
