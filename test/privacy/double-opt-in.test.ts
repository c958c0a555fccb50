/** Double opt-in from the sign-up to the inbox and back: real HTTP, Temporal, PostgreSQL and SMTP. */

import { afterAll, beforeAll, expect, test } from 'vitest'
import { type LedgerRow, ledgerOf, until } from '../workflows/support/customers.ts'
import { openShop, type Shop } from './support.ts'

const policy = `
name: Strict
topics: { offers: { name: Offers }, news: { name: News } }
channels:
  email: { consent: double, confirmation: confirm, caps: {} }
default_time_zone: UTC
`

let shop: Shop
beforeAll(async () => {
  shop = await openShop(policy)
})
afterAll(() => shop.close())

const identify = (userId: string): object => ({
  type: 'identify',
  userId,
  traits: { email: `${userId}@listener.example`, firstName: userId },
})
const subscribe = (userId: string, topic: string): object => ({
  type: 'track',
  userId,
  event: 'Email Subscribed',
  properties: { topic, words: 'Tell me about it' },
})
const mailsTo = (userId: string): Shop['world']['mail']['inbox'] =>
  shop.world.mail.inbox.filter((mail) => JSON.stringify(mail.to).includes(`${userId}@listener.example`))
const linkIn = (mail: { text?: string | undefined } | undefined): string =>
  `${shop.url}${/https:\/\/shop\.example(\/c\/\S+)/.exec(mail?.text ?? '')?.[1]}`
const press = (link: string, button = 'confirm'): Promise<Response> =>
  fetch(link, { method: 'POST', body: new URLSearchParams({ do: button }) })

async function rows(userId: string): Promise<LedgerRow[]> {
  return ledgerOf(shop.world, await shop.customerId(userId))
}

async function look(userId: string): Promise<void> {
  await shop.world.look(await shop.customerId(userId))
}

test('a yes counts once its owner has pressed the button, and nothing else is sent before', async () => {
  await shop.live(identify('ann'), subscribe('ann', 'offers'), subscribe('ann', 'news'))
  expect(await shop.history('ann')).toEqual(['email offers pending (event)', 'email news pending (event)'])
  await shop.world.withWorkers(async () => {
    await look('ann')
    await until('she is asked', () => mailsTo('ann').length > 0)
    await shop.live({ type: 'track', userId: 'ann', event: 'Offer Wanted' })
    await look('ann')
    await until('the offer was refused', async () => {
      const { rows } = await shop.world.database.pool.query(
        `SELECT FROM decision_records WHERE customer_id = $1 AND rule = 'consent' AND outcome = 'refused'`,
        [await shop.customerId('ann')],
      )
      return rows.length > 0
    })
    expect(mailsTo('ann').map(({ subject }) => subject)).toEqual(['Please confirm'])
    expect(mailsTo('ann')[0]?.headers.has('list')).toBe(false)

    const link = linkIn(mailsTo('ann')[0])
    for (let visit = 0; visit < 2; visit++) {
      const page = await fetch(link)
      expect(page.status).toBe(200)
      expect(await page.text()).toContain('Nothing has been confirmed yet')
    }
    expect(await shop.history('ann')).toHaveLength(2)

    // Pressed twice at once: it counts once.
    const answers = await Promise.all([press(link), press(link)])
    expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([200, 410])
    expect((await shop.history('ann')).slice(2)).toEqual([
      'email news granted (double-opt-in)',
      'email offers granted (double-opt-in)',
    ])
    const {
      rows: [proof],
    } = await shop.world.database.pool.query<{ words: string; words_hash: string }>(
      `SELECT words, words_hash FROM consents WHERE topic = 'news' AND status = 'granted'`,
    )
    expect(proof?.words).toBe('E-mail from Garden Shop: News [Yes, confirm]')
    expect(proof?.words_hash).toMatch(/^[0-9a-f]{16}$/)

    await shop.live({ type: 'track', userId: 'ann', event: 'Offer Wanted' })
    await look('ann')
    await until('the offer is there', () => mailsTo('ann').length === 2)
    expect(mailsTo('ann')[1]?.headers.has('list')).toBe(true)
  })
  expect((await rows('ann')).filter(({ journey }) => journey === 'system:double-opt-in')).toHaveLength(1)
}, 120_000)

test('a used or expired link says so kindly and offers a new one, but not again and again', async () => {
  await shop.live(identify('bob'), subscribe('bob', 'offers'))
  await shop.world.withWorkers(async () => {
    await look('bob')
    await until('he is asked', () => mailsTo('bob').length > 0)
    const link = linkIn(mailsTo('bob')[0])
    expect((await press(link, 'again')).status).toBe(429)

    await shop.world.database.pool.query(
      `UPDATE consents SET given_at = given_at - interval '8 days' WHERE customer_id = $1`,
      [await shop.customerId('bob')],
    )
    await shop.world.database.pool.query(
      `UPDATE messages SET planned_at = planned_at - interval '8 days', settled_at = settled_at - interval '8 days'
       WHERE customer_id = $1`,
      [await shop.customerId('bob')],
    )
    const expired = await fetch(link)
    expect(expired.status).toBe(410)
    expect(await expired.text()).toContain('expired')
    expect((await press(link)).status).toBe(410)
    expect((await press(link, 'again')).status).toBe(200)
    expect((await press(link, 'again')).status).toBe(429)
    await look('bob')
    await until('he is asked again', () => mailsTo('bob').length === 2)
    expect((await press(linkIn(mailsTo('bob')[1]))).status).toBe(200)
    expect(await (await fetch(linkIn(mailsTo('bob')[1]))).text()).toContain('used already')
  })
  expect((await shop.history('bob')).at(-1)).toBe('email offers granted (double-opt-in)')
}, 120_000)

test('a no after the yes ends it, also at the same moment, and a forged link does nothing', async () => {
  const at = new Date(shop.world.clock.nowMs()).toISOString()
  await shop.live(
    identify('cy'),
    { ...subscribe('cy', 'offers'), timestamp: at },
    { type: 'track', userId: 'cy', event: 'Email Unsubscribed', timestamp: at },
  )
  await shop.world.withWorkers(async () => {
    await look('cy')
    await until('the news was read', async () => {
      const { rowCount } = await shop.world.database.pool.query(
        'SELECT FROM news WHERE customer_id = $1 AND consumed_at IS NULL',
        [await shop.customerId('cy')],
      )
      return rowCount === 0
    })
  })
  expect(mailsTo('cy')).toEqual([])
  for (const path of ['/c/1.AAAAAAAAAAAAAAAAAAAAAA', '/c/x', '/p/x', `/p/${'a'.repeat(100)}`]) {
    for (const method of ['GET', 'POST']) expect((await fetch(shop.url + path, { method })).status).toBe(404)
  }
})
