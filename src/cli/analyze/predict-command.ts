/** `perennial analyze predict`: a logistic regression from a file, judged on rows it has not seen. */

import { Command } from 'commander'
import {
  areaUnderCurve,
  brierScore,
  calibrationCurve,
  expectedCalibrationError,
  logLoss,
} from '../../analytics/classification-metrics.ts'
import { type DenseMatrix, selectRows } from '../../analytics/core/dense-matrix.ts'
import { fromLibraryModel } from '../../analytics/logistic-regression/library-model.ts'
import {
  type LogisticTraining,
  predictProbabilities,
  trainLogisticModel,
} from '../../analytics/logistic-regression/model.ts'
import { type CsvTable, readCsvTable } from './csv-table.ts'
import { readFeatures } from './feature-columns.ts'
import { namesOption, numberOption, refuseOption } from './options.ts'
import { startProgress, textFacts, textTable, warn, writeResult } from './output.ts'
import { type SplitOptions, splitRows, withSplitOptions } from './test-split.ts'

interface Options extends SplitOptions {
  readonly csv: string
  readonly target: string
  readonly positive: string
  readonly l2: number
  readonly drop: readonly string[]
  readonly json?: boolean
}

/** The `predict` command. */
export function predictCommand(): Command {
  const command = new Command('predict')
    .description('Predict a yes-or-no column of a CSV file by logistic regression.')
    .requiredOption('--csv <file>', 'CSV file with a header')
    .requiredOption('--target <column>', 'the column to predict')
    .requiredOption('--positive <value>', 'the value of the target that counts as yes')
  return withSplitOptions(command)
    .option('--l2 <lambda>', 'penalty λ/2·‖coefficients‖²', numberOption('--l2', { least: 0 }), 0)
    .option('--drop <columns>', 'columns to leave out, with commas between them', namesOption('--drop'), [])
    .option('--json', 'print one JSON document')
    .action(run)
}

function run(options: Options): void {
  const table = readCsvTable('--csv', options.csv)
  const target = readTarget(table, options)
  const { train, test } = splitRows(table.rowCount, options)
  for (const name of options.drop) table.column(name) // Refuses a name that is not there.
  const { names, matrix } = readFeatures(
    table,
    table.names.filter((name) => name !== options.target && !options.drop.includes(name)),
  )

  const trainTarget = Uint8Array.from(train, (row) => target[row] as number)
  if (!hasBoth(trainTarget))
    refuseOption('--positive', options.positive, 'must be in some training rows, but not in all')
  const progress = startProgress('comparing features')
  const training = trainLogisticModel(names, selectRows(matrix, train), trainTarget, {
    l2: options.l2,
    onProgress: progress.report,
  })
  progress.done()
  warnOfTrouble(training, options)
  const judged = judge(
    training,
    names,
    selectRows(matrix, test),
    Uint8Array.from(test, (row) => target[row] as number),
  )
  writeResult(options.json, documentOf(training, judged), () => readable(training, judged, train.length))
}

/** How the model does on the test rows. */
interface Judged {
  readonly target: Uint8Array
  readonly probabilities: Float64Array
  /** Nothing if the test rows are all of one class. */
  readonly auc: number | null
  readonly logLoss: number
  readonly brier: number
}

function readTarget(table: CsvTable, { target, positive }: Options): Uint8Array {
  const marks = Uint8Array.from(table.column(target), (value) => (value === positive ? 1 : 0))
  if (!hasBoth(marks)) {
    const rule = marks[0] === 1 ? 'must not be the value of all rows' : 'must be the value of some row'
    refuseOption('--positive', positive, `${rule} in column ${target}`)
  }
  return marks
}

function judge(training: LogisticTraining, names: readonly string[], rows: DenseMatrix, target: Uint8Array): Judged {
  const probabilities = predictProbabilities(training.model, names, rows)
  return {
    target,
    probabilities,
    auc: hasBoth(target) ? areaUnderCurve(probabilities, target) : null,
    logLoss: logLoss(probabilities, target),
    brier: brierScore(probabilities, target),
  }
}

function warnOfTrouble({ fit, separating }: LogisticTraining, { l2 }: Options): void {
  if (fit.separation) {
    const how = fit.separation.kind === 'complete' ? 'all classes' : 'some rows'
    warn(
      `separation: ${separating.join(', ')} tell ${how} apart without error, so no finite coefficients are best; try --l2`,
    )
  } else if (!fit.converged) {
    warn(`the fit has not converged after ${fit.iterations} steps with --l2 ${l2}`)
  }
}

function documentOf({ model, dropped, fit, separating }: LogisticTraining, judged: Judged): object {
  const { intercept, coefficients } = fromLibraryModel(model.classifier)
  return {
    features: model.features,
    dropped,
    mean: model.mean,
    deviation: model.deviation,
    intercept,
    coefficients,
    auc: judged.auc,
    logLoss: judged.logLoss,
    brier: judged.brier,
    iterations: fit.iterations,
    ...(fit.separation ? { separation: { kind: fit.separation.kind, features: separating } } : {}),
  }
}

function readable({ model, dropped, fit }: LogisticTraining, judged: Judged, trainRows: number): string {
  const { intercept, coefficients } = fromLibraryModel(model.classifier)
  const curve = calibrationCurve(judged.probabilities, judged.target)
  const facts = textFacts({
    'training rows': trainRows,
    'test rows': judged.target.length,
    AUC: judged.auc,
    'log loss': judged.logLoss,
    Brier: judged.brier,
    'calibration error': expectedCalibrationError(curve),
    iterations: fit.iterations,
    intercept,
    'left out': dropped.join(', ') || 'nothing',
  })
  const rows = model.features.map((feature, j) => {
    const coefficient = coefficients[j] as number
    return [feature, coefficient, Math.exp(coefficient), model.mean[j] as number, model.deviation[j] as number] as const
  })
  rows.sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]))
  const effects = textTable(['feature', 'coefficient', 'odds ratio per deviation', 'mean', 'deviation'], rows)
  const calibration = textTable(
    ['predicted from', 'to', 'rows', 'mean predicted', 'observed'],
    curve.map(({ low, high, count, meanPredicted, observedRate }) => [low, high, count, meanPredicted, observedRate]),
  )
  return [facts, effects, calibration].join('\n\n')
}

function hasBoth(marks: Uint8Array): boolean {
  return marks.includes(0) && marks.includes(1)
}
