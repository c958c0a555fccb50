/** Association rules: who buys these buys those. */

import { checkBetween } from '../core/check.ts'
import { IntBuffer } from '../core/int-buffer.ts'
import { defaultMostPatterns, refuseTooMany } from '../core/support.ts'
import { ItemSetIndex } from './item-set-index.ts'
import { compareSets, type ItemSets, namesOfSet } from './item-sets.ts'

/** Rules by falling lift, then antecedent, then consequent. Sides and wholes are positions in `sets`. */
export interface AssociationRules {
  readonly sets: ItemSets
  readonly size: number
  readonly antecedents: Int32Array
  readonly consequents: Int32Array
  /** Antecedent and consequent together. */
  readonly wholes: Int32Array
}

/** A rule with its measures, in words. Supports and confidence are shares, of baskets and of the antecedent's baskets. */
export interface AssociationRule {
  readonly antecedent: string[]
  readonly consequent: string[]
  readonly support: number
  readonly confidence: number
  /** How many times as often as if the sides were independent. */
  readonly lift: number
  /** The support above that of independent sides. */
  readonly leverage: number
  /** How many times as often the rule would fail if the sides were independent; null if it never fails. */
  readonly conviction: number | null
}

/**
 * All splits of frequent sets into two sides whose confidence, count(both) / count(antecedent), is at least
 * `minConfidence`. Consequents may have several items.
 *
 * @param sets All frequent sets, not only the closed or maximal ones.
 * @param minConfidence From 0 to 1.
 * @param most More rules than this are refused; 10 million unless given.
 * @throws RangeError if the confidence is out of range, or if there are more than `most` rules.
 * @see Agrawal & Srikant (1994), "Fast Algorithms for Mining Association Rules", section 3.
 */
export function associationRules(sets: ItemSets, minConfidence: number, most = defaultMostPatterns): AssociationRules {
  checkBetween('minConfidence', minConfidence, 0, 1)
  const antecedents = new IntBuffer()
  const consequents = new IntBuffer()
  const wholes = new IntBuffer()
  const splitter = new Splitter(sets, minConfidence, (antecedent, consequent, whole) => {
    if (wholes.length === most) refuseTooMany('rules', most)
    antecedents.push(antecedent)
    consequents.push(consequent)
    wholes.push(whole)
  })
  for (let set = 0; set < sets.size; set++) splitter.split(set)
  return sortedRules({
    sets,
    size: wholes.length,
    antecedents: antecedents.toArray(),
    consequents: consequents.toArray(),
    wholes: wholes.toArray(),
  })
}

/** One rule with its measures. */
export function describeRule(rules: AssociationRules, rule: number): AssociationRule {
  const { sets } = rules
  const n = sets.basketCount
  const both = sets.counts[rules.wholes[rule]!]!
  const antecedent = sets.counts[rules.antecedents[rule]!]!
  const consequent = sets.counts[rules.consequents[rule]!]!
  return {
    antecedent: namesOfSet(sets, rules.antecedents[rule]!),
    consequent: namesOfSet(sets, rules.consequents[rule]!),
    support: both / n,
    confidence: both / antecedent,
    lift: liftOf(rules, rule),
    // From whole numbers to the last step: differences of shares would lose digits.
    leverage: (both * n - antecedent * consequent) / (n * n),
    conviction: both === antecedent ? null : (antecedent * (n - consequent)) / (n * (antecedent - both)),
  }
}

/** One division of whole numbers, so that equal lifts are equal doubles and sort by their items. */
function liftOf({ sets, antecedents, consequents, wholes }: AssociationRules, rule: number): number {
  const { counts, basketCount } = sets
  return (counts[wholes[rule]!]! * basketCount) / (counts[antecedents[rule]!]! * counts[consequents[rule]!]!)
}

function sortedRules(rules: AssociationRules): AssociationRules {
  const lifts = Float64Array.from({ length: rules.size }, (_, rule) => liftOf(rules, rule))
  const order = new Int32Array(rules.size).map((_, rule) => rule)
  order.sort(
    (a, b) =>
      lifts[b]! - lifts[a]! ||
      compareSets(rules.sets, rules.antecedents[a]!, rules.antecedents[b]!) ||
      compareSets(rules.sets, rules.consequents[a]!, rules.consequents[b]!),
  )
  return {
    ...rules,
    antecedents: order.map((rule) => rules.antecedents[rule]!),
    consequents: order.map((rule) => rules.consequents[rule]!),
    wholes: order.map((rule) => rules.wholes[rule]!),
  }
}

type TakeRule = (antecedent: number, consequent: number, whole: number) => void

/** Splits one set after another into the two sides of a rule. */
class Splitter {
  private readonly sets: ItemSets
  private readonly minConfidence: number
  private readonly take: TakeRule
  private readonly index: ItemSetIndex
  private inConsequent = new Uint8Array(16)
  private side = new Int32Array(16)

  constructor(sets: ItemSets, minConfidence: number, take: TakeRule) {
    this.sets = sets
    this.minConfidence = minConfidence
    this.take = take
    this.index = new ItemSetIndex(sets)
  }

  split(whole: number): void {
    const size = this.sets.starts[whole + 1]! - this.sets.starts[whole]!
    if (size > this.side.length) {
      this.inConsequent = new Uint8Array(2 * size)
      this.side = new Int32Array(2 * size)
    }
    this.moveItems(whole, size, 0, 0, this.index.hashOf(whole), 0)
  }

  /**
   * Moves each item from place `from` on to the consequent, and goes on while confidence suffices: a larger consequent
   * leaves a smaller antecedent, which more baskets contain.
   */
  private moveItems(whole: number, size: number, from: number, moved: number, antHash: number, conHash: number): void {
    if (moved === size - 1) return
    const { starts, items, counts } = this.sets
    for (let i = from; i < size; i++) {
      const word = this.index.wordOf(items[starts[whole]! + i]!)
      this.inConsequent[i] = 1
      const antecedent = this.findSide(whole, size, 0, antHash ^ word)
      if (counts[whole]! / counts[antecedent]! >= this.minConfidence) {
        this.take(antecedent, this.findSide(whole, size, 1, conHash ^ word), whole)
        this.moveItems(whole, size, i + 1, moved + 1, antHash ^ word, conHash ^ word)
      }
      this.inConsequent[i] = 0
    }
  }

  private findSide(whole: number, size: number, consequent: 0 | 1, hash: number): number {
    const start = this.sets.starts[whole]!
    let length = 0
    for (let i = 0; i < size; i++) {
      if (this.inConsequent[i] === consequent) this.side[length++] = this.sets.items[start + i]!
    }
    return this.index.find(this.side, length, hash)
  }
}
