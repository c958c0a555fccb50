/** Where k-means begins: k-means++ seeding. */

import type { Random } from '../core/random.ts'
import type { WeightedPoints } from './points.ts'

/** Chooses starting centres into `centres` (k × d). Returns the inertia with these. */
export type StartChooser = (centres: Float64Array, random: Random) => number

/** What is known of the points while centres are being chosen. */
interface Seeding {
  readonly points: WeightedPoints
  /** k × d; the first `chosen` are set. */
  readonly centres: Float64Array
  chosen: number
  /** For each point the squared distance to its nearest chosen centre, and which that is. */
  readonly nearest: Float64Array
  readonly owner: Int32Array
  /** A quarter of the squared distances between one candidate and the chosen centres. */
  readonly quarters: Float64Array
}

/**
 * Makes a chooser of k different points: the first by weight, each further one with a chance in proportion to its squared
 * distance from the centres so far. Of 2 + ⌊ln k⌋ such candidates the one that lowers the sum of squares most is taken
 * ("greedy k-means++"), which saves more steps later than it costs.
 *
 * @param k At most the number of different points.
 * @see Arthur & Vassilvitskii (2007), "k-means++: The Advantages of Careful Seeding", sections 2.2 and 5.
 */
export function createStartChooser(points: WeightedPoints, k: number): StartChooser {
  const n = points.weights.length
  const candidates = 2 + Math.floor(Math.log(k))
  const cumulative = new Float64Array(n)
  const nearest = new Float64Array(n)
  const owner = new Int32Array(n)
  const quarters = new Float64Array(k)

  return (centres, random) => {
    const seeding: Seeding = { points, centres, chosen: 0, nearest: nearest.fill(1), owner: owner.fill(0), quarters }
    accumulate(seeding, cumulative)
    choose(seeding, draw(cumulative, random))
    while (seeding.chosen < k) {
      accumulate(seeding, cumulative)
      let best = -1
      let lowest = Number.POSITIVE_INFINITY
      for (let j = 0; j < candidates; j++) {
        const candidate = draw(cumulative, random)
        const sum = sumWith(seeding, candidate)
        if (sum >= lowest) continue
        lowest = sum
        best = candidate
      }
      choose(seeding, best)
    }
    return nearest.reduce((sum, square, i) => sum + square * (points.weights[i] as number), 0)
  }
}

/** Sums up the points' chances. */
function accumulate({ points, nearest }: Seeding, cumulative: Float64Array): void {
  let sum = 0
  for (let i = 0; i < cumulative.length; i++) {
    cumulative[i] = sum += (points.weights[i] as number) * (nearest[i] as number)
  }
}

/** Draws a point by its chance; never one without any, unless all are. */
function draw(cumulative: Float64Array, random: Random): number {
  const target = random() * (cumulative.at(-1) as number)
  let low = 0
  let high = cumulative.length - 1
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((cumulative[middle] as number) > target) high = middle
    else low = middle + 1
  }
  return low
}

/** The weighted sum of squares if a candidate were chosen. */
function sumWith(seeding: Seeding, candidate: number): number {
  const { points, nearest, owner, quarters } = seeding
  const { weights } = points
  measureQuarters(seeding, candidate)
  let sum = 0
  for (let i = 0; i < nearest.length; i++) {
    let square = nearest[i] as number
    // The triangle inequality: at least twice as far from the point's centre as the point is, it cannot be nearer.
    if (square > (quarters[owner[i] as number] as number))
      square = Math.min(square, squareBetween(points, i, candidate))
    sum += square * (weights[i] as number)
  }
  return sum
}

function choose(seeding: Seeding, point: number): void {
  const { points, centres, chosen, nearest, owner, quarters } = seeding
  const { values, columns: d } = points
  measureQuarters(seeding, point)
  for (let i = 0; i < nearest.length; i++) {
    if (chosen > 0 && (nearest[i] as number) <= (quarters[owner[i] as number] as number)) continue
    const square = squareBetween(points, i, point)
    if (chosen > 0 && square >= (nearest[i] as number)) continue
    nearest[i] = square
    owner[i] = chosen
  }
  for (let t = 0; t < d; t++) centres[chosen * d + t] = values[point * d + t] as number
  seeding.chosen++
}

function measureQuarters({ points, centres, chosen, quarters }: Seeding, point: number): void {
  const { values, columns: d } = points
  for (let c = 0; c < chosen; c++) {
    let square = 0
    for (let t = 0; t < d; t++) {
      const gap = (values[point * d + t] as number) - (centres[c * d + t] as number)
      square += gap * gap
    }
    quarters[c] = square / 4
  }
}

function squareBetween({ values, columns: d }: WeightedPoints, a: number, b: number): number {
  let square = 0
  for (let t = 0, p = a * d, q = b * d; t < d; t++) {
    const gap = (values[p + t] as number) - (values[q + t] as number)
    square += gap * gap
  }
  return square
}
