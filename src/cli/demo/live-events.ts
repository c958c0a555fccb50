/** What the customers of the demo do, as the calls that a shop would make to the tracking API. */

import { dayMs, type EpochMs, hourMs, minuteMs } from '../../domain/time.ts'
import type { CdnowPurchase } from './cdnow.ts'
import { demoPerson } from './people.ts'

/** One call of the tracking API, in Segment's shape. */
export interface LiveEvent {
  readonly atMs: EpochMs
  readonly call: Readonly<Record<string, unknown>> & { readonly messageId: string }
}

/**
 * The events of these purchases in order of time: a first-time buyer signs up the day before, everybody looks at a CD
 * before buying. The message ids depend only on the log, so sending them again changes nothing.
 */
export function liveEvents(purchases: readonly CdnowPurchase[]): LiveEvent[] {
  return purchases
    .flatMap((purchase) => [...(purchase.sequence === 1 ? signUp(purchase) : []), ...visit(purchase)])
    .sort((a, b) => a.atMs - b.atMs)
}

/** Order lines of a purchase: the log knows how many CDs and how many dollars, not which. */
export function orderLine(purchase: CdnowPurchase): {
  productKey: string
  name: string
  category: string
  quantity: number
  priceCents: number
} {
  const genre = demoPerson(purchase.customerNumber).favouriteGenre
  const quantity = Math.max(1, purchase.quantity)
  return {
    productKey: `cd-${genre.toLowerCase()}`,
    name: `CD, ${genre}`,
    category: genre,
    quantity,
    priceCents: Math.round(purchase.cents / quantity),
  }
}

/** The traits and consent that a person gives when signing up. */
export function signUpTraits(customerNumber: string): Record<string, unknown> {
  const person = demoPerson(customerNumber)
  return {
    email: person.email,
    firstName: person.firstName,
    lastName: person.lastName,
    ...(person.phone === undefined ? {} : { phone: person.phone }),
    timezone: person.timeZone,
    favourite_genre: person.favouriteGenre,
    consent: { email: person.emailConsent, sms: person.smsConsent },
  }
}

function signUp({ customerNumber, atMs }: CdnowPurchase): LiveEvent[] {
  const { userId } = demoPerson(customerNumber)
  return [
    event('identify', userId, `sign-up:${customerNumber}`, atMs - dayMs, { traits: signUpTraits(customerNumber) }),
  ]
}

function visit(purchase: CdnowPurchase): LiveEvent[] {
  const { customerNumber, sequence, atMs, cents } = purchase
  const { userId } = demoPerson(customerNumber)
  const line = orderLine(purchase)
  const product = {
    product_id: line.productKey,
    name: line.name,
    category: line.category,
    price: line.priceCents / 100,
  }
  const order = {
    order_id: `cdnow-${customerNumber}-${sequence}`,
    total: cents / 100,
    revenue: cents / 100,
    currency: 'USD',
    products: [{ ...product, quantity: line.quantity }],
  }
  const id = `${customerNumber}:${sequence}`
  return [
    track(userId, `viewed:${id}`, atMs - 20 * minuteMs, 'Product Viewed', { ...product, currency: 'USD' }),
    track(userId, `ordered:${id}`, atMs, 'Order Completed', order),
  ]
}

function track(userId: string, id: string, atMs: EpochMs, name: string, properties: object): LiveEvent {
  return event('track', userId, id, atMs, { event: name, properties })
}

function event(type: string, userId: string, id: string, atMs: EpochMs, rest: object): LiveEvent {
  const call = { type, userId, messageId: `demo:${id}`, timestamp: new Date(atMs).toISOString(), ...rest }
  return { atMs, call }
}

/** How far before its first event a demo may start: the day of signing up, with room to spare. */
export const leadMs = dayMs + hourMs
