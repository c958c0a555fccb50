/** Scaling, factoring and finding columns that repeat others. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { choleskyFactor, choleskySolve, inverseDiagonal } from '../../src/analytics/core/cholesky.ts'
import { type DenseMatrix, selectColumns, selectRows } from '../../src/analytics/core/dense-matrix.ts'
import { independentColumns } from '../../src/analytics/core/independent-columns.ts'
import { seededRandom } from '../../src/analytics/core/random.ts'
import { randomNormal } from '../../src/analytics/core/random-variates.ts'
import { applyScaling, fitScaling } from '../../src/analytics/scaling.ts'

function matrixOf(...rows: readonly number[][]): DenseMatrix {
  return { rows: rows.length, columns: rows[0]?.length ?? 0, values: Float64Array.from(rows.flat()) }
}

function columnsOf(...columns: readonly (readonly number[])[]): DenseMatrix {
  return matrixOf(...columns[0]!.map((_, i) => columns.map((column) => column[i]!)))
}

describe('standard scaling', () => {
  test('measures by mean and population deviation', () => {
    const scaling = fitScaling(matrixOf([1, 10], [3, 10], [5, 40]))
    expect(Array.from(scaling.mean)).toEqual([3, 20])
    expect(Array.from(scaling.deviation)).toEqual([Math.sqrt(8 / 3), Math.sqrt(200)])
  })

  test('gives columns of mean 0 and deviation 1', () => {
    const column = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 2, maxLength: 40 })
    fc.assert(
      fc.property(column, fc.integer({ min: -1e6, max: 1e6 }), (values, offset) => {
        fc.pre(new Set(values).size > 1)
        const matrix = columnsOf(values.map((value) => value + offset))
        const { mean, deviation } = fitScaling(applyScaling(matrix, fitScaling(matrix)))
        expect(mean[0]).toBeCloseTo(0, 9)
        expect(deviation[0]).toBeCloseTo(1, 9)
      }),
    )
  })

  test('leaves a constant column at 0, also one that no double can hold exactly', () => {
    const matrix = matrixOf([0.1, 1], [0.1, 2], [0.1, 3])
    const scaling = fitScaling(matrix)
    expect(scaling.deviation[0]).toBe(0)
    expect(scaling.mean[0]).toBe(0.1)
    expect(Array.from(applyScaling(matrix, scaling).values.filter((_, i) => i % 2 === 0))).toEqual([0, 0, 0])
  })

  test('keeps the digits of small differences on a large offset', () => {
    expect(fitScaling(columnsOf([1e9, 1e9 + 1, 1e9 + 2])).deviation[0]).toBeCloseTo(Math.sqrt(2 / 3), 12)
  })

  test.each([1e-300, 1e-155, 1e155, 3e307])('neither overflows nor vanishes at sizes of %d', (size) => {
    const { mean, deviation } = fitScaling(columnsOf([size, 3 * size, 5 * size]))
    expect(mean[0]! / size).toBeCloseTo(3, 12)
    expect(deviation[0]! / size).toBeCloseTo(Math.sqrt(8 / 3), 12)
  })

  test.each<[string, DenseMatrix, string]>([
    ['no rows', { rows: 0, columns: 1, values: new Float64Array(0) }, 'matrix.rows: 0 must be a whole number'],
    ['a wrong shape', { rows: 2, columns: 2, values: new Float64Array(3) }, 'matrix.values.length: 3 must be rows ×'],
    ['NaN', matrixOf([1, 2], [3, Number.NaN]), 'matrix (row 1, column 1): NaN must be a finite number'],
    ['infinity', matrixOf([1], [-Infinity]), 'matrix (row 1, column 0): -Infinity must be a finite number'],
    ['numbers too far apart', matrixOf([1e308], [-1e308]), 'matrix (column 0): mean: NaN must be a finite number'],
  ])('refuses %s', (_, matrix, message) => {
    expect(() => fitScaling(matrix)).toThrow(message)
  })

  test('refuses a matrix of other columns', () => {
    expect(() => applyScaling(matrixOf([1, 2]), fitScaling(matrixOf([1], [2])))).toThrow('matrix.columns: 2 must be as')
  })
})

describe('Cholesky', () => {
  test('solves what it factored', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 0, max: 1e6 }), (n, seed) => {
        const random = seededRandom(seed)
        const root = Float64Array.from({ length: n * n }, () => randomNormal(random))
        const square = Float64Array.from({ length: n * n }, (_, at) => {
          const [i, j] = [Math.floor(at / n), at % n]
          let sum = i === j ? 1 : 0
          for (let k = 0; k < n; k++) sum += root[i * n + k]! * root[j * n + k]!
          return sum
        })
        const solution = Float64Array.from({ length: n }, () => randomNormal(random))
        const b = solution.map((_, i) => solution.reduce((sum, x, j) => sum + square[i * n + j]! * x, 0))
        const factor = square.slice()
        expect(choleskyFactor(factor, n)).toBe(-1)
        choleskySolve(factor, n, b)
        for (let i = 0; i < n; i++) expect(b[i]).toBeCloseTo(solution[i]!, 8)
      }),
    )
  })

  test('names the first row that follows from those before it', () => {
    expect(choleskyFactor(Float64Array.of(4, 2, 6, 2, 5, 7, 6, 7, 13), 3)).toBe(2)
    expect(choleskyFactor(Float64Array.of(0, 0, 0, 1), 2)).toBe(0)
    expect(choleskyFactor(Float64Array.of(1, 2, 2, 1), 2)).toBe(1)
  })

  test('gives the diagonal of the inverse', () => {
    const factor = Float64Array.of(2, 1, 1, 2)
    choleskyFactor(factor, 2)
    expect(inverseDiagonal(factor, 2)[0]).toBeCloseTo(2 / 3, 14)
  })
})

describe('independent columns', () => {
  const random = seededRandom(7)
  const draw = (): number[] => Array.from({ length: 60 }, () => randomNormal(random))
  const [a, b, noise] = [draw(), draw(), draw()]

  test.each<[string, readonly number[][], number[]]>([
    ['a constant column', [a, a.map(() => 0.1), b], [1]],
    ['a copy', [a, b, a], [2]],
    ['a copy in other units', [a, b, a.map((x) => 32 + 1.8 * x)], [2]],
    ['a sum', [a, b, a.map((x, i) => x - 3 * b[i]!)], [2]],
    ['the complement of flags', [a, a.map((x) => Number(x > 0)), a.map((x) => Number(x <= 0))], [2]],
    ['nothing, where noise of a thousandth is left', [a, a.map((x, i) => x + 1e-3 * noise[i]!)], []],
    ['nothing, on a large offset', [a, b.map((x) => Math.round(10 * x) + 1e12)], []],
    ['a copy of tiny numbers', [a.map((x) => x * 1e-200), a.map((x) => x * 1e200)], [1]],
  ])('drop %s', (_, columns, dropped) => {
    expect(independentColumns(columnsOf(...columns)).dropped).toEqual(dropped)
  })

  test('are at most one less than the rows: the constant takes one', () => {
    expect(independentColumns(matrixOf([1, 2, 9], [2, 5, 1], [3, 1, 1])).kept).toEqual([0, 1])
  })

  test('every column is either kept or dropped, in order', () => {
    const flags = fc.array(fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 5, maxLength: 5 }), { minLength: 1 })
    fc.assert(
      fc.property(flags, (rows) => {
        const { kept, dropped } = independentColumns(matrixOf(...rows))
        expect(new Set([...kept, ...dropped])).toEqual(new Set([0, 1, 2, 3, 4]))
        // Adding the kept columns once more adds nothing.
        const matrix = matrixOf(...rows)
        const again = matrixOf(...rows.map((row) => [...kept, ...kept].map((j) => row[j]!)))
        expect(kept.length === 0 || independentColumns(again).kept.length === kept.length).toBe(true)
        expect(independentColumns(selectColumns(matrix, kept)).dropped).toEqual([])
      }),
    )
  })

  test('rows and columns are picked in the order asked for', () => {
    const matrix = matrixOf([1, 2], [3, 4], [5, 6])
    expect(Array.from(selectRows(matrix, [2, 0]).values)).toEqual([5, 6, 1, 2])
    expect(Array.from(selectColumns(matrix, [1]).values)).toEqual([2, 4, 6])
  })
})
