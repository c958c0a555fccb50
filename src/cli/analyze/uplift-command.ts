/** `perennial analyze uplift`: who reacts because of a treatment, judged on rows the models have not seen. */

import { Command } from 'commander'
import { type DenseMatrix, selectRows } from '../../analytics/core/dense-matrix.ts'
import { qiniCoefficient, type UpliftDecile, type UpliftOutcomes, upliftByDecile } from '../../analytics/uplift/qini.ts'
import { trainTwoModels, twoModelUplift } from '../../analytics/uplift/two-model.ts'
import { UsageError } from '../usage-error.ts'
import { type CsvTable, readCsvTable } from './csv-table.ts'
import { readFeatures } from './feature-columns.ts'
import { textFacts, textTable, writeResult } from './output.ts'
import { type Split, type SplitOptions, splitRows, withSplitOptions } from './test-split.ts'

interface Options extends SplitOptions {
  readonly csv: string
  readonly treatment: string
  readonly outcome: string
  readonly json?: boolean
}

/** The `uplift` command. */
export function upliftCommand(): Command {
  const command = new Command('uplift')
    .description('Find who reacts because of a treatment, by two models of a randomised experiment.')
    .requiredOption('--csv <file>', 'CSV file with a header')
    .requiredOption('--treatment <column>', 'the column that is 1 where a row was treated, else 0')
    .requiredOption('--outcome <column>', 'the column that is 1 where a row reacted, else 0')
  return withSplitOptions(command).option('--json', 'print one JSON document').action(run)
}

function run(options: Options): void {
  if (options.treatment === options.outcome) {
    throw new UsageError(`--outcome: ${JSON.stringify(options.outcome)} must be another column than --treatment`)
  }
  const table = readCsvTable('--csv', options.csv)
  const treatment = readMarks(table, options.treatment)
  const outcome = readMarks(table, options.outcome)
  const { names, matrix } = readFeatures(
    table,
    table.names.filter((name) => name !== options.treatment && name !== options.outcome),
  )
  const split = splitRows(table.rowCount, options)
  const scores = scoreTestRows(names, matrix, treatment, outcome, split, options)
  const outcomes = { scores, treatment: marksOf(treatment, split.test), outcome: marksOf(outcome, split.test) }
  report(outcomes, options)
}

function scoreTestRows(
  names: readonly string[],
  matrix: DenseMatrix,
  treatment: Uint8Array,
  outcome: Uint8Array,
  { train, test }: Split,
  options: Options,
): Float64Array {
  checkSides(marksOf(treatment, train), marksOf(outcome, train), options)
  const training = trainTwoModels(names, selectRows(matrix, train), marksOf(treatment, train), marksOf(outcome, train))
  const models = { treated: training.treated.model, untreated: training.untreated.model }
  return twoModelUplift(models, names, selectRows(matrix, test))
}

function report(outcomes: UpliftOutcomes, { json }: Options): void {
  const document = { qini: qiniCoefficient(outcomes), deciles: upliftByDecile(outcomes) }
  writeResult(json, document, () => {
    const row = ({ decile, treated, control, uplift }: UpliftDecile) =>
      [decile, treated, control, Number.isNaN(uplift) ? null : uplift] as const
    const deciles = textTable(['decile', 'treated', 'control', 'uplift'], document.deciles.map(row))
    return `${textFacts({ 'test rows': outcomes.scores.length, Qini: document.qini })}\n\n${deciles}`
  })
}

function readMarks(table: CsvTable, name: string): Uint8Array {
  const values = table.numbers(name)
  values.forEach((value, row) => {
    if (value !== 0 && value !== 1) table.refuse(name, row, 'must be 0 or 1')
  })
  return Uint8Array.from(values)
}

function marksOf(marks: Uint8Array, rows: Uint32Array): Uint8Array {
  return Uint8Array.from(rows, (row) => marks[row] as number)
}

/** Each of the two models needs rows that reacted, and rows that did not. */
function checkSides(
  treatment: Uint8Array,
  outcome: Uint8Array,
  { treatment: treated, outcome: reacted }: Options,
): void {
  for (const side of [0, 1]) {
    const seen = new Set(outcome.filter((_, row) => treatment[row] === side))
    if (seen.size === 2) continue
    const rule = `must be 0 in some and 1 in some training rows with ${treated} ${side}`
    throw new UsageError(`--outcome: column ${reacted} ${rule}`)
  }
}
