/** What follows from a simulated customer's facts by rule: computed traits and segments, as the engine of the store keeps them. */

import { computeTrait } from '../domain/computed-trait.ts'
import type { CustomerView } from '../domain/condition.ts'
import { needsOfDefinitions } from '../domain/definition-needs.ts'
import type { ComputedTraitDefinition, Definitions, SegmentDefinition } from '../domain/definitions.ts'
import { earliest, standingOf } from '../domain/evaluate.ts'
import { interestingSegments, interestingTraits } from '../domain/interests.ts'
import { computedIn, segmentsIn } from '../domain/segment-needs.ts'
import { type Dependent, inOrder } from '../domain/segment-order.ts'
import type { News } from '../domain/snapshot.ts'
import type { EpochMs } from '../domain/time.ts'

type Rule = Dependent &
  (
    | { readonly trait: ComputedTraitDefinition; readonly segment?: undefined }
    | { readonly segment: SegmentDefinition; readonly trait?: undefined }
  )

/** What has changed that decisions should hear of. */
export type GroupNews =
  | Pick<Extract<News, { kind: 'segment' }>, 'kind' | 'segment' | 'change'>
  | Pick<Extract<News, { kind: 'profile' }>, 'kind'>

/** The rules of a shop, in the order in which they are worked out. */
export class GroupRules {
  readonly inOrder: readonly Rule[]
  readonly segments: ReadonlySet<string>
  readonly traits: ReadonlySet<string>

  private constructor(definitions: Definitions) {
    const { segments, computed = new Map<string, ComputedTraitDefinition>() } = definitions
    const rules: Rule[] = [
      ...[...computed.values()].map((trait) => ({ node: `trait:${trait.key}`, dependsOn: [], trait })),
      ...[...segments.values()].map((segment) => ({
        node: `segment:${segment.key}`,
        dependsOn: [
          ...segmentsIn(segment.if).map((key) => `segment:${key}`),
          ...computedIn(segment.if).map((key) => `trait:${key}`),
        ],
        segment,
      })),
    ]
    this.inOrder = inOrder(rules).levels.flat()
    this.segments = interestingSegments(definitions)
    this.traits = interestingTraits(definitions)
  }

  /** Undefined where no decision looks at any of them. */
  static of(definitions: Definitions): GroupRules | undefined {
    const needs = needsOfDefinitions(definitions)
    const isScheduled = definitions.live.some(({ entry }) => entry.some(({ type }) => type === 'schedule'))
    const isAsked =
      isScheduled || needs?.segments === true || needs?.computed === true || interestingSegments(definitions).size > 0
    return isAsked ? new GroupRules(definitions) : undefined
  }
}

/** One customer's. */
export class SimulatedGroups {
  readonly segments = new Set<string>()
  readonly computed: Record<string, unknown> = {}
  /** The earliest moment at which time alone may change something. */
  nextMs: EpochMs | null = null

  /** Works everything out anew. @param view sees what this holds. */
  update({ inOrder: rules, segments, traits }: GroupRules, view: CustomerView, nowMs: EpochMs): readonly GroupNews[] {
    const news: GroupNews[] = []
    this.nextMs = null
    for (const { trait, segment } of rules) {
      if (trait !== undefined) {
        if (this.#compute(trait, view, nowMs) && traits.has(`computed.${trait.key}`)) news.push({ kind: 'profile' })
        continue
      }
      const change = this.#place(segment, view, nowMs)
      if (change !== null && segments.has(segment.key)) news.push({ kind: 'segment', segment: segment.key, change })
    }
    return news
  }

  #compute(trait: ComputedTraitDefinition, view: CustomerView, nowMs: EpochMs): boolean {
    if (view.more === undefined) return false
    const { value, changesMs } = computeTrait(trait, view.more, nowMs)
    this.nextMs = earliest(this.nextMs, changesMs)
    if (JSON.stringify(this.computed[trait.key] ?? null) === JSON.stringify(value)) return false
    if (value === null) delete this.computed[trait.key]
    else this.computed[trait.key] = value
    return true
  }

  #place({ key, if: condition }: SegmentDefinition, view: CustomerView, nowMs: EpochMs): 'entered' | 'exited' | null {
    const standing = standingOf(condition, view, nowMs)
    const untilMs = Math.abs(standing)
    if (untilMs !== Infinity) this.nextMs = earliest(this.nextMs, untilMs)
    if (standing > 0 === this.segments.has(key)) return null
    if (standing > 0) this.segments.add(key)
    else this.segments.delete(key)
    return standing > 0 ? 'entered' : 'exited'
  }
}
