/** `perennial analyze rfm`: how recently, how often and for how much customers buy. */

import { Command } from 'commander'
import { dayNumber } from '../../analytics/core/calendar-day.ts'
import { type Rfm, type RfmTriple, rfm } from '../../analytics/rfm.ts'
import { dayOption, numbersOption, type OptionParser, refuseOption } from './options.ts'
import { textFacts, textTable, textTableHead, writeResult } from './output.ts'
import { readTransactions } from './transactions-file.ts'

interface Options {
  readonly transactions: string
  readonly asOf: string
  readonly weights: RfmTriple
  readonly json?: boolean
}

/** The `rfm` command. */
export function rfmCommand(): Command {
  return new Command('rfm')
    .description('Score customers by recency, frequency and monetary value.')
    .requiredOption('--transactions <file>', 'CSV file with the columns customer_id, date and amount')
    .requiredOption(
      '--as-of <date>',
      'only earlier days count, and recency is counted to this one',
      dayOption('--as-of'),
    )
    .requiredOption('--weights <r,f,m>', 'weights of the three scores, together 1', parseWeights)
    .option('--json', 'print one JSON document')
    .action(run)
}

function run(options: Options): void {
  const transactions = readTransactions('--transactions', options.transactions)
  const asOfDay = dayNumber(options.asOf)
  if (transactions.days.length > 0 && !Array.from(transactions.days).some((day) => day < asOfDay)) {
    refuseOption('--as-of', options.asOf, 'must be later than the first day of the file')
  }
  const result = rfm(transactions, { asOfDay, weights: options.weights })
  writeResult(options.json, documentOf(result), () => readable(result))
}

const parseWeights: OptionParser<RfmTriple> = (text) => {
  const numbers = numbersOption('--weights', 3, { least: 0, most: 1 })(text)
  const [recency, frequency, monetary] = numbers as [number, number, number]
  if (Math.abs(recency + frequency + monetary - 1) > 1e-9) refuseOption('--weights', text, 'must add up to 1')
  return { recency, frequency, monetary }
}

function documentOf({ customers }: Rfm): object {
  return {
    customers: customers.map(({ customerId: id, recency, frequency, monetary, scores, value: V }) => ({
      id,
      recency,
      frequency,
      monetary,
      scores,
      V,
    })),
  }
}

function readable({ customers, thresholds }: Rfm): string {
  const limits = textTable(
    ['measure', '20 %', '40 %', '60 %', '80 %'],
    [
      ['recency (days)', ...thresholds.recency],
      ['frequency (days)', ...thresholds.frequency],
      ['monetary', ...thresholds.monetary],
    ],
  )
  const best = customers.toSorted((a, b) => b.value - a.value || b.monetary - a.monetary)
  const rows = best.map(({ customerId, recency, frequency, monetary, scores, value }) => {
    return [customerId, recency, frequency, monetary, Object.values(scores).join(' '), value]
  })
  const table = textTableHead(['customer', 'recency', 'frequency', 'monetary', 'R F M', 'V'], rows)
  return [textFacts({ customers: customers.length }), limits, table].join('\n\n')
}
