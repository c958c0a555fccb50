/** Getting a matrix ready for clustering or training, step by step, with an account of every row and value touched. */

import { type DenseMatrix, selectRows } from '../core/dense-matrix.ts'
import { exactDuplicates } from './duplicates.ts'
import { type MissingReport, type MissingRule, treatMissing } from './missing-values.ts'
import { drawInOutliers, findOutliers } from './outliers.ts'

export interface PreparationPlan {
  /** Whether of equal rows only the first stays; they all stay unless given. */
  readonly dropDuplicates?: boolean
  /** What to do about gaps (NaN): one rule for all columns or one for each; the median unless given. */
  readonly missing?: MissingRule | readonly MissingRule[]
  /** Whether outliers are drawn in to the fences; they are only counted unless given. */
  readonly drawInOutliers?: boolean
  /** How many robust deviations from the median make an outlier; 3.5 unless given. */
  readonly outlierThreshold?: number
}

/** What was found in a column, and done about it. */
export interface ColumnReport extends MissingReport {
  readonly outliers: number
  /** The fences that outliers lie outside of, and are drawn in to if the plan says so. */
  readonly low: number
  readonly high: number
}

export interface PreparationReport {
  /** Rows before and after. */
  readonly rows: number
  readonly rowsKept: number
  /** Rows that repeat an earlier one, dropped or not. */
  readonly duplicates: number
  readonly droppedAsDuplicates: number
  readonly droppedForGaps: number
  readonly columns: readonly ColumnReport[]
}

export interface Prepared {
  readonly matrix: DenseMatrix
  /** Which rows of the original matrix the rows are, ascending. */
  readonly kept: Int32Array
  readonly report: PreparationReport
}

/**
 * Duplicates first, then gaps, then outliers: so a row that is there twice weighs in no median, and a filled gap is no
 * outlier.
 *
 * @param matrix NaN where a value is missing.
 * @throws RangeError as the steps do; see `treatMissing` and `findOutliers`.
 */
export function prepareMatrix(matrix: DenseMatrix, plan: PreparationPlan = {}): Prepared {
  const { dropDuplicates = false, missing = 'median', outlierThreshold = 3.5 } = plan
  const duplicates = exactDuplicates(Array.from({ length: matrix.rows }, (_, row) => textsOf(matrix, row)))
  const first = dropDuplicates ? selectRows(matrix, duplicates.kept) : matrix
  const treated = treatMissing(first, missing)
  const columns = treated.columns.map((report, column) => {
    const values = columnOf(treated.matrix, column)
    const { positions, fences } = findOutliers(values, outlierThreshold)
    if (plan.drawInOutliers) setColumn(treated.matrix, column, drawInOutliers(values, outlierThreshold).values)
    return { ...report, outliers: positions.length, ...fences }
  })
  return {
    matrix: treated.matrix,
    kept: dropDuplicates ? treated.kept.map((row) => duplicates.kept[row] as number) : treated.kept,
    report: {
      rows: matrix.rows,
      rowsKept: treated.matrix.rows,
      duplicates: duplicates.extraCount,
      droppedAsDuplicates: dropDuplicates ? duplicates.extraCount : 0,
      droppedForGaps: treated.dropped.length,
      columns,
    },
  }
}

function textsOf({ columns, values }: DenseMatrix, row: number): string[] {
  return Array.from(values.subarray(row * columns, (row + 1) * columns), String)
}

function columnOf({ rows, columns, values }: DenseMatrix, column: number): Float64Array {
  return Float64Array.from({ length: rows }, (_, row) => values[row * columns + column] as number)
}

function setColumn({ columns, values }: DenseMatrix, column: number, next: Float64Array): void {
  next.forEach((value, row) => {
    values[row * columns + column] = value
  })
}
