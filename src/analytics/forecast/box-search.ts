/** The least value of a function of a few shares, searched for everywhere: the same answer on every run. */

/** A function of shares, each from 0 to 1. What is not finite counts as worse than everything else. */
export type ShareFunction = (point: readonly number[]) => number

/** Where a function is least, and how much it is there. */
export interface BoxMinimum {
  readonly point: readonly number[]
  readonly value: number
}

/** Ever longer searches in ever fewer basins: size of the first simplex, steps at most, and how many are gone on with. */
const rounds = [
  { size: 0.03, steps: 60, kept: 24 },
  { size: 0.02, steps: 150, kept: 4 },
] as const
/** About what the first round needs for a basin. */
const evaluationsPerBasin = 90
/** Points of the first grid along each axis. */
const coarseSize = 25
/** With more basins than this a function is so rugged that the grid may have missed the deepest: a finer one follows. */
const basinsOfSmooth = 24
/** The simplexes of the last searches, one after another. */
const lastSizes = [0.05, 0.02, 0.01]
const mostRefinements = 10

/**
 * The least value over the box [0, 1]^dimensions: a grid finds every basin that is not much narrower than its steps, a
 * short simplex search finds out how deep each goes, and long ones go to the bottom of the best.
 *
 * @param dimensions From 1 to 3: the first grid has 25^dimensions points.
 * @param evaluations How often a rugged function may be asked for, about; a smooth one needs much less.
 * @see Nelder & Mead (1965), "A Simplex Method for Function Minimization".
 */
export function leastInBox(dimensions: number, evaluations: number, f: ShareFunction): BoxMinimum {
  const ofPlaces: ShareFunction = (places) => f(places.map(shareAt))
  let found = gridMinima(dimensions, coarseSize, ofPlaces)
  if (found.length > basinsOfSmooth) {
    const fineSize = Math.max(coarseSize, Math.floor((evaluations / 2) ** (1 / dimensions)))
    found = gridMinima(dimensions, fineSize, ofPlaces).slice(0, Math.ceil(evaluations / 2 / evaluationsPerBasin))
  }
  for (const { size, steps, kept } of rounds) {
    found = found
      .map((basin) => simplexSearch(basin, size, steps, ofPlaces))
      .sort(byValue)
      .slice(0, kept)
  }
  const { point, value } = found.map((basin) => refine(basin, ofPlaces)).sort(byValue)[0]!
  return toTheEdges({ point: point.map(shareAt), value }, f)
}

/** Shares that can as well be exactly 0 or 1 become so: 1e-16 would be taken for a finding. */
function toTheEdges({ point, value }: BoxMinimum, f: ShareFunction): BoxMinimum {
  const rounded = point.map((share) => (Math.abs(share - Math.round(share)) < 1e-9 ? Math.round(share) : share))
  const there = finiteOrWorst(f(rounded))
  return there <= value * (1 + 1e-14) ? { point: rounded, value: there } : { point, value }
}

/**
 * The share at a place between 0 and 1. Places lie close together near both ends: there a thousandth can matter as much
 * as a tenth does in the middle.
 */
function shareAt(place: number): number {
  return Math.min(1, place ** 3 * (10 - 15 * place + 6 * place * place))
}

/** The grid points that none of their neighbours along an axis is below, best first; of equal ones the first. */
function gridMinima(dimensions: number, gridSize: number, f: ShareFunction): BoxMinimum[] {
  const pointAt = (index: number): number[] =>
    Array.from({ length: dimensions }, (_, axis) => (Math.floor(index / gridSize ** axis) % gridSize) / (gridSize - 1))
  const values = new Float64Array(gridSize ** dimensions)
  for (let index = 0; index < values.length; index++) values[index] = finiteOrWorst(f(pointAt(index)))
  const isMinimum = (value: number, index: number): boolean => {
    for (let axis = 0; axis < dimensions; axis++) {
      const step = gridSize ** axis
      const along = Math.floor(index / step) % gridSize
      if (along > 0 && values[index - step]! <= value) return false
      if (along < gridSize - 1 && values[index + step]! < value) return false
    }
    return true
  }
  const minima: BoxMinimum[] = []
  for (const [index, value] of values.entries()) {
    if (isMinimum(value, index)) minima.push({ point: pointAt(index), value })
  }
  return minima.sort(byValue)
}

/**
 * Simplex searches from where the last one ended, and from the edges and the middle of each axis through it, until none
 * finds anything better. One alone can get stuck, above all where an axis is flat: without a level that moves it makes
 * no difference how fast the trend follows it, but next to there it does.
 */
function refine(start: BoxMinimum, f: ShareFunction): BoxMinimum {
  let best = start
  for (let round = 0; round < mostRefinements; round++) {
    const before = best.value
    for (const size of lastSizes) best = better(best, simplexSearch(best, size, 400, f))
    const aside = best.point.flatMap((_, axis) => [0, 0.5, 1].map((place) => best.point.with(axis, place)))
    for (const point of aside) {
      best = better(best, simplexSearch({ point, value: finiteOrWorst(f(point)) }, 0.03, 100, f))
    }
    if (before - best.value <= 1e-12 * Math.abs(before)) break
  }
  return best
}

function simplexSearch(start: BoxMinimum, size: number, steps: number, f: ShareFunction): BoxMinimum {
  const evaluate = (point: readonly number[]): BoxMinimum => {
    const inside = point.map((share) => Math.min(1, Math.max(0, share)))
    return { point: inside, value: finiteOrWorst(f(inside)) }
  }
  const dimensions = start.point.length
  const corners = start.point.map((_, axis) => evaluate(stepAlong(start.point, axis, size)))
  const simplex = [start, ...corners].sort(byValue)
  for (let step = 0; step < steps && !hasCollapsed(simplex); step++) {
    const best = simplex[0]!
    const worst = simplex[dimensions]!
    const centre = start.point.map((_, axis) => {
      return simplex.slice(0, dimensions).reduce((sum, { point }) => sum + point[axis]!, 0) / dimensions
    })
    const beyond = (factor: number): BoxMinimum =>
      evaluate(centre.map((share, axis) => share + factor * (share - worst.point[axis]!)))

    const reflected = beyond(1)
    let replacement: BoxMinimum | undefined
    if (reflected.value < best.value) replacement = [reflected, beyond(2)].sort(byValue)[0]
    else if (reflected.value < simplex[dimensions - 1]!.value) replacement = reflected
    else {
      const contracted = reflected.value < worst.value ? beyond(0.5) : beyond(-0.5)
      if (contracted.value < Math.min(reflected.value, worst.value)) replacement = contracted
    }
    if (replacement !== undefined) simplex[dimensions] = replacement
    else for (let i = 1; i <= dimensions; i++) simplex[i] = evaluate(halfWay(simplex[i]!.point, best.point))
    simplex.sort(byValue)
  }
  return simplex[0]!
}

/** A step inwards where there is no room outwards. */
function stepAlong(point: readonly number[], axis: number, size: number): number[] {
  return point.map((share, i) => (i === axis ? share + (share + size <= 1 ? size : -size) : share))
}

function halfWay(a: readonly number[], b: readonly number[]): number[] {
  return a.map((share, axis) => (share + b[axis]!) / 2)
}

/** Whether the corners are so close to each other that values can differ by rounding only. */
function hasCollapsed(simplex: readonly BoxMinimum[]): boolean {
  const best = simplex[0]!.point
  return simplex.every(({ point }) => point.every((share, axis) => Math.abs(share - best[axis]!) < 1e-10))
}

function better(a: BoxMinimum, b: BoxMinimum): BoxMinimum {
  return b.value < a.value ? b : a
}

function byValue(a: BoxMinimum, b: BoxMinimum): number {
  return a.value === b.value ? 0 : a.value - b.value // Infinity less Infinity would be no number.
}

function finiteOrWorst(value: number): number {
  return Number.isFinite(value) ? value : Infinity
}
