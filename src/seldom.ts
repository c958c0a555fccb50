/** Says the same once in a while, and how often it was left out: an outage is a line now and then, not one for each request. */

export type Seldom = (what: string, tell: (more: number) => void) => void

/** So many things are told apart; more than that are forgotten and begin anew. */
const mostKinds = 100

/**
 * @param everyMs real time.
 * @returns call it with what it is about; `tell` is called at most once within that time, with how many were left out before.
 */
export function createSeldom(everyMs: number, nowMs: () => number = () => performance.now()): Seldom {
  const told = new Map<string, { readonly atMs: number; more: number }>()
  return (what, tell) => {
    const before = told.get(what)
    if (before !== undefined && nowMs() - before.atMs < everyMs) {
      before.more++
      return
    }
    if (told.size >= mostKinds) told.clear()
    told.set(what, { atMs: nowMs(), more: 0 })
    tell(before?.more ?? 0)
  }
}
