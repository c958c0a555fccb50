/** The candidates of GSP: patterns of one item more, all of whose parts that must be frequent are. */

/** A candidate, and the two patterns of one token less that it was made of, by position: no sequence has it without them. */
export interface Candidate {
  readonly tokens: Int32Array
  readonly parents: readonly [number, number]
}

/** All patterns of two items, from the frequent items: b after a, and b together with a. */
export function* pairCandidates(level: readonly Int32Array[], itemCount: number): Generator<Candidate> {
  for (let a = 0; a < level.length; a++) {
    for (let b = 0; b < level.length; b++) {
      const first = level[a]![0]!
      const second = level[b]![0]!
      yield { tokens: Int32Array.of(first, second), parents: [a, b] }
      if (first < second) yield { tokens: Int32Array.of(first, itemCount + second), parents: [a, b] }
    }
  }
}

/**
 * Joins each frequent pattern with those that begin as it ends.
 *
 * @param level All frequent patterns of one size, of at least two tokens.
 * @param gapsAreLimited With a limit to gaps only contiguous parts (those that leave no hole) must be frequent.
 */
export function* joinedCandidates(
  level: readonly Int32Array[],
  itemCount: number,
  gapsAreLimited: boolean,
): Generator<Candidate> {
  const frequent = new Set(level.map(String))
  const byBeginning = new Map<string, number[]>()
  for (const [position, tokens] of level.entries()) {
    const beginning = String(tokens.subarray(0, -1))
    const sharing = byBeginning.get(beginning)
    if (sharing === undefined) byBeginning.set(beginning, [position])
    else sharing.push(position)
  }
  for (const [a, first] of level.entries()) {
    for (const b of byBeginning.get(String(withoutToken(first, 0, itemCount))) ?? []) {
      const tokens = Int32Array.of(...first, level[b]!.at(-1)!)
      if (partsAreFrequent(tokens, itemCount, gapsAreLimited, frequent)) yield { tokens, parents: [a, b] }
    }
  }
}

/** A pattern without the token in one place: if it opened an element, the rest of the element is opened by the next. */
export function withoutToken(tokens: Int32Array, place: number, itemCount: number): Int32Array {
  const rest = new Int32Array(tokens.length - 1)
  rest.set(tokens.subarray(0, place))
  rest.set(tokens.subarray(place + 1), place)
  if (place < rest.length && tokens[place]! < itemCount && rest[place]! >= itemCount) rest[place]! -= itemCount
  return rest
}

/** Whether leaving out the token in one place takes a whole element out of the middle of the pattern. */
export function leavesHole(tokens: Int32Array, place: number, itemCount: number): boolean {
  if (place === 0 || tokens[place]! >= itemCount) return false
  return place + 1 < tokens.length && tokens[place + 1]! < itemCount
}

function partsAreFrequent(
  tokens: Int32Array,
  itemCount: number,
  gapsAreLimited: boolean,
  frequent: ReadonlySet<string>,
): boolean {
  // Without its first or its last token it is one of the two that were joined.
  for (let place = 1; place < tokens.length - 1; place++) {
    if (gapsAreLimited && leavesHole(tokens, place, itemCount)) continue
    if (!frequent.has(String(withoutToken(tokens, place, itemCount)))) return false
  }
  return true
}
