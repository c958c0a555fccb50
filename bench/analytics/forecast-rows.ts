/** Time series: the daily sales of CDNOW, against statsmodels. */

import { dayNumber } from '../../src/analytics/core/calendar-day.ts'
import { type Decomposition, decomposeSeries } from '../../src/analytics/forecast/decomposition.ts'
import { fitHoltWinters } from '../../src/analytics/forecast/fit-holt-winters.ts'
import { type HoltWintersForm, type SmoothedSeries, smoothingStart } from '../../src/analytics/forecast/holt-winters.ts'
import { difference, type InputFolder, once, type Row } from './row.ts'
import { sales, salesFiles } from './sales.ts'

const form: HoltWintersForm = { season: 7, trend: 'additive', seasonal: 'additive' }

/** The sum of each day from April 1997 to June 1998. */
const dailySales = once(() => {
  const first = dayNumber('1997-04-01')
  const sums = new Float64Array(dayNumber('1998-06-30') - first + 1)
  const { days, amounts } = sales('CDNOW')
  for (let line = 0; line < days.length; line++) {
    const day = (days[line] as number) - first
    if (day >= 0 && day < sums.length) sums[day] = (sums[day] as number) + (amounts[line] as number)
  }
  return sums
})

const shared = { home: 'science', data: [salesFiles.CDNOW] } as const

/** All rows of this part. */
export const forecastRows: readonly Row[] = [
  {
    ...shared,
    name: 'Holt-Winters fit on daily sales of CDNOW, from the same start',
    tool: 'statsmodels ExponentialSmoothing',
    task: 'holt_winters',
    prepare: (inputs) => ({
      input: { file: seriesFile(inputs), season: form.season },
      ours: () => fitHoltWinters(dailySales(), form),
      agreement: (ours: SmoothedSeries, theirs: { sse: number }) => difference('squared errors', ours.sse, theirs.sse),
    }),
  },
  {
    ...shared,
    name: 'seasonal decomposition of daily sales of CDNOW',
    tool: 'statsmodels seasonal_decompose',
    task: 'decomposition',
    prepare: (inputs) => ({
      input: { file: seriesFile(inputs), season: form.season },
      ours: () => decomposeSeries(dailySales(), form.season, 'additive'),
      agreement: (ours: Decomposition, theirs: { first: number }) =>
        difference('first season', ours.season[0] as number, theirs.first),
    }),
  },
]

function seriesFile(inputs: InputFolder): string {
  return inputs.write('daily-sales', () => {
    const { level, trend, seasons } = smoothingStart(dailySales(), form)
    return { values: Array.from(dailySales()), start: { level, trend, seasonal: Array.from(seasons) } }
  })
}
