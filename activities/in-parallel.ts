/** Doing the same for many, some at a time. The first failure is thrown when those under way have ended. */
export async function inParallel<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  let next = 0
  const one = async (): Promise<void> => {
    while (next < items.length) await work(items[next++] as T)
  }
  const lanes = await Promise.allSettled(Array.from({ length: Math.min(atOnce, items.length) }, one))
  const failed = lanes.find((lane) => lane.status === 'rejected')
  if (failed) throw failed.reason
}
