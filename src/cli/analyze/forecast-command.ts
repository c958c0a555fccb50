/** `perennial analyze forecast`: how a series goes on, by Holt-Winters. */

import { Command } from 'commander'
import { continueDates, parseSeriesDate, type SeriesDate } from '../../analytics/forecast/date-steps.ts'
import { type Decomposition, decomposeSeries } from '../../analytics/forecast/decomposition.ts'
import { fitHoltWinters } from '../../analytics/forecast/fit-holt-winters.ts'
import { type ForecastPoint, forecastSeries } from '../../analytics/forecast/forecast.ts'
import type { HoltWintersForm, SmoothedSeries } from '../../analytics/forecast/holt-winters.ts'
import { UsageError } from '../usage-error.ts'
import { type CsvTable, readCsvTable } from './csv-table.ts'
import { choiceOption, refuseOption, wholeOption } from './options.ts'
import { textFacts, textTable, writeResult } from './output.ts'

const trends = ['additive', 'none'] as const satisfies readonly HoltWintersForm['trend'][]
const seasonals = ['additive', 'multiplicative', 'none'] as const satisfies readonly HoltWintersForm['seasonal'][]
/** Nobody plans further ahead; a slip of the finger does. */
const MOST_STEPS = 10_000

interface Options {
  readonly csv: string
  readonly date: string
  readonly value: string
  readonly season: number
  readonly horizon: number
  readonly trend: HoltWintersForm['trend']
  readonly seasonal: HoltWintersForm['seasonal']
  readonly decompose?: boolean
  readonly json?: boolean
}

interface DatedPoint extends ForecastPoint {
  readonly date: string
}

/** The `forecast` command. */
export function forecastCommand(): Command {
  return new Command('forecast')
    .description('Forecast a series with trend and season by Holt-Winters smoothing.')
    .requiredOption('--csv <file>', 'CSV file with a header')
    .requiredOption('--date <column>', 'the column of dates: rows are taken in their order')
    .requiredOption('--value <column>', 'the column of values')
    .requiredOption('--season <rows>', 'rows per season', wholeOption('--season', 1))
    .requiredOption('--horizon <rows>', 'how many values to forecast', wholeOption('--horizon', 1, MOST_STEPS))
    .option('--trend <form>', trends.join(' or '), choiceOption('--trend', trends), 'additive')
    .option('--seasonal <form>', seasonals.join(', '), choiceOption('--seasonal', seasonals), 'additive')
    .option('--decompose', 'also split the series into trend, season and rest')
    .option('--json', 'print one JSON document')
    .action(run)
}

function run(options: Options): void {
  const { season, horizon, trend, seasonal } = options
  if (season < 2 && seasonal !== 'none') refuseOption('--season', String(season), `must be at least 2 with a season`)
  if (season < 2 && options.decompose) refuseOption('--season', String(season), 'must be at least 2 to decompose')
  const { dates, values } = readSeries(options)
  const smoothed = fit(values, { season, trend, seasonal }, options)
  const datesAhead = continueDates(dates, horizon)
  const forecast = forecastSeries(smoothed, horizon).map((point, i) => ({ date: datesAhead[i]!, ...point }))
  const { parameters, fitted, sse } = smoothed
  const parts = options.decompose ? { decomposition: decomposition(values, options) } : {}
  writeResult(options.json, { parameters, fitted, forecast, sse, ...parts }, () =>
    readable(smoothed, forecast, parts.decomposition),
  )
}

function fit(values: Float64Array, form: HoltWintersForm, { csv, value }: Options): SmoothedSeries {
  try {
    return fitHoltWinters(values, form)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new UsageError(`--csv ${csv}: column ${value}: ${error.message.replace(/^values: /, '')}`)
  }
}

function decomposition(values: Float64Array, { season, seasonal }: Options): Decomposition {
  return decomposeSeries(values, season, seasonal === 'multiplicative' ? 'multiplicative' : 'additive')
}

/** The rows in the order of their dates. */
function readSeries({ csv, date, value, season, seasonal }: Options): { dates: SeriesDate[]; values: Float64Array } {
  const table = readCsvTable('--csv', csv)
  const dates = readDates(table, date)
  const values = table.numbers(value)
  const wrong = seasonal === 'multiplicative' ? values.findIndex((number) => number <= 0) : -1
  if (wrong >= 0) table.refuse(value, wrong, 'must be above 0 with --seasonal multiplicative')
  if (table.rowCount < Math.max(2, 2 * season)) {
    throw new UsageError(`--csv ${csv}: must have at least two seasons of ${season} rows, but has ${table.rowCount}`)
  }
  const order = [...dates.keys()].sort((a, b) => dates[a]!.timeMs - dates[b]!.timeMs)
  for (const [i, row] of order.entries()) {
    if (i > 0 && dates[row]!.timeMs === dates[order[i - 1]!]!.timeMs) table.refuse(date, row, 'must not be there twice')
  }
  return { dates: order.map((row) => dates[row]!), values: Float64Array.from(order, (row) => values[row]!) }
}

function readDates(table: CsvTable, column: string): SeriesDate[] {
  return table.column(column).map((text, row) => {
    try {
      return parseSeriesDate(text.trim())
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      return table.refuse(column, row, error.message.replace(/^.* must/, 'must'))
    }
  })
}

function readable({ parameters, fitted, sse }: SmoothedSeries, forecast: DatedPoint[], parts?: Decomposition): string {
  const facts = textFacts({
    rows: fitted.length,
    'alpha (level)': parameters.alpha,
    'beta (trend)': parameters.beta,
    'gamma (season)': parameters.gamma,
    'root mean squared error': Math.sqrt(sse / fitted.length),
  })
  const rows = forecast.map(({ date, value, low, high }) => [date, value, low, high])
  const tables = [facts, textTable(['date', 'forecast', 'low (95 %)', 'high (95 %)'], rows)]
  if (parts !== undefined) tables.push(partsTable(parts))
  return tables.join('\n\n')
}

function partsTable({ trend, season, rest }: Decomposition): string {
  const cell = (value: number): number | null => (Number.isNaN(value) ? null : value)
  const rows = Array.from(season, (part, row) => [row, cell(trend[row]!), part, cell(rest[row]!)])
  return textTable(['row', 'trend', 'season', 'rest'], rows)
}
