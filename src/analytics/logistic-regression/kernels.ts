/** The inner loops of logistic regression, over blocks of rows that fit a fast cache: where all its time goes. */

import type { DenseMatrix } from '../core/dense-matrix.ts'

/** The design [1 | X], by blocks of rows; within a block by columns, of which the first is the intercept's ones. */
export interface Design {
  readonly rows: number
  /** p + 1. */
  readonly columns: number
  /** For each block, its columns of `BLOCK_ROWS` values; the last block ends in rows of zeros, which add nothing. */
  readonly blocks: readonly (readonly Float64Array[])[]
}

/** So many rows of some dozens of columns fit a second-level cache. */
export const BLOCK_ROWS = 512

/** The design of n × p features. */
export function designOf({ rows, columns, values }: DenseMatrix): Design {
  const blocks: Float64Array[][] = []
  for (let from = 0; from < rows; from += BLOCK_ROWS) {
    const length = Math.min(BLOCK_ROWS, rows - from)
    const block = zeroColumns(columns + 1)
    block[0]?.fill(1, 0, length)
    for (let j = 0; j < columns; j++) {
      copyColumn(values, from * columns + j, columns, length, block[j + 1] as Float64Array)
    }
    blocks.push(block)
  }
  return { rows, columns: columns + 1, blocks }
}

/** Columns of one block, side by side in memory: one allocation, not one for each. */
function zeroColumns(columns: number): Float64Array[] {
  const buffer = new Float64Array(columns * BLOCK_ROWS)
  return Array.from({ length: columns }, (_, j) => buffer.subarray(j * BLOCK_ROWS, (j + 1) * BLOCK_ROWS))
}

/** A vector of one value per row, filled up with zeros to whole blocks. */
export function rowVector({ blocks }: Design): Float64Array {
  return new Float64Array(blocks.length * BLOCK_ROWS)
}

/** The part of a row vector that belongs to a block. */
export function blockPart(vector: Float64Array, block: number): Float64Array {
  return vector.subarray(block * BLOCK_ROWS, (block + 1) * BLOCK_ROWS)
}

/** out = block · weights: the linear predictors. */
export function linearPredictors(block: readonly Float64Array[], weights: Float64Array, out: Float64Array): void {
  out.fill(0)
  let j = 0
  for (; j + 2 < block.length; j += 3) {
    addThree(block[j] as Float64Array, block[j + 1] as Float64Array, block[j + 2] as Float64Array, weights, j, out)
  }
  for (; j < block.length; j++) addOne(block[j] as Float64Array, weights[j] as number, out)
}

/** Adds blockᵀ · vector to the p + 1 sums. */
export function addColumnSums(block: readonly Float64Array[], vector: Float64Array, sums: Float64Array): void {
  for (let j = 0; j < block.length; j++) sums[j] = (sums[j] as number) + blockDot(block[j] as Float64Array, vector)
}

/**
 * The lower triangle of designᵀ · diag(weights) · design, into a row-major square.
 *
 * @param rootWeights A row vector of the square roots of the weights.
 */
export function weightedGram(design: Design, rootWeights: Float64Array, out: Float64Array): void {
  const { columns } = design
  const padded = columns + (columns % 2) // A column of zeros makes their number even.
  const weighted = zeroColumns(padded)
  const sums = new Float64Array(padded * padded)
  design.blocks.forEach((block, number) => {
    const weights = blockPart(rootWeights, number)
    for (let j = 0; j < columns; j++) multiply(block[j] as Float64Array, weights, weighted[j] as Float64Array)
    addProducts(weighted, sums)
  })
  for (let j = 0; j < columns; j++) {
    for (let k = 0; k <= j; k++) out[j * columns + k] = sums[j * padded + k] as number
  }
}

/** Adds the products of all pairs of columns, two by two columns at a time: each value that is read serves twice. */
function addProducts(block: readonly Float64Array[], sums: Float64Array): void {
  const columns = block.length
  for (let j = 0; j < columns; j += 2) {
    const [a, b] = [block[j], block[j + 1]] as [Float64Array, Float64Array]
    for (let k = 0; k <= j; k += 2) {
      addFourProducts(a, b, block[k] as Float64Array, block[k + 1] as Float64Array, sums, j * columns + k, columns)
    }
  }
}

// Each inner loop is a function of its own, so that the compiler sees a hot function soon, not a long one late.

function copyColumn(values: Float64Array, from: number, stride: number, length: number, out: Float64Array): void {
  for (let i = 0, at = from; i < length; i++, at += stride) out[i] = values[at] as number
}

/** Three columns a pass: `out` is read and written a third as often. */
function addThree(
  a: Float64Array,
  b: Float64Array,
  c: Float64Array,
  weights: Float64Array,
  first: number,
  out: Float64Array,
): void {
  const wa = weights[first] as number
  const wb = weights[first + 1] as number
  const wc = weights[first + 2] as number
  for (let i = 0; i < BLOCK_ROWS; i++) {
    const sum = wa * (a[i] as number) + wb * (b[i] as number) + wc * (c[i] as number)
    out[i] = (out[i] as number) + sum
  }
}

function addOne(column: Float64Array, weight: number, out: Float64Array): void {
  for (let i = 0; i < BLOCK_ROWS; i++) out[i] = (out[i] as number) + weight * (column[i] as number)
}

function blockDot(a: Float64Array, b: Float64Array): number {
  let even = 0
  let odd = 0
  for (let i = 0; i < BLOCK_ROWS; i += 2) {
    even += (a[i] as number) * (b[i] as number)
    odd += (a[i + 1] as number) * (b[i + 1] as number)
  }
  return even + odd
}

function multiply(a: Float64Array, b: Float64Array, out: Float64Array): void {
  for (let i = 0; i < BLOCK_ROWS; i++) out[i] = (a[i] as number) * (b[i] as number)
}

/** Adds a·c, a·d, b·c and b·d to the sums from `at` on. */
function addFourProducts(
  a: Float64Array,
  b: Float64Array,
  c: Float64Array,
  d: Float64Array,
  sums: Float64Array,
  at: number,
  stride: number,
): void {
  let ac = 0
  let ad = 0
  let bc = 0
  let bd = 0
  for (let i = 0; i < BLOCK_ROWS; i++) {
    const va = a[i] as number
    const vb = b[i] as number
    const vc = c[i] as number
    const vd = d[i] as number
    ac += va * vc
    ad += va * vd
    bc += vb * vc
    bd += vb * vd
  }
  sums[at] = (sums[at] as number) + ac
  sums[at + 1] = (sums[at + 1] as number) + ad
  sums[at + stride] = (sums[at + stride] as number) + bc
  sums[at + stride + 1] = (sums[at + stride + 1] as number) + bd
}
