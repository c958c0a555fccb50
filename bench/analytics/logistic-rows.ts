/** Logistic regression on the Telco data: scikit-learn's two ways to fit, and the npm library's own training. */

import { type DenseMatrix, selectColumns, selectRows } from '../../src/analytics/core/dense-matrix.ts'
import { encodeFeatures, type FeatureColumn } from '../../src/analytics/feature-encoding.ts'
import { fitLogisticRegression, type LogisticFit } from '../../src/analytics/logistic-regression/fit.ts'
import { applyScaling, fitScaling } from '../../src/analytics/scaling.ts'
import { dataRows } from '../support/shared-data.ts'
import { nestedRows } from './nested-rows.ts'
import { type InputFolder, once, type PreparedRow, type Row } from './row.ts'

const NUMERIC = new Set(['SeniorCitizen', 'tenure', 'MonthlyCharges', 'TotalCharges'])
const LEFT_OUT = new Set(['customerID', 'Churn'])
/** These values of several columns say again what another column says. */
const COPIES = /=No (internet|phone) service$/
/** A tenth of the steps that the library takes unless told otherwise: all of them take minutes. */
const LIBRARY_STEPS = 5000

/** Every fifth row is for testing; the others, scaled. */
const telco = once((): { features: DenseMatrix; target: Float64Array } => {
  const rows = dataRows('telco_churn.csv.gz')
  const names = Object.keys(rows[0] ?? {}).filter((name) => !LEFT_OUT.has(name))
  const columns = names.map((name): FeatureColumn => {
    const texts = rows.map((row) => row[name] ?? '')
    if (!NUMERIC.has(name)) return { name, kind: 'text', values: texts }
    return { name, kind: 'numeric', values: Float64Array.from(texts, Number) } // A blank total is 0: nobody paid yet.
  })
  const encoded = encodeFeatures(columns, rows.length)
  const kept = encoded.names.flatMap((name, i) => (COPIES.test(name) ? [] : [i]))
  const training = rows.flatMap((_, i) => (i % 5 === 0 ? [] : [i]))
  const features = selectRows(selectColumns(encoded.matrix, kept), training)
  return {
    features: applyScaling(features, fitScaling(features)),
    target: Float64Array.from(training, (i) => (rows[i]?.['Churn'] === 'Yes' ? 1 : 0)),
  }
})

/** All rows of this part. */
export const logisticRows: readonly Row[] = [
  {
    ...scikitRow({ C: 1, tol: 1e-8, max_iter: 5000 }),
    name: 'logistic regression on Telco, λ = 1, tolerance 1e-8',
    tool: 'scikit-learn lbfgs',
    target: 0.5,
  },
  {
    ...scikitRow({ C: 1, solver: 'newton-cholesky', tol: 1e-8 }),
    name: 'logistic regression on Telco, λ = 1, tolerance 1e-8',
    tool: 'scikit-learn newton-cholesky',
  },
  {
    ...scikitRow({ C: 1, solver: 'newton-cholesky' }),
    name: 'logistic regression on Telco, λ = 1',
    tool: 'scikit-learn newton-cholesky, its tolerance of 1e-4',
    target: 1.5,
  },
  {
    name: `logistic regression on Telco; theirs only ${LIBRARY_STEPS} of its 50000 steps`,
    tool: 'ml-logistic-regression 2.0.0',
    target: 0.001,
    home: 'npm',
    task: 'mlLogisticRegression',
    data: ['telco_churn.csv.gz'],
    prepare: (inputs) => ({
      ...ours(inputs),
      input: { ...input(inputs), steps: LIBRARY_STEPS, learningRate: 1e-4 },
      agreement: () => 'ours exact, theirs on the way',
    }),
  },
]

function scikitRow(options: object): Omit<Row, 'name' | 'tool'> {
  return {
    home: 'science',
    task: 'logistic_regression',
    data: ['telco_churn.csv.gz'],
    prepare: (inputs) => ({
      ...ours(inputs),
      input: { ...input(inputs), options },
      agreement: (fit: LogisticFit, theirs: { intercept: number; coefficients: number[] }) => {
        const differences = theirs.coefficients.map((value, i) => Math.abs(value - (fit.coefficients[i] as number)))
        const most = Math.max(Math.abs(theirs.intercept - fit.intercept), ...differences)
        return `coefficients within ${most.toExponential(0)}`
      },
    }),
  }
}

function ours(_inputs: InputFolder): Pick<PreparedRow, 'ours'> {
  const { features, target } = telco()
  return { ours: () => fitLogisticRegression(features, target, { l2: 1 }) }
}

function input(inputs: InputFolder): { file: string } {
  const file = inputs.write('telco', () => {
    const { features, target } = telco()
    return { features: nestedRows(features), target: Array.from(target) }
  })
  return { file }
}
