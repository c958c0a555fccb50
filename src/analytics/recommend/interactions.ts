/** Who took up what: text ids become rows and columns whose order is the order of the ids. */

import { refuse } from '../core/check.ts'
import { compareText } from '../core/text-order.ts'
import { type SparsePattern, sparsePattern } from './sparse-matrix.ts'

/** Pairs of a customer and an item, in the order in which they were given. */
export interface Interactions {
  /** Ascending by code point, each once: a smaller index is a smaller id, so ties by index are ties by id. */
  readonly customerIds: readonly string[]
  /** Ascending by code point, each once. */
  readonly itemIds: readonly string[]
  /** For each pair, the index of its customer. */
  readonly customerOf: Int32Array
  /** For each pair, the index of its item. */
  readonly itemOf: Int32Array
}

/**
 * Numbers the ids of pairs.
 *
 * @throws RangeError if the lists differ in length or are empty.
 */
export function indexInteractions(customers: readonly string[], items: readonly string[]): Interactions {
  if (customers.length === 0) refuse('customers', 'nothing', 'must hold at least one interaction')
  if (items.length !== customers.length) {
    refuse('items', items.length, `must be as many as customers (${customers.length})`)
  }
  const customer = indexIds(customers)
  const item = indexIds(items)
  return { customerIds: customer.ids, customerOf: customer.indexOf, itemIds: item.ids, itemOf: item.indexOf }
}

/** Some of the pairs, in their order; all ids keep their index, though some may be left without a pair. */
export function selectInteractions(all: Interactions, includes: (pair: number) => boolean): Interactions {
  const chosen: number[] = []
  for (let pair = 0; pair < all.customerOf.length; pair++) if (includes(pair)) chosen.push(pair)
  return {
    customerIds: all.customerIds,
    itemIds: all.itemIds,
    customerOf: Int32Array.from(chosen, (pair) => all.customerOf[pair] as number),
    itemOf: Int32Array.from(chosen, (pair) => all.itemOf[pair] as number),
  }
}

/** The 0/1 matrix of customers (rows) and items (columns). @throws RangeError if a pair is there twice. */
export function interactionMatrix({ customerIds, itemIds, customerOf, itemOf }: Interactions): SparsePattern {
  return sparsePattern(customerIds.length, itemIds.length, customerOf, itemOf)
}

/** The first pair that repeats an earlier one, and that one; undefined if there is none. */
export function repeatedPair({
  itemIds,
  customerOf,
  itemOf,
}: Interactions): { pair: number; earlier: number } | undefined {
  const seen = new Map<number, number>()
  for (let pair = 0; pair < customerOf.length; pair++) {
    const cell = (customerOf[pair] as number) * itemIds.length + (itemOf[pair] as number)
    const earlier = seen.get(cell)
    if (earlier !== undefined) return { pair, earlier }
    seen.set(cell, pair)
  }
  return undefined
}

function indexIds(texts: readonly string[]): { ids: readonly string[]; indexOf: Int32Array } {
  const seen = new Map<string, number>()
  const firstIndex = Int32Array.from(texts, (text) => {
    const known = seen.get(text)
    if (known !== undefined) return known
    seen.set(text, seen.size)
    return seen.size - 1
  })
  const ids = [...seen.keys()].sort(compareText)
  const rankOf = new Int32Array(ids.length)
  ids.forEach((id, rank) => {
    rankOf[seen.get(id) as number] = rank
  })
  return { ids, indexOf: firstIndex.map((index) => rankOf[index] as number) }
}
