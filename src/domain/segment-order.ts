/** In which order segments and computed traits are worked out: what a condition asks about comes before it. */

export interface Dependent {
  /** Unique among all that are put in order: `segment:regulars`, `trait:orders-90d`. */
  readonly node: string
  readonly dependsOn: readonly string[]
}

export interface Order<T extends Dependent> {
  /** Each level only depends on those before it. */
  readonly levels: readonly (readonly T[])[]
  /** Loops, each as the way round: the first node comes again at the end. What is in or behind one is in no level. */
  readonly cycles: readonly (readonly string[])[]
}

/** Names that nobody has are taken for known: whoever needs them to exist checks that by itself. */
export function inOrder<T extends Dependent>(all: readonly T[]): Order<T> {
  const known = new Set(all.map(({ node }) => node))
  const done = new Set<string>()
  const levels: T[][] = []
  for (let left = all; left.length > 0; left = left.filter(({ node }) => !done.has(node))) {
    const ready = left.filter(({ dependsOn }) => dependsOn.every((other) => !known.has(other) || done.has(other)))
    if (ready.length === 0) return { levels, cycles: cyclesAmong(left) }
    levels.push(ready)
    for (const { node } of ready) done.add(node)
  }
  return { levels, cycles: [] }
}

/** Everybody here is in a loop or behind one; each loop is told once. */
function cyclesAmong(left: readonly Dependent[]): readonly (readonly string[])[] {
  const byNode = new Map(left.map((each) => [each.node, each]))
  const walked = new Set<string>()
  const cycles: string[][] = []
  for (const { node } of left) {
    const way: string[] = []
    // Of those who are left, everybody has somebody before them who is left too: the walk always comes to known ground.
    let at: string | undefined = node
    while (at !== undefined && !walked.has(at)) {
      walked.add(at)
      way.push(at)
      at = byNode.get(at)?.dependsOn.find((other) => byNode.has(other))
    }
    const start = at === undefined ? -1 : way.indexOf(at)
    if (at !== undefined && start >= 0) cycles.push([...way.slice(start), at])
  }
  return cycles
}
