/** What a customer is like, from what was bought: basic, shopping and preference features, and tags in plain words. */

import { checkFinite, checkWhole, refuse } from './core/check.ts'
import { compareText } from './core/text-order.ts'

/** One line of an order. */
export interface OrderLine {
  readonly customerId: string
  readonly orderId: string
  /** As `dayNumber` counts them. */
  readonly day: number
  readonly itemId: string
  readonly category: string
  /** Above 0. */
  readonly quantity: number
  /** What one piece cost the customer, and what it costs without a discount; in any one unit of money. */
  readonly unitPrice: number
  readonly listPrice: number
}

export interface CustomerProfile {
  readonly customerId: string
  readonly basic: {
    /** Days from the first order, and from the last, to the day of the profile. */
    readonly daysKnown: number
    readonly daysSinceOrder: number
  }
  readonly shopping: {
    readonly orders: number
    readonly pieces: number
    readonly spend: number
    readonly meanOrderValue: number
    /** Null with orders on one day only. */
    readonly meanDaysBetweenOrders: number | null
  }
  readonly preferences: {
    /** Shares of the spend, largest first (of the pieces, if nothing was paid). */
    readonly categories: readonly { readonly category: string; readonly share: number }[]
    /** How many categories there would be if all had equal shares: the exponential of their entropy, from 1. */
    readonly variety: number
  }
  readonly priceSensitivity: PriceSensitivity
  /** Words for segments and templates; see `ProfileOptions`. */
  readonly tags: readonly string[]
}

export interface PriceSensitivity {
  /** The share of the spend that went to discounted lines, from 0 to 1. */
  readonly discountedShare: number
  /**
   * By how many per cent the quantity of a line changes if the price rises by one; negative where discounts make the
   * customer buy more. Drawn to the elasticity of all customers as far as the customer's own prices varied little.
   */
  readonly elasticity: number
  /** Both in one number from 0 to 1: the mean of `discountedShare` and e/(1 + e), with e the size of a fall. */
  readonly score: number
}

export interface ProfileOptions {
  /** The day of the profile; later lines do not count. */
  readonly asOfDay: number
  /** From which share of the spend on a customer `likes:` a category; 0.4 unless given. */
  readonly likedShare?: number
  /** From which score on a customer is `price-sensitive`; 0.5 unless given. */
  readonly sensitiveScore?: number
  /** From how many orders on a customer is a `regular`; 5 unless given. */
  readonly regularOrders?: number
  /** From how many days without an order on a customer is `quiet`, and up to how many known is `new`; 90 unless given. */
  readonly longDays?: number
}

/**
 * The profiles of all customers with an order up to a day, by customer id. The order of the lines changes nothing.
 *
 * @throws RangeError if a line has a quantity of 0 or less, a negative or infinite price, or a day that is not whole.
 */
export function customerProfiles(lines: readonly OrderLine[], options: ProfileOptions): CustomerProfile[] {
  const { asOfDay } = options
  checkWhole('asOfDay', asOfDay, Number.MIN_SAFE_INTEGER)
  lines.forEach(checkLine)
  const counted = lines.filter(({ day }) => day <= asOfDay).sort(compareLines)
  const reactions = priceReactions(counted)
  const byCustomer = Map.groupBy(counted, ({ customerId }) => customerId)
  return Array.from(byCustomer, ([customerId, own]) => {
    const profile = {
      customerId,
      basic: basicOf(own, asOfDay),
      shopping: shoppingOf(own),
      preferences: preferencesOf(own),
      priceSensitivity: sensitivityOf(own, reactions.get(customerId) ?? 0),
    }
    return { ...profile, tags: tagsOf(profile, options) }
  })
}

/** Sums are taken in this order, so that they do not depend on that of the lines. */
function compareLines(a: OrderLine, b: OrderLine): number {
  return (
    compareText(a.customerId, b.customerId) ||
    a.day - b.day ||
    compareText(a.orderId, b.orderId) ||
    compareText(a.itemId, b.itemId) ||
    a.unitPrice - b.unitPrice ||
    a.quantity - b.quantity ||
    a.listPrice - b.listPrice ||
    compareText(a.category, b.category)
  )
}

function basicOf(lines: readonly OrderLine[], asOfDay: number): CustomerProfile['basic'] {
  const first = lines[0] as OrderLine
  const last = lines.at(-1) as OrderLine
  return { daysKnown: asOfDay - first.day, daysSinceOrder: asOfDay - last.day }
}

function shoppingOf(lines: readonly OrderLine[]): CustomerProfile['shopping'] {
  const orders = new Set(lines.map(({ orderId }) => orderId)).size
  const spend = total(lines, spendOf)
  const days = new Set(lines.map(({ day }) => day)).size
  const span = (lines.at(-1) as OrderLine).day - (lines[0] as OrderLine).day
  return {
    orders,
    pieces: total(lines, ({ quantity }) => quantity),
    spend,
    meanOrderValue: spend / orders,
    meanDaysBetweenOrders: days === 1 ? null : span / (days - 1),
  }
}

function preferencesOf(lines: readonly OrderLine[]): CustomerProfile['preferences'] {
  const measure = total(lines, spendOf) > 0 ? spendOf : ({ quantity }: OrderLine): number => quantity
  const whole = total(lines, measure)
  const categories = Array.from(
    Map.groupBy(lines, ({ category }) => category),
    ([category, own]) => ({ category, share: total(own, measure) / whole }),
  ).sort((a, b) => b.share - a.share || compareText(a.category, b.category))
  const entropy = categories.reduce((sum, { share }) => (share > 0 ? sum - share * Math.log(share) : sum), 0)
  return { categories, variety: Math.exp(entropy) }
}

function sensitivityOf(lines: readonly OrderLine[], elasticity: number): PriceSensitivity {
  const spend = total(lines, spendOf)
  const discounted = lines.filter(({ unitPrice, listPrice }) => unitPrice < listPrice)
  // Who paid nothing at all took gifts: all of it was discounted.
  const discountedShare = spend > 0 ? total(discounted, spendOf) / spend : discounted.length / lines.length
  const fall = Math.max(0, -elasticity)
  return { discountedShare, elasticity, score: (discountedShare + fall / (1 + fall)) / 2 }
}

/** Sums of squares and products of a customer's (log price, log quantity), each about its mean. */
interface Variation {
  readonly customerId: string
  readonly xx: number
  readonly xy: number
}

/**
 * The elasticity of each customer's quantities: the slope of log quantity (above or below what all customers buy of the
 * item on average) on log of price over list price. What all customers together show counts like one customer whose prices
 * varied by the average: enough to tame a slope through two lines, too little to hide a customer of many.
 */
function priceReactions(lines: readonly OrderLine[]): ReadonlyMap<string, number> {
  const priced = lines.filter(({ unitPrice, listPrice }) => unitPrice > 0 && listPrice > 0)
  const usual = new Map(
    Array.from(
      Map.groupBy(priced, ({ itemId }) => itemId),
      ([itemId, own]) => [itemId, total(own, ({ quantity }) => Math.log(quantity)) / own.length],
    ),
  )
  const variations = Array.from(
    Map.groupBy(priced, ({ customerId }) => customerId),
    ([customerId, own]) => variationOf(customerId, own, usual),
  )
  const xx = variations.reduce((sum, own) => sum + own.xx, 0)
  if (xx === 0) return new Map() // Nobody ever saw two prices: nothing is known of anybody's reaction.
  const common = variations.reduce((sum, own) => sum + own.xy, 0) / xx
  const weight = xx / variations.length
  return new Map(variations.map((own) => [own.customerId, (own.xy + weight * common) / (own.xx + weight)]))
}

function variationOf(customerId: string, lines: readonly OrderLine[], usual: ReadonlyMap<string, number>): Variation {
  const logPrice = ({ unitPrice, listPrice }: OrderLine): number => Math.log(unitPrice / listPrice)
  const logQuantity = ({ quantity, itemId }: OrderLine): number => Math.log(quantity) - (usual.get(itemId) ?? 0)
  const [meanX, meanY] = [total(lines, logPrice) / lines.length, total(lines, logQuantity) / lines.length]
  return {
    customerId,
    xx: total(lines, (line) => (logPrice(line) - meanX) ** 2),
    xy: total(lines, (line) => (logPrice(line) - meanX) * (logQuantity(line) - meanY)),
  }
}

function tagsOf(profile: Omit<CustomerProfile, 'tags'>, options: ProfileOptions): string[] {
  const { likedShare = 0.4, sensitiveScore = 0.5, regularOrders = 5, longDays = 90 } = options
  const { basic, shopping, preferences, priceSensitivity } = profile
  const words: [string, boolean][] = [
    ['new', basic.daysKnown <= longDays],
    ['quiet', basic.daysSinceOrder >= longDays],
    ['one-order', shopping.orders === 1],
    ['regular', shopping.orders >= regularOrders],
    ['price-sensitive', priceSensitivity.score >= sensitiveScore],
    ['full-price', priceSensitivity.discountedShare === 0],
  ]
  const liked = preferences.categories.filter(({ share }) => share >= likedShare)
  return [
    ...words.flatMap(([word, holds]) => (holds ? [word] : [])),
    ...liked.map(({ category }) => `likes:${category}`),
  ]
}

function spendOf({ quantity, unitPrice }: OrderLine): number {
  return quantity * unitPrice
}

function total<T>(things: readonly T[], measure: (thing: T) => number): number {
  return things.reduce((sum, thing) => sum + measure(thing), 0)
}

function checkLine({ day, quantity, unitPrice, listPrice }: OrderLine, line: number): void {
  checkWhole(`lines[${line}].day`, day, Number.MIN_SAFE_INTEGER)
  if (!(checkFinite(`lines[${line}].quantity`, quantity) > 0))
    refuse(`lines[${line}].quantity`, quantity, 'must be above 0')
  for (const [name, price] of Object.entries({ unitPrice, listPrice })) {
    if (checkFinite(`lines[${line}].${name}`, price) < 0)
      refuse(`lines[${line}].${name}`, price, 'must not be negative')
  }
}
