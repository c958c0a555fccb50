/** Item sets and rules of real baskets, against the reference answers. */

import { describe, expect, test } from 'vitest'
import { associationRules, describeRule } from '../../src/analytics/rules/association-rules.ts'
import { encodeBaskets } from '../../src/analytics/rules/baskets.ts'
import { frequentItemSets } from '../../src/analytics/rules/frequent-item-sets.ts'
import { namesOfSet } from '../../src/analytics/rules/item-sets.ts'
import { linesDigest } from './support/lines-digest.ts'
import { dataText, hasShared, needsShared, oracle } from './support/shared.ts'

interface Answers {
  readonly n_baskets: number
  readonly n_items: number
  readonly levels: readonly {
    readonly support: number
    readonly n_itemsets: number
    readonly itemset_hash: string
    readonly rules: readonly { readonly min_conf: number; readonly n_rules: number; readonly rule_hash: string }[]
  }[]
  readonly top20_by_lift: {
    readonly support: number
    readonly conf: number
    readonly rows: readonly {
      readonly rule: string
      readonly support: number
      readonly confidence: number
      readonly lift: number
      readonly leverage: number
      readonly conviction: number | null
    }[]
  }
}

describe.skipIf(!hasShared)(`on the groceries${needsShared}`, () => {
  const [answers] = hasShared ? (oracle('rules') as [Answers]) : []
  const baskets = encodeBaskets(
    hasShared
      ? dataText('groceries_baskets.txt.gz')
          .trimEnd()
          .split('\n')
          .map((line) => line.split('|'))
      : [],
  )

  test('there are as many baskets and items', () => {
    expect([baskets.count, baskets.names.length]).toEqual([answers?.n_baskets, answers?.n_items])
  })

  describe.each(answers?.levels ?? [])('at support $support', ({ support, n_itemsets, itemset_hash, rules }) => {
    test.each(['fp-growth', 'apriori'] as const)('%s finds exactly the sets and counts', (algorithm) => {
      const sets = frequentItemSets(baskets, { minSupport: support, algorithm })
      const lines = Array.from(sets.counts, (count, set) => `${namesOfSet(sets, set).join('|')}\t${count}`)
      expect(lines).toHaveLength(n_itemsets)
      expect(linesDigest(lines)).toBe(itemset_hash)
    })

    test.each(rules)('the rules with confidence $min_conf are exactly these', ({ min_conf, n_rules, rule_hash }) => {
      const sets = frequentItemSets(baskets, { minSupport: support })
      const found = associationRules(sets, min_conf)
      const lines = Array.from(found.wholes, (whole, rule) => {
        const { antecedent, consequent } = describeRule(found, rule)
        return `${antecedent.join('|')}=>${consequent.join('|')}\t${sets.counts[whole]}`
      })
      expect(lines).toHaveLength(n_rules)
      expect(linesDigest(lines)).toBe(rule_hash)
    })
  })

  test('the twenty rules of highest lift have these measures', () => {
    const { support, conf, rows } = answers!.top20_by_lift
    const rules = associationRules(frequentItemSets(baskets, { minSupport: support }), conf)
    // Nothing but lift decides here: the reference breaks ties by the text of a rule, we by its items.
    const top = rows.map((_, rule) => describeRule(rules, rule))
    expect(top.map(({ antecedent, consequent }) => `${antecedent.join('|')}=>${consequent.join('|')}`)).toEqual(
      rows.map(({ rule }) => rule),
    )
    for (const [i, row] of rows.entries()) {
      expect(top[i]!.support).toBeCloseTo(row.support, 12)
      expect(top[i]!.confidence).toBeCloseTo(row.confidence, 12)
      expect(top[i]!.lift / row.lift).toBeCloseTo(1, 12)
      expect(top[i]!.leverage / row.leverage).toBeCloseTo(1, 9)
      expect(top[i]!.conviction! / row.conviction!).toBeCloseTo(1, 9)
    }
  })
})
