/** Disjoint sets: which of n things hang together, as links between them come in. */

export interface DisjointSets {
  /** The thing that stands for the set of `thing`: the same for all of a set. */
  find(thing: number): number
  /** Puts the sets of two things together. */
  unite(a: number, b: number): void
}

/**
 * n sets of one thing each, numbered from 0.
 *
 * @see Tarjan & van Leeuwen (1984), "Worst-case analysis of set union algorithms" (union by size, path halving).
 */
export function createDisjointSets(n: number): DisjointSets {
  const parent = Int32Array.from({ length: n }, (_, thing) => thing)
  const sizes = new Int32Array(n).fill(1)
  const find = (thing: number): number => {
    let at = thing
    while (parent[at] !== at) {
      const up = parent[parent[at] as number] as number
      parent[at] = up
      at = up
    }
    return at
  }
  return {
    find,
    unite(a, b) {
      let large = find(a)
      let small = find(b)
      if (large === small) return
      if ((sizes[large] as number) < (sizes[small] as number)) [large, small] = [small, large]
      parent[small] = large
      sizes[large] = (sizes[large] as number) + (sizes[small] as number)
    },
  }
}
