/**
 * What is known of customers, counted plainly from all that they ever did: the reference for what intake keeps up to date
 * as events arrive. Pure, in no particular order, and with no code of the product. A browser has at most one user.
 */

import type { Call } from './shop.ts'

/** One row per fact, as text, so that two sides are compared and read easily. */
export interface Counted {
  readonly customers: readonly string[]
  readonly eventDays: readonly string[]
  readonly categories: readonly string[]
  readonly orders: readonly string[]
}

interface Done {
  readonly call: Call
  readonly messageId: string
  readonly ms: number
  readonly who: string
  readonly properties: Readonly<Record<string, unknown>>
}

interface Order {
  readonly key: string
  readonly who: string
  readonly orderedMs: number
  readonly revenue: number
  readonly refunded: number
  readonly discount: number
  readonly currency: string
  readonly cancelled: boolean
  readonly lines: readonly { readonly product: string; readonly quantity: number; readonly cents: number }[]
}

type Line = Readonly<Record<string, unknown>>

export function recount(calls: readonly Call[]): Counted {
  const done = distinct(calls)
  const orders = ordersOf(done)
  const category = categoriesOfProducts(done)
  const people = Map.groupBy(done, ({ who }) => who)
  const ofPerson = Map.groupBy(
    orders.filter(({ cancelled }) => !cancelled),
    ({ who }) => who,
  )
  return {
    customers: [...people].map(([who, events]) => customerRow(who, events, ofPerson.get(who) ?? [])).sort(),
    eventDays: eventDayRows(done),
    categories: [...ofPerson].flatMap(([who, own]) => categoryRows(who, own, category)).sort(),
    orders: orders.map(orderRow).sort(),
  }
}

/** Each message once, with the person behind it: the user of its browser, if there is one. */
function distinct(calls: readonly Call[]): Done[] {
  const users = new Map<unknown, unknown>()
  for (const { userId, anonymousId } of calls) if (userId && anonymousId) users.set(anonymousId, userId)
  const byId = new Map(calls.map((call) => [String(call['messageId']), call]))
  return [...byId].map(([messageId, call]) => ({
    call,
    messageId,
    ms: Date.parse(String(call['timestamp'])),
    who: String(call['userId'] ?? users.get(call['anonymousId']) ?? call['anonymousId']),
    properties: (call['properties'] ?? {}) as Line,
  }))
}

const cents = (amount: unknown): number => Math.round(Number(amount ?? 0) * 100)
const linesOf = (properties: Line): readonly Line[] => (properties['products'] ?? []) as readonly Line[]

function named(done: readonly Done[], ...names: readonly string[]): Map<string, Done[]> {
  return Map.groupBy(
    done.filter(({ call }) => names.includes(textOf(call['event']))),
    ({ properties }) => String(properties['order_id']),
  )
}

function ordersOf(done: readonly Done[]): Order[] {
  const refunds = named(done, 'Order Refunded')
  const cancellations = named(done, 'Order Cancelled')
  return [...named(done, 'Order Completed', 'Order Updated')].map(([key, told]) => {
    const latest = told.reduce((one, other) => (isLater(other, one) ? other : one))
    const revenue = cents(latest.properties['revenue'])
    const amounts = (refunds.get(key) ?? []).map(({ properties }) => properties['total'])
    const isWhole = amounts.some((amount) => amount === undefined)
    return {
      key,
      who: latest.who,
      orderedMs: Math.min(...told.map(({ ms }) => ms)),
      revenue,
      refunded: isWhole ? revenue : Math.min(revenue, sum(amounts.map(cents))),
      discount: cents(latest.properties['discount']),
      currency: String(latest.properties['currency']),
      cancelled: cancellations.has(key),
      lines: linesOf(latest.properties).map((line) => ({
        product: String(line['product_id']),
        quantity: Number(line['quantity'] ?? 1),
        cents: cents(line['price']),
      })),
    }
  })
}

function isLater(one: Done, other: Done): boolean {
  return one.ms === other.ms ? one.messageId > other.messageId : one.ms > other.ms
}

/** The category told on the latest day; of those of one day the last in the alphabet. */
function categoriesOfProducts(done: readonly Done[]): Map<string, string> {
  const best = new Map<string, string>()
  for (const { ms, properties } of done) {
    for (const product of [properties, ...linesOf(properties)]) {
      if (product['product_id'] === undefined || product['category'] === undefined) continue
      const key = textOf(product['product_id'])
      const word = `${isoDay(ms)} ${textOf(product['category'])}`
      if (word > (best.get(key) ?? '')) best.set(key, word)
    }
  }
  return new Map([...best].map(([key, word]) => [key, word.slice(11)]))
}

function customerRow(who: string, events: readonly Done[], orders: readonly Order[]): string {
  const moments = events.map(({ ms }) => ms)
  const currency = commonest(orders.map((order) => order.currency))
  const own = orders.filter((order) => order.currency === currency)
  const ordered = orders.map(({ orderedMs }) => orderedMs)
  return JSON.stringify([
    who,
    Math.min(...moments),
    Math.max(...moments),
    orders.length,
    orders.length > 0 ? Math.min(...ordered) : null,
    orders.length > 0 ? Math.max(...ordered) : null,
    currency,
    sum(own.map(({ revenue }) => revenue)),
    sum(own.map(({ refunded }) => refunded)),
    sum(own.map(({ discount }) => discount)),
    sum(own.filter(({ discount }) => discount > 0).map(({ revenue }) => revenue)),
  ])
}

/** Of several the first in the alphabet. */
function commonest(words: readonly string[]): string | null {
  const counts = [...Map.groupBy(words, (word) => word)].map(([word, all]) => ({ word, count: all.length }))
  counts.sort((a, b) => b.count - a.count || (a.word < b.word ? -1 : 1))
  return counts[0]?.word ?? null
}

function eventDayRows(done: readonly Done[]): string[] {
  const counted = done.flatMap(({ call, ms, who }) => {
    const kind = call.type
    if (kind === 'track') return [{ ms, bucket: [who, textOf(call['event']), isoDay(ms)] }]
    return kind === 'page' || kind === 'screen'
      ? [{ ms, bucket: [who, `${kind}:${textOf(call['name'] ?? '')}`, isoDay(ms)] }]
      : []
  })
  return [...Map.groupBy(counted, ({ bucket }) => JSON.stringify(bucket))]
    .map(([bucket, all]) => {
      const moments = all.map(({ ms }) => ms)
      return JSON.stringify([
        ...(JSON.parse(bucket) as string[]),
        all.length,
        Math.min(...moments),
        Math.max(...moments),
      ])
    })
    .sort()
}

function categoryRows(who: string, orders: readonly Order[], category: ReadonlyMap<string, string>): string[] {
  const currency = commonest(orders.map((order) => order.currency))
  const bought = orders.flatMap((order) =>
    order.lines.flatMap((line) => {
      const name = category.get(line.product)
      return name === undefined ? [] : [{ name, order, line }]
    }),
  )
  return [...Map.groupBy(bought, ({ name }) => name)].map(([name, all]) =>
    JSON.stringify([
      who,
      name,
      new Set(all.map(({ order }) => order.key)).size,
      sum(all.map(({ line }) => line.quantity)),
      sum(all.map(({ order, line }) => (order.currency === currency ? line.quantity * line.cents : 0))),
    ]),
  )
}

function orderRow({ key, who, orderedMs, revenue, refunded, discount, currency, cancelled, lines }: Order): string {
  return JSON.stringify([key, who, orderedMs, revenue, refunded, discount, currency, cancelled, lines.length])
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

function isoDay(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}

/** As PostgreSQL writes it. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined')
}
