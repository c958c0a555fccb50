/** Rules and sequences of what is bought, found in earlier orders and kept only if later ones bear them out. */

import { associationRules, describeRule } from '../rules/association-rules.ts'
import { encodeBaskets } from '../rules/baskets.ts'
import { frequentItemSets } from '../rules/frequent-item-sets.ts'
import { frequentSequences } from '../sequences/frequent-sequences.ts'
import { encodeSequences } from '../sequences/sequence-database.ts'
import { elementsOfPattern } from '../sequences/sequence-patterns.ts'

/** Plain JSON, to be stored as it is. */
export interface FoundRule {
  readonly key: string
  readonly antecedent: readonly string[]
  readonly consequent: string
  readonly support: number
  readonly confidence: number
  readonly lift: number
  readonly statement: string
}

export interface FoundSequence {
  readonly key: string
  readonly steps: readonly string[]
  readonly support: number
  /** Of those who went the way up to the last step, the share that took it. */
  readonly confidence: number
  readonly statement: string
}

const mostFound = 100
const mostPatterns = 2_000_000
const leastConfidence = 0.2
const leastLift = 1.5

/**
 * Rules with one consequence and at most two conditions, by falling lift times support.
 *
 * @param baskets Each the items of one order.
 * @throws RangeError if there is no basket.
 */
export function mineRules(
  { baskets }: { readonly baskets: readonly (readonly string[])[] },
  onProgress: (share: number) => void = () => {},
): { readonly rules: readonly FoundRule[]; readonly minSupport: number } {
  const encoded = encodeBaskets(baskets)
  const minSupport = Math.min(1, Math.max(0.01, 20 / baskets.length))
  const sets = frequentItemSets(encoded, { minSupport, most: mostPatterns, onProgress })
  const found = associationRules(sets, leastConfidence, mostPatterns)
  const rules: FoundRule[] = []
  for (let rule = 0; rule < found.size; rule++) {
    const { antecedent, consequent, support, confidence, lift } = describeRule(found, rule)
    if (antecedent.length > 2 || consequent.length !== 1 || lift < leastLift) continue
    const then = consequent[0] as string
    rules.push({
      key: `${antecedent.join(' + ')} > ${then}`,
      antecedent,
      consequent: then,
      support,
      confidence,
      lift,
      statement: `Who buys ${antecedent.join(' and ')} also buys ${then}: ${percent(confidence)} do, ${lift.toFixed(1)} times as many as of all.`,
    })
  }
  const worth = (rule: FoundRule): number => rule.lift * rule.support
  return { rules: rules.sort((a, b) => worth(b) - worth(a)).slice(0, mostFound), minSupport }
}

/** How the rules do on other orders: the mean of their lifts there, and the share that holds (a lift above 1.2). */
export function judgeRules(
  rules: readonly FoundRule[],
  baskets: readonly (readonly string[])[],
): { readonly meanLift: number; readonly holds: number } {
  if (rules.length === 0 || baskets.length === 0) return { meanLift: Number.NaN, holds: Number.NaN }
  const sets = baskets.map((basket) => new Set(basket))
  const lifts = rules.map(({ antecedent, consequent }) => {
    let [both, left, right] = [0, 0, 0]
    for (const set of sets) {
      const isLeft = antecedent.every((item) => set.has(item))
      if (isLeft) left++
      if (!set.has(consequent)) continue
      right++
      if (isLeft) both++
    }
    return left === 0 || right === 0 ? 0 : (both * sets.length) / (left * right)
  })
  return {
    meanLift: lifts.reduce((sum, lift) => sum + lift, 0) / lifts.length,
    holds: lifts.filter((lift) => lift > 1.2).length / lifts.length,
  }
}

/**
 * Ways of two or three steps that many customers went, one item a step, by falling support.
 *
 * @param sequences For each customer the items of each day with an order, oldest first.
 * @throws RangeError if there is no sequence.
 */
export function minePatterns(
  { sequences }: { readonly sequences: readonly (readonly (readonly string[])[])[] },
  onProgress: (share: number) => void = () => {},
): { readonly sequences: readonly FoundSequence[]; readonly minSupport: number } {
  const encoded = encodeSequences(sequences)
  const minSupport = Math.min(1, Math.max(0.02, 20 / sequences.length))
  const patterns = frequentSequences(encoded, { minSupport, most: mostPatterns, onProgress })
  const counts = new Map<string, number>()
  const ways: { steps: string[]; count: number }[] = []
  for (let p = 0; p < patterns.size; p++) {
    const elements = elementsOfPattern(patterns, p)
    if (elements.length > 3 || elements.some((items) => items.length !== 1)) continue
    const steps = elements.map(([item]) => item as string)
    counts.set(steps.join('\n'), patterns.counts[p] as number)
    if (steps.length > 1) ways.push({ steps, count: patterns.counts[p] as number })
  }
  const found = ways.map(({ steps, count }): FoundSequence => {
    const before = counts.get(steps.slice(0, -1).join('\n')) ?? count
    const confidence = count / before
    return {
      key: steps.join(' > '),
      steps,
      support: count / sequences.length,
      confidence,
      statement: `After ${steps.slice(0, -1).join(' and then ')} comes ${steps.at(-1)}: ${percent(confidence)} of those came that far.`,
    }
  })
  return { sequences: found.sort((a, b) => b.support - a.support).slice(0, mostFound), minSupport }
}

/** The share of the ways that at least half as many of other customers go. */
export function judgeSequences(
  found: readonly FoundSequence[],
  sequences: readonly (readonly (readonly string[])[])[],
): number {
  if (found.length === 0 || sequences.length === 0) return Number.NaN
  const holding = found.filter(({ steps, support }) => {
    const count = sequences.reduce((sum, sequence) => sum + (goes(sequence, steps) ? 1 : 0), 0)
    return count / sequences.length >= support / 2
  })
  return holding.length / found.length
}

function goes(sequence: readonly (readonly string[])[], steps: readonly string[]): boolean {
  let step = 0
  for (const day of sequence) if (step < steps.length && day.includes(steps[step] as string)) step++
  return step === steps.length
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}
