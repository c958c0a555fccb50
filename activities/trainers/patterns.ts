/** What is bought together, and one after the other: found in the earlier orders, kept if the later ones bear it out. */

import {
  type FoundRule,
  type FoundSequence,
  judgeRules,
  judgeSequences,
} from '../../src/analytics/training/patterns.ts'
import { dayMs } from '../../src/domain/time.ts'
import type { ModelRow } from '../../src/store/models.ts'
import type { ItemLevel } from '../../src/store/training-sources.ts'
import { type ModelDraft, nothingYet, type Trainer, type TrainerNeeds } from './trainer.ts'

const fewestOrders = 200
/** The last part of the time is for judging. */
const judgedShare = 0.25
const margin = 0.02

interface Window {
  readonly level: ItemLevel
  readonly fromMs: number
  readonly splitMs: number
  readonly untilMs: number
}

export const ruleTrainer: Trainer = {
  draft: (needs, nowMs) => draft(needs, nowMs, 'fp-growth'),

  async fit({ store, compute }, model) {
    const { level, fromMs, splitMs } = windowOf(model)
    return { ...(await compute('rules', { baskets: await store.baskets(level, fromMs, splitMs) })) }
  },

  async evaluate({ store }, model, champion) {
    const { level, splitMs, untilMs } = windowOf(model)
    const later = await store.baskets(level, splitMs, untilMs)
    const standing = comparable(model, champion)
    return {
      found: rulesOf(model).length,
      laterOrders: later.length,
      ...judgeRules(rulesOf(model), later),
      ...(standing ? { championHolds: judgeRules(rulesOf(standing), later).holds } : {}),
    }
  },

  judgement: ({ metrics, parameters }) =>
    judgementOf(
      metrics,
      `${(parameters['rules'] as unknown[]).length} rules, mean lift ${Number(metrics['meanLift']).toFixed(2)} on later orders`,
    ),

  async apply({ store }, model) {
    if (model.method === 'rule') return { customers: 0, crossings: 0 }
    const patterns = rulesOf(model).map(({ key, antecedent, consequent }) => ({
      key,
      before: antecedent,
      last: consequent,
    }))
    return { customers: await store.replacePatternMatches('rule', windowOf(model).level, patterns), crossings: 0 }
  },
}

export const sequenceTrainer: Trainer = {
  draft: (needs, nowMs) => draft(needs, nowMs, 'prefixspan'),

  async fit({ store, compute }, model) {
    const { level, fromMs, splitMs } = windowOf(model)
    return { ...(await compute('sequences', { sequences: await store.sequences(level, fromMs, splitMs) })) }
  },

  async evaluate({ store }, model, champion) {
    const { level, fromMs, untilMs } = windowOf(model)
    // As long a time as they were found in, but the later part of it is new.
    const later = await store.sequences(level, fromMs + (untilMs - fromMs) * judgedShare, untilMs)
    const standing = comparable(model, champion)
    return {
      found: sequencesOf(model).length,
      holds: judgeSequences(sequencesOf(model), later),
      ...(standing ? { championHolds: judgeSequences(sequencesOf(standing), later) } : {}),
    }
  },

  judgement: ({ metrics, parameters }) => judgementOf(metrics, `${(parameters['sequences'] as unknown[]).length} ways`),

  async apply({ store }, model) {
    if (model.method === 'rule') return { customers: 0, crossings: 0 }
    const patterns = sequencesOf(model).map(({ key, steps }) => ({
      key,
      before: steps.slice(0, -1),
      last: steps.at(-1) as string,
    }))
    return { customers: await store.replacePatternMatches('sequence', windowOf(model).level, patterns), crossings: 0 }
  },
}

async function draft({ store }: TrainerNeeds, nowMs: number, method: string): Promise<ModelDraft> {
  const span = await store.orderSpan(nowMs)
  if (!span || span.days < 28) {
    return nothingYet(`Too little data: orders cover ${Math.floor(span?.days ?? 0)} days, 28 are needed.`)
  }
  // What goes together changes with the seasons: a year is enough, and more only costs.
  const fromMs = Math.max(span.firstMs, nowMs - 365 * dayMs)
  const splitMs = nowMs - (nowMs - fromMs) * judgedShare
  const level = await store.itemLevel()
  const orders = (await store.baskets(level, fromMs, splitMs, fewestOrders)).length
  if (orders < fewestOrders) {
    return nothingYet(`Too little data: ${orders} orders name what was bought, ${fewestOrders} are needed.`)
  }
  return {
    method,
    parameters: { level, fromMs, splitMs, untilMs: nowMs },
    trainedFromMs: fromMs,
    trainedToMs: splitMs,
    featureVersion: null,
  }
}

function judgementOf(metrics: ModelRow['metrics'], words: string) {
  const value = Number(metrics['holds'] ?? Number.NaN)
  const champion = metrics['championHolds']
  return {
    measure: 'share that holds',
    value,
    champion: typeof champion === 'number' ? champion : undefined,
    higherIsBetter: true,
    margin,
    useless: value >= 0.5 ? undefined : 'Most of what was found does not hold later',
    words: `${words}, ${Math.round(value * 100)} % of which hold later`,
  }
}

/** What was found of other things cannot be compared. */
function comparable(model: ModelRow, champion: ModelRow | undefined): ModelRow | undefined {
  return champion?.method === model.method && windowOf(champion).level === windowOf(model).level ? champion : undefined
}

function rulesOf(model: ModelRow): readonly FoundRule[] {
  return (model.parameters['rules'] ?? []) as readonly FoundRule[]
}

function sequencesOf(model: ModelRow): readonly FoundSequence[] {
  return (model.parameters['sequences'] ?? []) as readonly FoundSequence[]
}

function windowOf(model: ModelRow): Window {
  return model.parameters as unknown as Window
}
