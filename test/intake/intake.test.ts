/** From events to customers, orders, consent and news, on a real database. */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openAddress, openPersonalTraits } from '../../src/store/personal-data.ts'
import { at, type Call, openShop, type Shop } from './support/shop.ts'

let shop: Shop
beforeAll(async () => {
  shop = await openShop()
})
beforeEach(() => shop.clear())
afterAll(() => shop.close())

const identify = (more: object): Call => ({ type: 'identify', ...more })
const track = (event: string, properties: object, more: object = { userId: 'u1' }): Call => ({
  type: 'track',
  event,
  properties,
  ...more,
})

async function personalOf(customerId: string): Promise<Record<string, unknown>> {
  const [row] = await shop.rows<{ personal: Buffer; wrapped_key: Buffer }>(
    'SELECT personal, wrapped_key FROM customers JOIN customer_keys ON customer_id = id WHERE id = $1',
    [customerId],
  )
  if (row === undefined) return {}
  const key = shop.vault.openCustomerKey(customerId, row.wrapped_key)
  return { ...openPersonalTraits(shop.vault, key, customerId, row.personal) }
}

async function addressesOf(customerId: string): Promise<string[]> {
  const rows = await shop.rows<{ id: string; channel: string; address: Buffer; current: boolean; wrapped_key: Buffer }>(
    `SELECT p.*, k.wrapped_key FROM contact_points p JOIN customer_keys k USING (customer_id)
     WHERE customer_id = $1`,
    [customerId],
  )
  const texts = rows.map(({ id, channel, address, current, wrapped_key }) => {
    const key = shop.vault.openCustomerKey(customerId, wrapped_key)
    return `${channel} ${openAddress(shop.vault, key, id, address)}${current ? '' : ' (former)'}`
  })
  return texts.sort()
}

const news = (customerId: string) =>
  shop.rows<{ kind: string; detail: Record<string, unknown> }>(
    'SELECT kind, detail FROM news WHERE customer_id = $1 ORDER BY id',
    [customerId],
  )

describe('profiles', () => {
  test('what is personal is sealed under the customer, found by its hash, and gone from the event', async () => {
    await shop.live([
      identify({
        userId: 'u1',
        traits: { email: 'Ann@Example.org', phone: '+44 20 7946 0958', firstName: 'Ann', plan: 'pro' },
      }),
    ])
    const customer = await shop.customer('u1')
    expect(customer).toMatchObject({ traits: { plan: 'pro' }, email_domain: 'example.org', country: 'GB' })
    expect(await personalOf(customer.id)).toEqual({
      email: 'ann@example.org',
      phone: '+442079460958',
      firstName: 'Ann',
    })
    expect(await addressesOf(customer.id)).toEqual(['email ann@example.org', 'sms +442079460958'])
    const hash = shop.vault.lookupHash('email', 'ann@example.org')
    expect(await shop.rows('SELECT 1 FROM contact_points WHERE address_hash = $1', [hash])).toHaveLength(1)
    expect(await shop.rows('SELECT 1 FROM events WHERE sealed IS NOT NULL OR customer_id IS NULL')).toEqual([])
  })

  test('a newer trait is not overwritten by an older one that arrives late', async () => {
    await shop.live([identify({ userId: 'u1', traits: { plan: 'pro', email: 'new@example.org' }, ...at(10) })])
    await shop.live([
      identify({ userId: 'u1', traits: { plan: 'free', city: 'Rome', email: 'old@example.org' }, ...at(5) }),
    ])
    const customer = await shop.customer('u1')
    expect(customer.traits).toEqual({ plan: 'pro', city: 'Rome' })
    expect(await addressesOf(customer.id)).toEqual(['email new@example.org'])
  })

  test('a new address replaces the old one, and the old one can come back', async () => {
    await shop.live([identify({ userId: 'u1', traits: { email: 'one@example.org' }, ...at(1) })])
    await shop.live([identify({ userId: 'u1', traits: { email: 'two@example.org' }, ...at(2) })])
    const { id } = await shop.customer('u1')
    expect(await addressesOf(id)).toEqual(['email one@example.org (former)', 'email two@example.org'])
    await shop.live([identify({ userId: 'u1', traits: { email: 'one@example.org' }, ...at(3) })])
    expect(await addressesOf(id)).toEqual(['email one@example.org', 'email two@example.org (former)'])
    await shop.live([identify({ userId: 'u1', traits: { email: null, plan: null }, ...at(4) })])
    expect(await addressesOf(id)).toEqual(['email one@example.org (former)', 'email two@example.org (former)'])
  })

  test('zone, language and country come from the context too', async () => {
    await shop.live([
      track('Seen', {}, { userId: 'u1', context: { timezone: 'Europe/Rome', locale: 'it-IT' } }),
      identify({ userId: 'u1', traits: { address: { country: 'it', city: 'Rome' } } }),
      track('Seen', {}, { userId: 'u1', context: { timezone: 'Mars/Olympus' } }),
    ])
    expect(await shop.customer('u1')).toMatchObject({ time_zone: 'Europe/Rome', locale: 'it-IT', country: 'IT' })
  })

  test('what is no address is told as a problem, without the value, and the rest is used', async () => {
    await shop.live([identify({ userId: 'u1', traits: { email: 'nowhere', phone: '12', plan: 'pro' } })])
    expect((await shop.customer('u1')).traits).toEqual({ plan: 'pro' })
    const [event] = await shop.rows<{ problem: string }>('SELECT problem FROM events')
    expect(event?.problem).toMatch(/traits.email: must be .*; traits.phone: must be/)
    expect(event?.problem).not.toContain('nowhere')
  })
})

describe('who is who', () => {
  const ids = async (): Promise<string[]> =>
    (await shop.rows<{ id: string }>('SELECT id FROM customers WHERE merged_into IS NULL ORDER BY id')).map(
      ({ id }) => id,
    )

  test('a visitor who signs up keeps what they did before', async () => {
    await shop.live([track('Product Viewed', { product_id: 'p1' }, { anonymousId: 'a1', ...at(1) })])
    const [before] = await ids()
    await shop.live([identify({ anonymousId: 'a1', userId: 'u1', ...at(2) })])
    expect(await ids()).toEqual([before])
    expect(await shop.customer('u1')).toMatchObject({ id: before, external_id: 'u1' })
    expect(await shop.rows('SELECT DISTINCT customer_id FROM events')).toEqual([{ customer_id: before }])
  })

  test('a known customer who signs in on another device takes what was done there along', async () => {
    await shop.live([identify({ userId: 'u1', traits: { plan: 'pro' }, ...at(1) })])
    await shop.live([
      track('Order Completed', { order_id: 'o1', revenue: 20, currency: 'EUR' }, { anonymousId: 'a2', ...at(0) }),
      identify({ anonymousId: 'a2', traits: { email: 'ann@example.org', firstName: 'Ann' }, ...at(2) }),
    ])
    expect(await ids()).toHaveLength(2)
    await shop.live([identify({ userId: 'u1', anonymousId: 'a2', ...at(3) })])
    expect(await ids()).toHaveLength(1)
    const customer = await shop.customer('u1')
    expect(customer).toMatchObject({ order_count: 1, revenue_cents: 2_000, traits: { plan: 'pro' } })
    expect(await personalOf(customer.id)).toEqual({ email: 'ann@example.org', firstName: 'Ann' })
    expect(await addressesOf(customer.id)).toEqual(['email ann@example.org'])
    const elsewhere = await shop.rows(
      `SELECT 1 FROM (SELECT customer_id FROM events UNION ALL SELECT customer_id FROM orders UNION ALL
         SELECT customer_id FROM contact_points UNION ALL SELECT customer_id FROM identities UNION ALL
         SELECT customer_id FROM customer_keys) AS owned WHERE customer_id <> $1`,
      [customer.id],
    )
    expect(elsewhere).toEqual([])
  })

  test('two users on one browser stay two', async () => {
    await shop.live([
      identify({ userId: 'u1', anonymousId: 'shared', traits: { plan: 'pro' } }),
      identify({ userId: 'u2', anonymousId: 'shared', traits: { plan: 'free' } }),
      track('Order Completed', { order_id: 'o2', revenue: 5 }, { userId: 'u2', anonymousId: 'shared' }),
    ])
    expect((await shop.customer('u1')).traits).toEqual({ plan: 'pro' })
    expect(await shop.customer('u2')).toMatchObject({ traits: { plan: 'free' }, order_count: 1 })
  })

  test('two users with one e-mail address stay two', async () => {
    await shop.live([
      identify({ userId: 'u1', traits: { email: 'family@example.org' } }),
      identify({ userId: 'u2', traits: { email: 'family@example.org' } }),
    ])
    const [one, two] = [await shop.customer('u1'), await shop.customer('u2')]
    expect(one.id).not.toBe(two.id)
    expect(await addressesOf(two.id)).toEqual(['email family@example.org'])
  })

  test('an address ties a guest order to the customer who has it', async () => {
    await shop.live([identify({ userId: 'u1', traits: { email: 'ann@example.org' } })])
    await shop.live([
      track('Order Completed', { order_id: 'o1', revenue: 7, email: 'Ann@example.org' }, { anonymousId: 'guest-1' }),
    ])
    expect(await shop.customer('u1')).toMatchObject({ order_count: 1, revenue_cents: 700 })
  })

  test("a friend's address in an event ties nobody", async () => {
    await shop.live([identify({ userId: 'u2', traits: { email: 'bob@example.org' } })])
    await shop.live([track('Friend Invited', { email: 'bob@example.org' }, { userId: 'u1' })])
    expect((await shop.customer('u1')).id).not.toBe((await shop.customer('u2')).id)
    expect(await addressesOf((await shop.customer('u1')).id)).toEqual([])
  })

  test('alias joins an earlier id', async () => {
    await shop.live([
      track('Seen', {}, { anonymousId: 'a1' }),
      { type: 'alias', userId: 'u1', previousId: 'a1' },
      track('Seen', {}, { anonymousId: 'a1' }),
    ])
    expect(await ids()).toEqual([(await shop.customer('u1')).id])
  })

  test('alias does not join two users whom the shop knows as two: it says so, and everything else holds', async () => {
    await shop.live([
      track('Order Completed', { order_id: 'o1', revenue: 1 }, { userId: 'old' }),
      track('Order Completed', { order_id: 'o2', revenue: 2 }, { userId: 'new' }),
    ])
    await shop.live([{ type: 'alias', userId: 'new', previousId: 'old' }])
    expect(await shop.customer('old')).toMatchObject({ external_id: 'old', order_count: 1, merged_into: null })
    expect(await shop.customer('new')).toMatchObject({ external_id: 'new', order_count: 1, merged_into: null })
    const [alias] = await shop.rows<{ problem: string; customer_id: string }>(
      `SELECT problem, customer_id FROM events WHERE type = 'alias'`,
    )
    expect(alias?.problem).toMatch(/previousId: names another customer/)
    expect(alias?.customer_id).toBe((await shop.customer('new')).id)
  })

  test('an e-mail address as user id reaches the customer by that address', async () => {
    await shop.live([track('Order Completed', { order_id: 'o1', revenue: 1 }, { userId: 'ann@example.org' })])
    await shop.live([identify({ anonymousId: 'a1', traits: { email: 'ANN@example.org' } })])
    const [only, ...others] = await ids()
    expect(others).toEqual([])
    expect(await addressesOf(only ?? '')).toEqual(['email ann@example.org'])
  })
})

describe('orders', () => {
  const order = (more: object = {}): object => ({ order_id: 'o1', revenue: 30, currency: 'EUR', ...more })

  test('amounts, discount, coupon and lines', async () => {
    await shop.live([
      track('Order Completed', {
        ...order({ discount: '2.50', coupon: 'SPRING', revenue: '27.50' }),
        products: [
          { product_id: 'p1', price: 10, quantity: 2, name: 'Cup' },
          { sku: 's2', price: '10.005' },
        ],
      }),
    ])
    expect(await shop.customer('u1')).toMatchObject({
      order_count: 1,
      revenue_cents: 2_750,
      discount_cents: 250,
      currency: 'EUR',
    })
    expect(await shop.rows('SELECT product_key, quantity, price_cents FROM order_lines ORDER BY position')).toEqual([
      { product_key: 'p1', quantity: 2, price_cents: 1_000 },
      { product_key: 's2', quantity: 1, price_cents: 1_001 },
    ])
    expect(await shop.rows('SELECT product_key, name FROM products ORDER BY 1')).toEqual([
      { product_key: 'p1', name: 'Cup' },
      { product_key: 's2', name: null },
    ])
  })

  test('without an amount the lines tell it; yen have no decimals', async () => {
    const products = [{ product_id: 'p1', price: 1_200, quantity: 3 }]
    await shop.live([track('Order Completed', { order_id: 'o1', currency: 'JPY', products })])
    expect(await shop.customer('u1')).toMatchObject({ revenue_cents: 3_600, currency: 'JPY' })
  })

  test('the same order told again under another message id counts once', async () => {
    await shop.live([track('Order Completed', order()), track('Order Completed', order())])
    await shop.live([track('Order Completed', order())])
    expect(await shop.customer('u1')).toMatchObject({ order_count: 1, revenue_cents: 3_000 })
  })

  test('refunds add up, but never beyond the order; a refund without an amount is all of it', async () => {
    await shop.live([
      track('Order Completed', order()),
      track('Order Refunded', order({ revenue: undefined, total: 10 })),
    ])
    expect(await shop.customer('u1')).toMatchObject({ refunded_cents: 1_000 })
    await shop.live([track('Order Refunded', order({ revenue: undefined, total: 25 }))])
    expect(await shop.customer('u1')).toMatchObject({ refunded_cents: 3_000, revenue_cents: 3_000 })
    await shop.live([track('Order Completed', { order_id: 'o2', revenue: 5, currency: 'EUR' })])
    await shop.live([track('Order Refunded', { order_id: 'o2' })])
    expect(await shop.customer('u1')).toMatchObject({ refunded_cents: 3_500 })
  })

  test('a cancelled order does not count, also if the cancellation came first', async () => {
    await shop.live([track('Order Cancelled', { order_id: 'o1' }, { userId: 'u1', ...at(2) })])
    await shop.live([track('Order Completed', order(), { userId: 'u1', ...at(1) })])
    expect(await shop.customer('u1')).toMatchObject({ order_count: 0, revenue_cents: 0, first_order_at: null })
  })

  test('an order redeems the coupon that it names', async () => {
    await shop.live([identify({ userId: 'u1' })])
    const { id } = await shop.customer('u1')
    await shop.rows(
      `INSERT INTO coupons (id, offer, code, customer_id, status, issued_at)
       VALUES (gen_random_uuid(), 'ten', 'ABC123', $1, 'issued', now())`,
      [id],
    )
    await shop.live([track('Order Completed', order({ coupon: 'abc123' }))])
    const [coupon] = await shop.rows(
      `SELECT status, (SELECT order_key FROM orders o WHERE o.id = c.order_id) AS order_key FROM coupons c`,
    )
    expect(coupon).toEqual({ status: 'redeemed', order_key: 'o1' })
  })

  test.each<[string, object, RegExp]>([
    ['a word as amount', { revenue: 'ten' }, /properties.revenue: must be an amount/],
    ['less than nothing', { revenue: -1 }, /properties.revenue: must be an amount/],
    ['an unknown currency', { currency: 'gold' }, /properties.currency: must be an ISO 4217 code/],
  ])('an order with %s is told as a problem and counts as none', async (_name, more, problem) => {
    await shop.live([track('Order Completed', order(more)), track('Order Completed', order({ order_id: 'o2' }))])
    expect(await shop.customer('u1')).toMatchObject({ order_count: 1 })
    const [event] = await shop.rows<{ problem: string }>('SELECT problem FROM events WHERE problem IS NOT NULL')
    expect(event?.problem).toMatch(problem)
  })
})

describe('consent', () => {
  const words = () =>
    shop.rows('SELECT channel, topic, status, source, method FROM consents ORDER BY given_at, channel')

  test('what an identify says counts when it changes, not when it is repeated', async () => {
    await shop.live([
      identify({ userId: 'u1', traits: { consent: { email: true, sms: { offers: false } } }, ...at(1) }),
    ])
    await shop.live([identify({ userId: 'u1', traits: { consent: { email: true } }, ...at(2) })])
    await shop.live([identify({ userId: 'u1', traits: { emailConsent: 'no' }, ...at(3) })])
    expect(await words()).toEqual([
      { channel: 'email', topic: '*', status: 'granted', source: 'identify', method: 'trait' },
      { channel: 'sms', topic: 'offers', status: 'withdrawn', source: 'identify', method: 'trait' },
      { channel: 'email', topic: '*', status: 'withdrawn', source: 'identify', method: 'trait' },
    ])
  })

  test('what a person does always counts', async () => {
    await shop.live([
      track('Email Subscribed', { topic: 'news', method: 'form', words: 'Yes please' }, { userId: 'u1', ...at(1) }),
      track('SMS Unsubscribed', {}, { userId: 'u1', ...at(2) }),
      track('Consent Granted', { channel: 'sms' }, { userId: 'u1', ...at(3) }),
      track('Consent Granted', { channel: 'pigeon' }, { userId: 'u1', ...at(4) }),
    ])
    expect(await words()).toEqual([
      { channel: 'email', topic: 'news', status: 'granted', source: 'track', method: 'form' },
      { channel: 'sms', topic: '*', status: 'withdrawn', source: 'track', method: 'event' },
      { channel: 'sms', topic: '*', status: 'granted', source: 'track', method: 'event' },
    ])
    expect(await shop.rows('SELECT problem FROM events WHERE problem IS NOT NULL')).toEqual([
      { problem: 'properties.channel: must be email, sms or tracking' },
    ])
  })
})

describe('news', () => {
  test('somebody arrives once, when they can first be named or reached', async () => {
    await shop.live([track('Seen', {}, { anonymousId: 'a1' })])
    expect(await shop.rows('SELECT 1 FROM news')).toEqual([])
    await shop.live([identify({ anonymousId: 'a1', traits: { email: 'ann@example.org' } })])
    await shop.live([
      identify({ anonymousId: 'a1', userId: 'u1' }),
      identify({ userId: 'u1', traits: { plan: 'pro' } }),
    ])
    expect((await news((await shop.customer('u1')).id)).map(({ kind }) => kind)).toEqual(['arrived'])
  })

  test('orders always, other events only if somebody cares', async () => {
    shop.interests.events.add('Cart Viewed')
    await shop.live([
      track('Product Viewed', { product_id: 'p1' }),
      track('Cart Viewed', {}),
      track('Order Completed', { order_id: 'o1', revenue: 1 }),
    ])
    const { id } = await shop.customer('u1')
    expect((await news(id)).map(({ kind, detail }) => [kind, detail['name']])).toEqual([
      ['arrived', undefined],
      ['event', 'Cart Viewed'],
      ['event', 'Order Completed'],
    ])
  })

  test('a trait that somebody cares about, when its value changes', async () => {
    shop.interests.traits.add('plan')
    await shop.live([identify({ userId: 'u1', ...at(0) })])
    const { id } = await shop.customer('u1')
    await shop.live([identify({ userId: 'u1', traits: { plan: 'pro', city: 'Rome' }, ...at(1) })])
    await shop.live([identify({ userId: 'u1', traits: { plan: 'pro', city: 'Oslo' }, ...at(2) })])
    expect((await news(id)).map(({ kind }) => kind)).toEqual(['arrived', 'profile'])
  })

  test('a change of contact only for somebody for whom something is under way', async () => {
    await shop.live([identify({ userId: 'u1' }), identify({ userId: 'u2' })])
    const { id } = await shop.customer('u1')
    await shop.rows(
      `INSERT INTO journey_runs (id, customer_id, journey, version, entry_number, status, step_since, entered_at)
       VALUES (gen_random_uuid(), $1, 'welcome', 'v1', 1, 'active', now(), now())`,
      [id],
    )
    await shop.live([
      identify({ userId: 'u1', traits: { email: 'ann@example.org' } }),
      identify({ userId: 'u2', traits: { email: 'bob@example.org' } }),
    ])
    expect((await news(id)).map(({ kind }) => kind)).toEqual(['arrived', 'contact'])
    expect((await news((await shop.customer('u2')).id)).map(({ kind }) => kind)).toEqual(['arrived'])
  })

  test('unread news of somebody who turns out to be somebody else goes with them', async () => {
    await shop.live([identify({ userId: 'u1' }), identify({ anonymousId: 'a1', traits: { email: 'ann@example.org' } })])
    const [former] = await shop.rows<{ id: string }>('SELECT id FROM customers WHERE external_id IS NULL')
    await shop.live([identify({ userId: 'u1', anonymousId: 'a1' })])
    const { id } = await shop.customer('u1')
    expect((await news(id)).map(({ kind }) => kind)).toEqual(['arrived', 'arrived'])
    expect(await news(former?.id ?? '')).toEqual([{ kind: 'merged', detail: { into: id } }])
  })
})

describe('nothing is lost', () => {
  test('an event that breaks its page is set aside; the others are handled', async () => {
    await shop.take([
      track('Seen', {}, { userId: 'u1' }),
      track('Order Completed', { order_id: 'o1', revenue: 1 }, { userId: 'broken' }),
      track('Seen', {}, { userId: 'u3' }),
    ])
    await shop.rows(`
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION 'refused: %', NEW.order_key USING ERRCODE = '22003'; END $$;
      CREATE TRIGGER refuse BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION refuse()`)
    expect(await shop.handle()).toBe(3)
    await shop.rows('DROP FUNCTION refuse CASCADE')
    expect(await shop.rows('SELECT user_id, problem, customer_id IS NULL AS nobody FROM events ORDER BY id')).toEqual([
      { user_id: 'u1', problem: null, nobody: false },
      { user_id: 'broken', problem: 'could not be handled: 22003', nobody: true },
      { user_id: 'u3', problem: null, nobody: false },
    ])
  })

  test('what was sealed with another master key waits for the right one', async () => {
    await shop.take([
      identify({ userId: 'u1', traits: { email: 'ann@example.org' } }),
      track('Seen', {}, { userId: 'u2' }),
    ])
    await shop.rows(`UPDATE events SET sealed = set_byte(sealed, 30, 255 - get_byte(sealed, 30)) WHERE user_id = 'u1'`)
    await shop.handle()
    expect(await shop.rows('SELECT problem, sealed IS NULL AS gone FROM events ORDER BY id')).toEqual([
      { problem: 'its personal part does not open', gone: false },
      { problem: null, gone: true },
    ])
  })
})
