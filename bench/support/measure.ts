/** Comparing two ways of doing the same thing, fairly: same machine, same minutes, turn about. */

/** One of the two: runs it a number of times in a row and tells the seconds that this took. */
export interface Side<Result> {
  run(times: number): Promise<{ seconds: number; result: Result }>
}

/** How a comparison went. */
export interface Comparison<Ours, Theirs> {
  /** Median seconds of one run. */
  readonly ours: number
  readonly theirs: number
  /** What the last run of each came to. */
  readonly oursResult: Ours
  readonly theirsResult: Theirs
  /** How many runs each median is of; fewer than asked for where one takes very long. */
  readonly oursRuns: number
  readonly theirsRuns: number
}

/** Shorter runs are repeated until they take this long together: a clock tick or a collection must not decide. */
const LEAST_SECONDS = 0.15
/** Before anything counts, both sides run for so long: caches and just-in-time compilers get warm. */
const WARM_UP_SECONDS = 1
/** Who takes longer than this for one run is run once. */
const PATIENCE_SECONDS = 15

/**
 * Runs both sides turn about and takes the median of each. Both warm up first, which shows how often to repeat a short
 * run; only of a side that takes very long does the first run count.
 */
export async function compare<Ours, Theirs>(
  ours: Side<Ours>,
  theirs: Side<Theirs>,
  runs: number,
): Promise<Comparison<Ours, Theirs>> {
  const left = await tried(ours)
  const right = await tried(theirs)
  for (let run = 0; run < runs; run++) {
    await left.next()
    await right.next()
  }
  return {
    ours: median(left.seconds),
    theirs: median(right.seconds),
    oursResult: left.result(),
    theirsResult: right.result(),
    oursRuns: left.seconds.length,
    theirsRuns: right.seconds.length,
  }
}

/** The middle value, or the mean of the two middle ones. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const high = sorted[middle] as number
  return sorted.length % 2 === 1 ? high : (high + (sorted[middle - 1] as number)) / 2
}

/** A side within this process. No collection is forced between runs: it throws compiled code away with the rubbish. */
export function localSide<Result>(work: () => Result): Side<Result> {
  return {
    run: (times) => {
      const startedAt = performance.now()
      let result = work()
      for (let again = 1; again < times; again++) result = work()
      return Promise.resolve({ seconds: (performance.now() - startedAt) / 1000, result })
    },
  }
}

interface Tried<Result> {
  readonly seconds: number[]
  readonly result: () => Result
  readonly next: () => Promise<void>
}

async function tried<Result>(side: Side<Result>): Promise<Tried<Result>> {
  let last = await side.run(1)
  const tooLong = last.seconds > PATIENCE_SECONDS
  const seconds = tooLong ? [last.seconds] : []
  for (let warm = last.seconds; warm < WARM_UP_SECONDS; warm += last.seconds) last = await side.run(1)
  const times = Math.max(1, Math.ceil(LEAST_SECONDS / Math.max(last.seconds, 1e-6)))
  return {
    seconds,
    result: () => last.result,
    next: async () => {
      if (tooLong) return
      last = await side.run(times)
      seconds.push(last.seconds / times)
    },
  }
}
