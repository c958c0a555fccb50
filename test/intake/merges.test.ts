/** Customers who become one, and come apart again: nothing is lost, nothing is sent twice, the stricter word holds. */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createLedger } from '../../src/store/ledger.ts'
import { eraseMerges, mergedFamily, purgeMerges } from '../../src/store/merge-records.ts'
import { mergeCustomers } from '../../src/store/operator-merge.ts'
import { takeWord } from '../../src/store/opt-out.ts'
import { lockAndLoadSnapshot } from '../../src/store/snapshots.ts'
import { suppress } from '../../src/store/suppressions.ts'
import { unmergeCustomer } from '../../src/store/unmerge.ts'
import { belongings, plantRun } from './support/belongings.ts'
import { at, type Call, openShop, type Shop, startMs } from './support/shop.ts'

let shop: Shop
beforeAll(async () => {
  shop = await openShop()
})
beforeEach(() => shop.clear())
afterAll(() => shop.close())

const identify = (more: object): Call => ({ type: 'identify', ...more })
const track = (event: string, properties: object, more: object): Call => ({ type: 'track', event, properties, ...more })
const order = (id: string, revenue: number, more: object): Call =>
  track(
    'Order Completed',
    { order_id: id, revenue, products: [{ product_id: 'p1', price: revenue, category: 'Jazz' }] },
    more,
  )

async function idOf(kind: string, value: string): Promise<string> {
  const [row] = await shop.rows<{ customer_id: string }>(
    'SELECT customer_id FROM identities WHERE kind = $1 AND value = $2',
    [kind, value],
  )
  return row?.customer_id ?? ''
}

/** A known customer and a guest on another device, each with a life of their own. */
async function twoLives(): Promise<{ known: string; guest: string }> {
  await shop.live([
    identify({
      userId: 'u1',
      anonymousId: 'a1',
      traits: { email: 'ann@example.org', plan: 'pro', city: 'Rome' },
      ...at(1),
    }),
    order('o1', 20, { userId: 'u1', ...at(2) }),
    track('Product Viewed', { product_id: 'p1' }, { userId: 'u1', ...at(3) }),
    track('Email Subscribed', { words: 'yes please' }, { userId: 'u1', ...at(4) }),
    identify({ anonymousId: 'a2', traits: { phone: '+442079460958', firstName: 'Ann', city: 'Oslo' }, ...at(5) }),
    order('o2', 7, { anonymousId: 'a2', ...at(6) }),
    track('Product Viewed', { product_id: 'p1' }, { anonymousId: 'a2', ...at(7) }),
    track('SMS Unsubscribed', {}, { anonymousId: 'a2', ...at(8) }),
  ])
  return { known: await idOf('user', 'u1'), guest: await idOf('anonymous', 'a2') }
}

const join = (minute = 20): Promise<void> => shop.live([identify({ userId: 'u1', anonymousId: 'a2', ...at(minute) })])

const undo = (id: string, more: object = {}) =>
  unmergeCustomer(shop.database, shop.vault, id, { nowMs: shop.time.nowMs, by: 'test', ...more })

describe('what moves', () => {
  test('everything of the one who leaves is the one who stays has now, and a record says so', async () => {
    const { known, guest } = await twoLives()
    await plantRun(shop, guest, { journey: 'welcome', messages: { hello: 'sent', nudge: 'planned' } })
    await plantRun(shop, known, { journey: 'regulars', messages: { picks: 'sent' } })
    await join()
    const joint = await belongings(shop, known)
    expect(joint).toMatchObject({
      facts: { order_count: 2, revenue_cents: 2_700, merged_into: null, traits: { plan: 'pro', city: 'Oslo' } },
      personal: { email: 'ann@example.org', phone: '+442079460958', firstName: 'Ann' },
      addresses: [
        { channel: 'email', address: 'ann@example.org', current: true },
        { channel: 'sms', address: '+442079460958', current: true },
      ],
      customer_categories: [{ category: 'Jazz', orders: 2 }],
    })
    expect(
      (joint['messages'] as { step: string; status: string }[]).map(({ step, status }) => `${step} ${status}`).sort(),
    ).toEqual(['hello sent', 'nudge planned', 'picks sent'])
    expect(joint['event_days']).toMatchObject([
      { name: 'Email Subscribed' },
      { name: 'Order Completed', count: 2 },
      { name: 'Product Viewed', count: 2 },
      { name: 'SMS Unsubscribed' },
    ])
    const left = await belongings(shop, guest)
    expect(left).toMatchObject({
      facts: { merged_into: known, traits: {} },
      personal: {},
      addresses: [],
      orders: [],
      messages: [],
      journey_runs: [],
    })
    expect(
      await shop.rows('SELECT leaving_id, staying_id, event_id IS NOT NULL AS by_event, operator FROM customer_merges'),
    ).toEqual([{ leaving_id: guest, staying_id: known, by_event: true, operator: null }])
    expect(await shop.rows('SELECT 1 FROM customer_keys WHERE customer_id = $1', [guest])).toEqual([])
  })

  test('runs go on where the one who stays is not in that journey, renumbered behind theirs', async () => {
    const { known, guest } = await twoLives()
    await plantRun(shop, known, {
      journey: 'welcome',
      entry: 1,
      status: 'completed',
      endedDaysAgo: 1,
      messages: { hello: 'sent' },
    })
    await plantRun(shop, known, { journey: 'vip', entry: 1, messages: { gift: 'planned' } })
    await plantRun(shop, guest, {
      journey: 'welcome',
      entry: 1,
      status: 'completed',
      endedDaysAgo: 9,
      messages: { hello: 'sent' },
    })
    await plantRun(shop, guest, { journey: 'welcome', entry: 2, messages: { hello: 'planned' } })
    await plantRun(shop, guest, {
      journey: 'vip',
      entry: 1,
      messages: { gift: 'planned', receipt: 'planned transactional' },
    })
    await join()
    const runs = await shop.rows(
      'SELECT journey, entry_number AS n, status FROM journey_runs WHERE customer_id = $1 ORDER BY journey, entry_number',
      [known],
    )
    expect(runs).toEqual([
      { journey: 'vip', n: 1, status: 'active' },
      { journey: 'vip', n: 2, status: 'exited' },
      { journey: 'welcome', n: 1, status: 'completed' },
      { journey: 'welcome', n: 2, status: 'completed' },
      { journey: 'welcome', n: 3, status: 'active' },
    ])
    const messages = await shop.rows(
      `SELECT journey, step, entry_number AS n, status FROM messages WHERE customer_id = $1 AND journey = 'vip' ORDER BY n, step`,
      [known],
    )
    expect(messages).toEqual([
      { journey: 'vip', step: 'gift', n: 1, status: 'planned' },
      { journey: 'vip', step: 'gift', n: 2, status: 'refused' },
      { journey: 'vip', step: 'receipt', n: 2, status: 'planned' },
    ])
    const loaded = await shop.database.transaction((client) => lockAndLoadSnapshot(client, known, { nowMs: startMs }))
    // The last run to end counts for re-entry, and the next one gets a number that nobody has.
    expect(loaded?.snapshot.pastRuns.find(({ journey }) => journey === 'welcome')).toMatchObject({
      entryNumber: 2,
      endedAtMs: startMs - 86_400_000,
    })
    expect(loaded?.openMessages.map(({ step }) => step).sort()).toEqual(['gift', 'hello', 'receipt'])
  })

  test('a journey that lets everybody in once is not begun twice by the same person', async () => {
    const { known, guest } = await twoLives()
    await shop.rows(
      `INSERT INTO campaigns (kind, key, version, name, status, document, published_at) VALUES
       ('journey', 'welcome', 'v1', 'Welcome', 'live', '{"re_entry": "never"}', now()),
       ('journey', 'vip', 'v1', 'Vip', 'live', '{"re_entry": "always"}', now())`,
    )
    for (const journey of ['welcome', 'vip']) {
      await plantRun(shop, known, { journey, status: 'completed', messages: { hello: 'sent' } })
      await plantRun(shop, guest, { journey, messages: { hello: 'claimed' } })
    }
    await join()
    await shop.rows('DELETE FROM campaigns')
    const rows = await shop.rows(
      `SELECT journey, status, (SELECT status FROM messages m WHERE (m.customer_id, m.journey, m.entry_number) = (r.customer_id, r.journey, r.entry_number)) AS message
       FROM journey_runs r WHERE customer_id = $1 AND entry_number = 2 ORDER BY journey`,
      [known],
    )
    expect(rows).toEqual([
      { journey: 'vip', status: 'active', message: 'planned' },
      { journey: 'welcome', status: 'exited', message: 'refused' },
    ])
  })

  test('three who turn out to be one keep every row', async () => {
    await shop.live([
      identify({ userId: 'u1' }),
      ...['a2', 'a3', 'a4'].map((anonymousId) => order(`o-${anonymousId}`, 5, { anonymousId })),
    ])
    for (const device of ['a2', 'a3', 'a4']) {
      await plantRun(shop, await idOf('anonymous', device), { journey: 'welcome', messages: { hello: 'sent' } })
    }
    await shop.live(['a2', 'a3', 'a4'].map((anonymousId) => identify({ userId: 'u1', anonymousId })))
    const known = await idOf('user', 'u1')
    const runs = await shop.rows('SELECT entry_number AS n, status FROM journey_runs WHERE customer_id = $1', [known])
    expect(new Set(runs.map(({ n }) => n))).toEqual(new Set([1, 2, 3]))
    expect(runs.filter(({ status }) => status === 'active')).toHaveLength(1)
    expect(await shop.rows('SELECT 1 FROM messages WHERE customer_id = $1', [known])).toHaveLength(3)
    expect(await shop.customer('u1')).toMatchObject({ order_count: 3 })
  })
})

describe('consent: the stricter word', () => {
  const standing = async (id: string): Promise<Record<string, string>> => {
    const loaded = await shop.database.transaction((client) => lockAndLoadSnapshot(client, id, { nowMs: startMs }))
    return { ...loaded?.snapshot.contact.email.consents }
  }
  const say = (word: string, who: object, minute: number, more: object = {}): Call =>
    track(`Consent ${word}`, { channel: 'email', ...more }, { ...who, ...at(minute) })
  const [ann, guest] = [{ userId: 'u1' }, { anonymousId: 'a2' }]
  const isBefore =
    (minute: number) =>
    (call: Call): boolean =>
      String(call['timestamp']) < at(minute).timestamp

  test.each<[what: string, words: Call[], holds: Record<string, string>]>([
    [
      'a no of the one who leaves outlives a later yes of the other',
      [say('Withdrawn', guest, 1), say('Granted', ann, 2)],
      { '*': 'withdrawn' },
    ],
    ['and the other way round', [say('Withdrawn', ann, 1), say('Granted', guest, 2)], { '*': 'withdrawn' }],
    ['two who said yes have said yes', [say('Granted', ann, 1), say('Granted', guest, 2)], { '*': 'granted' }],
    ['a yes beside silence is a yes', [say('Granted', guest, 1)], { '*': 'granted' }],
    [
      'a no that was taken back by the same person is none',
      [say('Withdrawn', guest, 1), say('Granted', guest, 2), say('Granted', ann, 3)],
      { '*': 'granted' },
    ],
    [
      'topic by topic',
      [
        say('Withdrawn', guest, 1, { topic: 'news' }),
        say('Granted', ann, 2, { topic: 'news' }),
        say('Granted', ann, 3, { topic: 'club' }),
      ],
      { news: 'withdrawn', club: 'granted' },
    ],
    [
      'a yes after they were known to be one counts',
      [say('Withdrawn', guest, 1), say('Granted', ann, 2), say('Granted', ann, 30)],
      { '*': 'granted' },
    ],
  ])('%s', async (_what, words, holds) => {
    const [before, after] = [words.filter(isBefore(20)), words.filter((call) => !isBefore(20)(call))]
    const joining = identify({ ...ann, ...guest, ...at(20) })
    await shop.live([identify({ ...ann, ...at(0) }), track('Seen', {}, { ...guest, ...at(0) }), ...before])
    await shop.live([joining, ...after])
    const id = await idOf('user', 'u1')
    expect(await standing(id)).toEqual(holds)
    const own = await shop.rows(`SELECT 1 FROM consents WHERE customer_id = $1 AND source <> 'merge'`, [id])
    expect(own).toHaveLength(words.length)
  })

  test('an inquiry of either side lets implied consent begin anew, and is no yes', async () => {
    await shop.live([identify({ ...ann, ...at(0) }), track('Inquiry Made', {}, { ...guest, ...at(3) })])
    await join(20)
    const id = await idOf('user', 'u1')
    const loaded = await shop.database.transaction((client) => lockAndLoadSnapshot(client, id, { nowMs: startMs }))
    expect(loaded?.snapshot.contact.email).toMatchObject({ consents: {}, inquiredMs: Date.parse(at(3).timestamp) })
  })

  test('an address that nothing may be sent to stays so, with whoever has it now', async () => {
    const { known } = await twoLives()
    const addressHash = shop.vault.lookupHash('phone', '+442079460958')
    await suppress(shop.database.pool, {
      channel: 'sms',
      addressHash,
      reason: 'complaint',
      detail: null,
      atMs: startMs,
    })
    await join()
    const loaded = await shop.database.transaction((client) => lockAndLoadSnapshot(client, known, { nowMs: startMs }))
    expect(loaded?.snapshot.contact).toMatchObject({
      email: { reachable: true, suppressed: null },
      sms: { reachable: true, suppressed: 'complaint' },
    })
  })

  test('a yes of later that arrives before the merge is known counts as in time', async () => {
    await shop.live([identify({ ...ann, ...at(0) }), say('Withdrawn', guest, 1), say('Granted', ann, 30)])
    await join(20)
    expect(await standing(await idOf('user', 'u1'))).toEqual({ '*': 'granted' })
  })

  // The same words, the ones named here told only after the merge.
  test.each<[what: string, words: Call[], late: number, holds: string]>([
    ['a no of the one who left, before the yes of the other', [say('Granted', ann, 2)], 0, 'withdrawn'],
    ['a no of the one who stayed', [say('Granted', guest, 2)], 1, 'withdrawn'],
    ['a no that the same person has taken back since', [say('Granted', guest, 2)], 0, 'granted'],
    ['a no that the one who stayed has taken back since', [say('Granted', ann, 2)], 1, 'granted'],
    ['a no beside no yes at all', [], 0, 'withdrawn'],
    ['a no, where a yes has come since they are one', [say('Granted', ann, 2), say('Granted', ann, 700)], 0, 'granted'],
  ])('that arrives late: %s', async (_what, words, late, holds) => {
    await shop.live([identify({ ...ann, ...at(0) }), track('Seen', {}, { ...guest, ...at(0) }), ...words.slice(0, 1)])
    await join()
    shop.time.nowMs += 10_000_000
    await shop.live(words.slice(1))
    await shop.live([say('Withdrawn', [guest, ann][late] as object, 1)])
    const id = await idOf('user', 'u1')
    expect(await standing(id)).toEqual({ '*': holds })
    const leaving = await shop.rows<{ id: string }>('SELECT leaving_id AS id FROM customer_merges')
    expect(await undo(leaving[0]?.id ?? '')).toMatchObject({ outcome: 'undone' })
    expect(await shop.rows(`SELECT 1 FROM consents WHERE source = 'merge'`)).toEqual([])
  })

  test('pressing "unsubscribe" after that is a word of its own, and outlives the undoing for both', async () => {
    await shop.live([identify({ ...ann, ...at(0) }), say('Withdrawn', guest, 1), say('Granted', ann, 2)])
    const [one, two] = [await idOf('user', 'u1'), await idOf('anonymous', 'a2')]
    await join()
    const word = {
      customerId: one,
      channel: 'email',
      topic: '*',
      atMs: startMs + 1,
      source: 'link',
      method: 'page',
      words: null,
    } as const
    await shop.database.transaction((client) => takeWord(client, { ...word, status: 'withdrawn' }))
    expect(await undo(two)).toMatchObject({ outcome: 'undone' })
    expect([await standing(one), await standing(two)]).toEqual([{ '*': 'withdrawn' }, { '*': 'withdrawn' }])
  })

  test('undone, everybody has their own word again', async () => {
    await shop.live([identify({ ...ann, ...at(0) }), say('Withdrawn', guest, 1), say('Granted', ann, 2)])
    const [one, two] = [await idOf('user', 'u1'), await idOf('anonymous', 'a2')]
    await join()
    expect(await standing(one)).toEqual({ '*': 'withdrawn' })
    await undo(two)
    expect([await standing(one), await standing(two)]).toEqual([{ '*': 'granted' }, { '*': 'withdrawn' }])
  })
})

describe('messages in flight', () => {
  const holder = { owner: 'customer:old', attempt: '1' }
  const allow = () => ({ allowed: true }) as const

  test('one that is claimed is given back, and leaves once, to the address of today', async () => {
    const { known, guest } = await twoLives()
    await shop.live([identify({ anonymousId: 'a2', traits: { email: 'guest@example.org' }, ...at(1) })])
    const other = await idOf('anonymous', 'a2')
    expect(other).toBe(guest)
    const { hello = '' } = await plantRun(shop, guest, { journey: 'welcome', messages: { hello: 'planned' } })
    const ledger = createLedger(shop.database)
    const claim = await ledger.claim(hello, holder, startMs)
    if (claim.outcome !== 'claimed') throw new Error(claim.outcome)
    await mergeCustomers(shop.database, shop.vault, { from: guest, into: known, nowMs: startMs, by: 'test' })

    expect(await ledger.transmit(claim, holder, startMs, 60_000, allow)).toEqual({ outcome: 'lost' })
    const again = await ledger.claim(hello, { owner: `customer:${known}`, attempt: '1' }, startMs)
    if (again.outcome !== 'claimed') throw new Error(again.outcome)
    expect(again.message.customerId).toBe(known)
    expect(await ledger.transmit(again, { owner: `customer:${known}`, attempt: '1' }, startMs, 60_000, allow)).toEqual({
      outcome: 'transmit',
    })
    expect(await ledger.claim(hello, holder, startMs)).toMatchObject({ outcome: 'busy' })
  })

  test('one that is on its way is settled by its sender, and nobody sends it again', async () => {
    const { known, guest } = await twoLives()
    await shop.live([identify({ anonymousId: 'a2', traits: { email: 'guest@example.org' }, ...at(1) })])
    const { hello = '' } = await plantRun(shop, guest, { journey: 'welcome', messages: { hello: 'planned' } })
    const ledger = createLedger(shop.database)
    const claim = await ledger.claim(hello, holder, startMs)
    if (claim.outcome !== 'claimed') throw new Error(claim.outcome)
    expect(await ledger.transmit(claim, holder, startMs, 60_000, allow)).toEqual({ outcome: 'transmit' })
    await mergeCustomers(shop.database, shop.vault, { from: guest, into: known, nowMs: startMs, by: 'test' })
    expect(await ledger.claim(hello, { owner: `customer:${known}`, attempt: '1' }, startMs)).toMatchObject({
      outcome: 'busy',
    })
    expect(await ledger.settle(claim.message, holder, startMs, { status: 'sent' })).toBe(true)
    expect(await shop.rows('SELECT customer_id, status, attempts FROM messages')).toEqual([
      { customer_id: known, status: 'sent', attempts: 1 },
    ])
  })

  test('a claim that waited for the merge finds the address of the one who stays', async () => {
    const { known, guest } = await twoLives()
    await shop.live([identify({ anonymousId: 'a2', traits: { email: 'guest@example.org' }, ...at(9) })])
    await shop.rows('UPDATE contact_points SET current = false WHERE customer_id = $1', [known])
    const { hello = '' } = await plantRun(shop, guest, { journey: 'welcome', messages: { hello: 'planned' } })
    const ledger = createLedger(shop.database)
    let claiming: ReturnType<typeof ledger.claim> | undefined
    await shop.rows('CREATE TABLE IF NOT EXISTS gate (id int)')
    const client = await shop.database.pool.connect()
    try {
      await client.query('BEGIN')
      await client.query('SELECT FROM messages WHERE id = $1 FOR UPDATE', [hello])
      claiming = ledger.claim(hello, holder, startMs)
      await waiting()
      const within = { transaction: <T>(work: (inner: typeof client) => Promise<T>) => work(client) }
      expect(
        await mergeCustomers(within, shop.vault, { from: guest, into: known, nowMs: startMs, by: 'test' }),
      ).toMatchObject({ outcome: 'merged' })
      await client.query('COMMIT')
    } finally {
      client.release()
    }
    expect(await claiming).toMatchObject({ outcome: 'claimed', message: { customerId: known } })
  })

  /** Until somebody waits for a lock. */
  async function waiting(): Promise<void> {
    for (;;) {
      const rows = await shop.rows(
        `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
      )
      if (rows.length > 0) return
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
})

describe('undoing', () => {
  test('brings both back exactly as they were', async () => {
    const { known, guest } = await twoLives()
    await plantRun(shop, guest, { journey: 'welcome', messages: { hello: 'sent', nudge: 'planned' } })
    await plantRun(shop, guest, { journey: 'vip', messages: { gift: 'sent' } })
    await plantRun(shop, known, { journey: 'vip', messages: { gift: 'sent' } })
    await plantRun(shop, known, { journey: 'welcome', status: 'completed', messages: { hello: 'sent' } })
    const before = [await belongings(shop, known), await belongings(shop, guest)]
    await mergeCustomers(shop.database, shop.vault, { from: guest, into: known, nowMs: startMs, by: 'test' })
    expect(await undo(guest)).toMatchObject({ outcome: 'undone', customerId: guest, leftId: known })
    expect([await belongings(shop, known), await belongings(shop, guest)].map(withoutWake)).toEqual(
      before.map(withoutWake),
    )
    expect(await shop.rows('SELECT 1 FROM merged_profiles')).toEqual([])
    expect(await shop.rows('SELECT undone_by FROM customer_merges')).toEqual([{ undone_by: 'test' }])
    expect(await undo(guest)).toEqual({ outcome: 'refused', reason: 'this customer is nobody else today' })
  })

  test('what came since by a name of theirs goes with them, and what was told since stays', async () => {
    const { known, guest } = await twoLives()
    await join()
    await shop.live([
      order('o3', 100, { anonymousId: 'a2', ...at(30) }),
      track('Product Viewed', { product_id: 'p1' }, { anonymousId: 'a2', ...at(31) }),
      track('Product Viewed', { product_id: 'p1' }, { userId: 'u1', anonymousId: 'a2', ...at(32) }),
      identify({ userId: 'u1', traits: { city: 'Bern', lastName: 'Arbor' }, ...at(33) }),
    ])
    await undo(guest)
    const [stayed, back] = [await belongings(shop, known), await belongings(shop, guest)]
    expect(stayed).toMatchObject({
      facts: { order_count: 1, traits: { plan: 'pro', city: 'Bern' } },
      personal: { email: 'ann@example.org', lastName: 'Arbor' },
      addresses: [{ address: 'ann@example.org', current: true }],
    })
    expect(stayed['personal']).not.toHaveProperty('phone')
    expect(stayed['personal']).not.toHaveProperty('firstName')
    expect(back).toMatchObject({
      facts: { order_count: 2, revenue_cents: 10_700, traits: { city: 'Oslo' }, external_id: null },
      personal: { phone: '+442079460958', firstName: 'Ann' },
      addresses: [{ address: '+442079460958', current: true }],
    })
    const days = (all: Record<string, unknown>): unknown =>
      (all['event_days'] as { name: string; count: number }[]).map(({ name, count }) => `${name} ${count}`)
    expect(days(stayed)).toEqual(['Email Subscribed 1', 'Order Completed 1', 'Product Viewed 2'])
    expect(days(back)).toEqual(['Order Completed 2', 'Product Viewed 2', 'SMS Unsubscribed 1'])
  })

  test('an event does not join again whom somebody took apart; an operator may', async () => {
    const { known, guest } = await twoLives()
    await join()
    await undo(guest)
    await join(40)
    await shop.live([
      track('Seen', {}, { userId: 'u1', anonymousId: 'a2', ...at(41) }),
      identify({ userId: 'u1', traits: { phone: '+442079460958' } }),
    ])
    expect((await belongings(shop, guest))['facts']).toMatchObject({ merged_into: null })
    expect(
      await mergeCustomers(shop.database, shop.vault, { from: guest, into: known, nowMs: startMs, by: 'test' }),
    ).toMatchObject({ outcome: 'merged' })
  })

  test('somebody inside somebody inside somebody comes out alone, then the next', async () => {
    await shop.live([
      identify({ anonymousId: 'a1', traits: { firstName: 'Ada', city: 'Rome' }, ...at(1) }),
      order('o1', 1, { anonymousId: 'a1', ...at(2) }),
      identify({ anonymousId: 'a2', traits: { email: 'bea@example.org', city: 'Oslo' }, ...at(0) }),
      order('o2', 2, { anonymousId: 'a2', ...at(4) }),
      identify({ userId: 'u3', traits: { plan: 'pro' }, ...at(5) }),
      order('o3', 4, { userId: 'u3', ...at(6) }),
    ])
    const [a, b, c] = [await idOf('anonymous', 'a1'), await idOf('anonymous', 'a2'), await idOf('user', 'u3')]
    for (const id of [a, b, c]) await plantRun(shop, id, { journey: 'welcome', messages: { hello: 'sent' } })
    const before = await Promise.all([a, b, c].map((id) => belongings(shop, id)))
    const merge = (from: string, into: string) =>
      mergeCustomers(shop.database, shop.vault, { from, into, nowMs: startMs, by: 'test' })
    await merge(a, b)
    await merge(b, c)
    expect((await belongings(shop, c))['facts']).toMatchObject({
      order_count: 3,
      traits: { plan: 'pro', city: 'Rome' },
    })
    expect([...(await mergedFamily(shop.database.pool, c))].sort()).toEqual([a, b, c].sort())
    await undo(a)
    expect(withoutWake(await belongings(shop, a))).toEqual(withoutWake(before[0] ?? {}))
    expect(await belongings(shop, c)).toMatchObject({
      facts: { order_count: 2, traits: { plan: 'pro', city: 'Oslo' } },
      personal: { email: 'bea@example.org' },
    })
    await undo(b)
    for (const [at, id] of [a, b, c].entries()) {
      expect(withoutWake(await belongings(shop, id))).toEqual(withoutWake(before[at] ?? {}))
    }
  })

  test('is possible for thirty days; then what it takes is gone, and the fact stays', async () => {
    const { known, guest } = await twoLives()
    await join()
    const dayMs = 86_400_000
    expect(await purgeMerges(shop.database.pool, startMs + 29 * dayMs)).toBe(0)
    shop.time.nowMs = startMs + 31 * dayMs
    expect(await undo(guest)).toMatchObject({ outcome: 'refused', reason: expect.stringContaining('30 days') })
    expect(await purgeMerges(shop.database.pool, startMs + 31 * dayMs)).toBe(1)
    expect(await shop.rows('SELECT 1 FROM merged_profiles')).toEqual([])
    expect(await shop.rows('SELECT staying_id, moved FROM customer_merges')).toEqual([{ staying_id: known, moved: {} }])
    expect(await undo(guest)).toMatchObject({ outcome: 'refused', reason: expect.stringContaining('30 days') })
  })

  test('erasing leaves nothing of either side', async () => {
    const { known } = await twoLives()
    await join()
    await eraseMerges(shop.database.pool, await mergedFamily(shop.database.pool, known))
    expect(await shop.rows('SELECT 1 FROM merged_profiles UNION ALL SELECT 1 FROM customer_merges')).toEqual([])
  })
})

describe('by an operator', () => {
  const merge = (from: string, into: string, more: object = {}) =>
    mergeCustomers(shop.database, shop.vault, { from, into, nowMs: startMs, by: 'test', ...more })

  test('two whom the shop knows as two become one, with both ids', async () => {
    await shop.live([
      identify({ userId: 'old', traits: { email: 'ann@example.org' }, ...at(1) }),
      order('o1', 1, { userId: 'old', ...at(2) }),
      identify({ userId: 'new', traits: { email: 'ann@work.example' }, ...at(3) }),
    ])
    const [from, into] = [await idOf('user', 'old'), await idOf('user', 'new')]
    const dry = await merge(from, into, { dryRun: true })
    expect(dry).toMatchObject({ outcome: 'merged', moved: { identities: 2, events: 2, orders: 1 } })
    expect(await idOf('user', 'old')).toBe(from)
    expect(await merge(from, into)).toEqual(dry)
    await shop.live([order('o2', 2, { userId: 'old', ...at(4) }), order('o3', 3, { userId: 'new', ...at(5) })])
    expect(await shop.customer('old')).toMatchObject({ id: into, external_id: 'new', order_count: 3 })
    expect((await belongings(shop, into))['addresses']).toEqual(
      expect.arrayContaining([
        { channel: 'email', address: 'ann@work.example', current: true },
        { channel: 'email', address: 'ann@example.org', current: false },
      ]),
    )
    await undo(from)
    expect(await shop.customer('old')).toMatchObject({ id: from, external_id: 'old', order_count: 2 })
    expect(await shop.customer('new')).toMatchObject({ id: into, external_id: 'new', order_count: 1 })
  })

  test('what makes no sense is refused, in words', async () => {
    await shop.live([identify({ userId: 'u1' }), track('Seen', {}, { anonymousId: 'a2' }), identify({ userId: 'u3' })])
    const [known, visitor, third] = [await idOf('user', 'u1'), await idOf('anonymous', 'a2'), await idOf('user', 'u3')]
    const nobody = '00000000-0000-7000-8000-000000000000'
    const reasons = [
      await merge(known, known),
      await merge(nobody, known),
      await merge(known, nobody),
      await merge(known, visitor),
      await merge(visitor, known),
      await merge(visitor, third),
      await merge(third, visitor),
      await undo(nobody),
      await undo(known),
    ].map((result) => (result.outcome === 'refused' ? result.reason : result.outcome))
    expect(reasons).toEqual([
      'a customer cannot be merged into themselves',
      expect.stringContaining('there is no customer'),
      'there is no customer to merge into',
      expect.stringContaining('the other way round'),
      'merged',
      expect.stringContaining('already'),
      expect.stringContaining('already'),
      'there is no such customer',
      'this customer is nobody else today',
    ])
  })
})

/** Runs that a merge ended look at themselves at once when they come back. */
function withoutWake(all: Record<string, unknown>): Record<string, unknown> {
  const runs = all['journey_runs'] as { wake_at: unknown }[]
  return { ...all, journey_runs: runs.map(({ wake_at: _wakeAt, ...run }) => run) }
}
