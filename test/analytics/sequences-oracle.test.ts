/** Frequent sequences of real data, against the reference answers. */

import { parse } from 'csv-parse/sync'
import { describe, expect, test } from 'vitest'
import { compareText } from '../../src/analytics/core/text-order.ts'
import { frequentSequences, type SequenceOptions } from '../../src/analytics/sequences/frequent-sequences.ts'
import { encodeSequences, type SequenceDatabase } from '../../src/analytics/sequences/sequence-database.ts'
import { elementsOfPattern } from '../../src/analytics/sequences/sequence-patterns.ts'
import { linesDigest } from './support/lines-digest.ts'
import { dataText, hasShared, needsShared, oracle } from './support/shared.ts'

interface Level {
  readonly support: number
  readonly min_count: number
  readonly n_patterns: number
  readonly hash: string
  readonly top20_len2plus: readonly (readonly [string, number])[]
}

interface Answers {
  readonly single: readonly { readonly dataset: string; readonly levels: readonly Level[] }[]
  readonly itemset: readonly { readonly dataset: string; readonly levels: readonly Level[] }[]
  readonly max_gap: readonly (Level & { readonly dataset: string; readonly max_gap: number })[]
}

/** Each purchase of each customer in order of time: an element of the sequence of the customer. */
function customersOf(country: string): string[][][] {
  const lines: Record<string, string>[] = parse(dataText('online_retail.csv.gz'), { columns: true })
  const customers = new Map<string, Map<string, string[]>>()
  for (const line of lines) {
    const isPurchase = Number(line['quantity']) > 0 && Number(line['unit_price']) > 0
    const { customer_id: id = '', invoice = '', invoice_date: time = '', stock_code: item = '' } = line
    if (id === '' || invoice.startsWith('C') || !isPurchase || line['country'] !== country) continue
    const purchases = customers.get(id) ?? new Map<string, string[]>()
    customers.set(id, purchases)
    purchases.set(`${time} ${invoice}`, [...(purchases.get(`${time} ${invoice}`) ?? []), item])
  }
  return Array.from(customers.values(), (purchases) =>
    [...purchases].sort(([a], [b]) => compareText(a, b)).map(([, items]) => items),
  )
}

function databaseOf(dataset: string): SequenceDatabase {
  if (dataset.startsWith('retail:')) return encodeSequences(customersOf(dataset.slice('retail:'.length)))
  const lines = dataText(`seq_${dataset}.txt.gz`)
    .split('\n')
    .filter((line) => line.trim() !== '')
  return encodeSequences(
    lines.map((line) =>
      line
        .trim()
        .split(/\s+/)
        .map((item) => [item]),
    ),
  )
}

/** What the reference answers tell of patterns. */
function summary(database: SequenceDatabase, options: SequenceOptions, { top20_len2plus }: Level): object {
  const patterns = frequentSequences(database, options)
  const texts = Array.from(patterns.counts, (_, pattern) =>
    elementsOfPattern(patterns, pattern)
      .map((element) => element.join(','))
      .join(' > '),
  )
  const counts = new Map(texts.map((text, pattern) => [text, patterns.counts[pattern]]))
  return {
    n_patterns: patterns.size,
    hash: linesDigest(texts.map((text, pattern) => `${text}\t${patterns.counts[pattern]}`)),
    top20_len2plus: top20_len2plus.map(([text]) => [text, counts.get(text)]),
  }
}

function wanted({ n_patterns, hash, top20_len2plus }: Level): object {
  return { n_patterns, hash, top20_len2plus }
}

const answers = hasShared ? (oracle('sequences') as Answers) : { single: [], itemset: [], max_gap: [] }

describe.skipIf(!hasShared)(`real sequences${needsShared}`, () => {
  describe.each([...answers.single, ...answers.itemset])('of $dataset', ({ dataset, levels }) => {
    const database = databaseOf(dataset)

    test.each(levels)('at support $support have exactly the patterns and counts, by PrefixSpan', (level) => {
      expect(summary(database, { minSupport: level.support }, level)).toEqual(wanted(level))
    })

    // GSP counts every candidate: the larger half of the levels would take minutes and tell nothing new.
    test.each(levels.filter(({ n_patterns }) => n_patterns < 1000))('at support $support, by GSP', (level) => {
      const options = { minSupport: level.support, algorithm: 'gsp' } as const
      expect(summary(database, options, level)).toEqual(wanted(level))
    })
  })

  test.each(answers.max_gap)('of $dataset at support $support within a gap of $max_gap, by both', (level) => {
    const database = databaseOf(level.dataset)
    const options = { minSupport: level.support, maxGap: level.max_gap }
    expect(summary(database, options, level)).toEqual(wanted(level))
    expect(summary(database, { ...options, algorithm: 'gsp' }, level)).toEqual(wanted(level))
  })
})
