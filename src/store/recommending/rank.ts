/** What a recommender in use would show somebody, by what they have and looked at: arithmetic on its tables. */

import type { ServedModel } from './served-model.ts'

export interface Liked {
  readonly key: string
  readonly weight: number
  readonly bought: boolean
}

export interface RankedProduct {
  readonly key: string
  readonly score: number
  /** What speaks for it most; undefined: only that others buy it. */
  readonly because: Liked | undefined
}

/** So many of what is popular are looked at beside what is like what they have. */
const mostPopular = 400

/** Scores that are equal to so many places are ties: the order in which parts were added up decides nothing. */
const decimals = 1e10

/**
 * The best products for somebody, best first, ties by key.
 *
 * @param hidden products that are not shown, whatever speaks for them.
 * @param most how many at most.
 */
export function rankProducts(
  model: ServedModel,
  liked: readonly Liked[],
  hidden: ReadonlySet<string>,
  most: number,
): RankedProduct[] {
  const { keys, popularity, weight } = model
  const { sums, because } = likeness(model, liked)
  const isHidden = hiddenPlaces(model, hidden)
  const places: number[] = []
  let highest = 0
  for (let place = 0; place < keys.length; place++) {
    const isAlike = (because[place] as number) >= 0
    if (isHidden[place] === 1 || !(isAlike || place < mostPopular)) continue
    places.push(place)
    if (isAlike) highest = Math.max(highest, sums[place] as number)
  }
  const ranked = places.map((place): RankedProduct => {
    const alike = highest > 0 ? (sums[place] as number) / highest : 0
    const score = weight * alike + (1 - weight) * (popularity[place] as number)
    return {
      key: keys[place] as string,
      score: Math.round(score * decimals) / decimals,
      because: liked[because[place] as number],
    }
  })
  return bestFirst(ranked, most)
}

/** The best of them in order, without ordering all. */
export function bestFirst<T extends Pick<RankedProduct, 'key' | 'score'>>(products: readonly T[], most: number): T[] {
  const scores = Float64Array.from(products, ({ score }) => score).sort()
  const least = scores[scores.length - most] ?? Number.NEGATIVE_INFINITY
  return products
    .filter(({ score }) => score >= least)
    .sort((a, b) => b.score - a.score || (a.key < b.key ? -1 : 1))
    .slice(0, most)
}

/** By place: how well it goes with all they like, and which of that speaks for it most (-1: none). */
function likeness({ keys, places, relations }: ServedModel, liked: readonly Liked[]) {
  const sums = new Float64Array(keys.length)
  const strongest = new Float64Array(keys.length).fill(-1)
  const because = new Int32Array(keys.length).fill(-1)
  for (const [i, { key, weight }] of liked.entries()) {
    const found = relations.get(places.get(key) ?? -1)
    if (found === undefined) continue
    const { related, scores } = found
    for (let e = 0; e < related.length; e++) {
      const place = related[e] as number
      const part = (scores[e] as number) * weight
      sums[place] = (sums[place] as number) + part
      if (part > (strongest[place] as number)) {
        strongest[place] = part
        because[place] = i
      }
    }
  }
  return { sums, because }
}

function hiddenPlaces({ keys, places }: ServedModel, hidden: ReadonlySet<string>): Uint8Array {
  const isHidden = new Uint8Array(keys.length)
  for (const key of hidden) {
    const place = places.get(key)
    if (place !== undefined) isHidden[place] = 1
  }
  return isHidden
}
