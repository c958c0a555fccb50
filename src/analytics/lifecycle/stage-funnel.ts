/** The funnel of the lifecycle: how many came how far, and where they are lost. */

import { checkWhole, refuse } from '../core/check.ts'

export interface FunnelStep {
  readonly stage: string
  /** Customers who have ever come to this stage or a later one. */
  readonly reached: number
  /** Of those who reached the stage before, the share who reached this one too; null for the first, and of nobody. */
  readonly fromBefore: number | null
  /** Of all customers, the share who reached it; null of nobody. */
  readonly fromFirst: number | null
  /** Customers who stand here now: fewer, since some went on and some fell back. */
  readonly current: number
}

/**
 * Counts customers by the furthest stage that they have been in and by the one that they are in.
 *
 * @param stages From first to last, each once.
 * @param furthest For each customer, the number of the furthest stage so far; who was in a stage was in those before it.
 * @param current For each customer, the number of the stage now; not beyond the furthest.
 * @throws RangeError if there is no stage, one is there twice, the lists differ in length, or a number is no stage.
 */
export function stageFunnel(
  stages: readonly string[],
  furthest: ArrayLike<number>,
  current: ArrayLike<number>,
): FunnelStep[] {
  if (stages.length === 0) refuse('stages', 'nothing', 'must hold at least one stage')
  const twice = stages.find((stage, i) => stages.indexOf(stage) !== i)
  if (twice !== undefined) refuse('stages', twice, 'must not be there twice')
  if (current.length !== furthest.length) {
    refuse('current.length', current.length, `must be that of furthest (${furthest.length})`)
  }
  const reached = stages.map(() => 0)
  const here = stages.map(() => 0)
  for (let i = 0; i < furthest.length; i++) {
    const top = checkWhole(`furthest[${i}]`, furthest[i] as number, 0, stages.length - 1)
    const now = checkWhole(`current[${i}]`, current[i] as number, 0, top)
    reached[top] = (reached[top] as number) + 1
    here[now] = (here[now] as number) + 1
  }
  for (let stage = stages.length - 2; stage >= 0; stage--) {
    reached[stage] = (reached[stage] as number) + (reached[stage + 1] as number)
  }
  return stages.map((stage, i) => ({
    stage,
    reached: reached[i] as number,
    fromBefore: i === 0 ? null : share(reached[i] as number, reached[i - 1] as number),
    fromFirst: share(reached[i] as number, reached[0] as number),
    current: here[i] as number,
  }))
}

function share(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole
}
