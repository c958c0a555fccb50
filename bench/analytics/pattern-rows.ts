/** Frequent item sets and frequent sequences. Our time includes the numbering of the items' names. */

import { leastCount } from '../../src/analytics/core/support.ts'
import { type AssociationRules, associationRules } from '../../src/analytics/rules/association-rules.ts'
import { encodeBaskets } from '../../src/analytics/rules/baskets.ts'
import { frequentItemSets } from '../../src/analytics/rules/frequent-item-sets.ts'
import { frequentSequences } from '../../src/analytics/sequences/frequent-sequences.ts'
import { encodeSequences } from '../../src/analytics/sequences/sequence-database.ts'
import { dataText } from '../support/shared-data.ts'
import { equality, once, type ReferenceHome, type Row } from './row.ts'

const groceries = once(() => linesOf('groceries_baskets.txt.gz').map((line) => line.split('|')))
const sequenceSets = {
  SIGN: { file: 'seq_sign.txt.gz', read: once(() => linesOf('seq_sign.txt.gz').map((line) => line.split(' '))) },
  MSNBC: { file: 'seq_msnbc.txt.gz', read: once(() => linesOf('seq_msnbc.txt.gz').map((line) => line.split(' '))) },
}

const mlxtend = { tool: 'mlxtend fpgrowth', home: 'mining', task: 'mlxtend_fp_growth' } as const
const pyfim = { tool: 'pyfim fpgrowth (C)', home: 'mining', task: 'pyfim_fp_growth' } as const
const nodeFpGrowth = { tool: 'node-fpgrowth 1.2.1', home: 'npm', task: 'nodeFpGrowth' } as const

/** All rows of this part. */
export const patternRows: readonly Row[] = [
  itemSetRow(0.005, mlxtend),
  { ...itemSetRow(0.001, mlxtend), target: 0.05 },
  itemSetRow(0.005, pyfim),
  { ...itemSetRow(0.001, pyfim), target: 4 },
  itemSetRow(0.005, nodeFpGrowth),
  itemSetRow(0.001, nodeFpGrowth),
  aprioriRow(0.005),
  ruleRow(0.005, 0.2),
  sequenceRow('SIGN', 0.4),
  sequenceRow('MSNBC', 0.1),
]

function itemSetRow(
  minSupport: number,
  reference: { readonly tool: string; readonly home: ReferenceHome; readonly task: string },
): Row {
  return {
    ...reference,
    name: `FP-Growth on groceries at ${minSupport}`,
    data: ['groceries_baskets.txt.gz'],
    prepare(inputs) {
      const baskets = groceries()
      return {
        input: { file: inputs.write('groceries', () => baskets), minSupport },
        ours: () => frequentItemSets(encodeBaskets(baskets), { minSupport }),
        agreement: (ours: { size: number }, theirs: { sets: number }) => equality('sets', ours.size, theirs.sets),
      }
    },
  }
}

function aprioriRow(minSupport: number): Row {
  return {
    name: `Apriori on groceries at ${minSupport}`,
    tool: 'mlxtend apriori',
    home: 'mining',
    task: 'mlxtend_apriori',
    data: ['groceries_baskets.txt.gz'],
    prepare(inputs) {
      const baskets = groceries()
      return {
        input: { file: inputs.write('groceries', () => baskets), minSupport },
        ours: () => frequentItemSets(encodeBaskets(baskets), { minSupport, algorithm: 'apriori' }),
        agreement: (ours: { size: number }, theirs: { sets: number }) => equality('sets', ours.size, theirs.sets),
      }
    },
  }
}

function ruleRow(minSupport: number, minConfidence: number): Row {
  return {
    name: `rules of groceries at ${minSupport}, confidence ${minConfidence}`,
    tool: 'mlxtend association_rules',
    home: 'mining',
    task: 'mlxtend_rules',
    data: ['groceries_baskets.txt.gz'],
    prepare(inputs) {
      const baskets = groceries()
      const sets = frequentItemSets(encodeBaskets(baskets), { minSupport })
      return {
        input: { file: inputs.write('groceries', () => baskets), minSupport, minConfidence },
        ours: () => associationRules(sets, minConfidence),
        // Mlxtend divides shares, and loses rules whose confidence is just the least.
        agreement: (ours: AssociationRules, theirs: { rules: number }) => equality('rules', ours.size, theirs.rules),
      }
    },
  }
}

function sequenceRow(name: keyof typeof sequenceSets, minSupport: number): Row {
  return {
    name: `PrefixSpan on ${name} at ${minSupport}`,
    tool: 'prefixspan 0.5.2',
    target: 0.1,
    home: 'mining',
    task: 'prefix_span',
    data: [sequenceSets[name].file],
    prepare(inputs) {
      const sequences = sequenceSets[name].read()
      const elements = sequences.map((sequence) => sequence.map((item) => [item]))
      return {
        input: {
          file: inputs.write(`sequences-${name}`, () => sequences),
          leastCount: leastCount('minSupport', minSupport, sequences.length),
        },
        ours: () => frequentSequences(encodeSequences(elements), { minSupport }),
        agreement: (ours: { size: number }, theirs: { patterns: number }) =>
          equality('patterns', ours.size, theirs.patterns),
      }
    },
  }
}

function linesOf(file: string): string[] {
  return dataText(file)
    .split('\n')
    .filter((line) => line.trim() !== '')
}
