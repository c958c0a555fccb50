/** What is said of a broadcast before it starts: whom it reaches, how many parts its text messages have, and what they cost. */

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { costOfTexts, moneyOf, readSegmentPrice } from '../../src/domain/text-cost.ts'
import { openShop, type Shop } from '../privacy/support.ts'
import { addPhoneCrowd, type PhoneOwner } from './support/phones.ts'

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const policy = `
name: Previews
topics: { offers: { name: Offers } }
default_time_zone: UTC
`
const link = 'https://shop.example/a-long-way-to-a-thing-that-is-worth-going-for?utm_source=text&utm_campaign=sale'

let shop: Shop
let people: readonly PhoneOwner[]

beforeAll(async () => {
  shop = await openShop(policy, {
    // 126 characters with the link as it is written, and fewer than 160 in any case.
    'plain.sms.txt': `{{ customer.firstName }}, 20% off: ${link} Reply STOP to end`,
    'plain.de.sms.txt': '{{ customer.firstName }}, „20 % Rabatt“ STOP endet es',
    'long.sms.txt': `${'word '.repeat(40)}{{ customer.firstName }}`,
  })
  people = await addPhoneCrowd(shop.world, 10)
  const { pool } = shop.world.database
  await pool.query(`UPDATE customers SET locale = 'de' WHERE id = ANY ($1)`, [people.slice(0, 3).map(({ id }) => id)])
  await pool.query(`DELETE FROM consents WHERE customer_id = ANY ($1) AND channel = 'sms'`, [
    people.slice(8).map(({ id }) => id),
  ])
  await pool.query(`UPDATE customers SET time_zone = 'Asia/Tokyo' WHERE id = $1`, [people[4]?.id])
}, 180_000)
afterAll(() => shop.close())

async function ask(path: string, body?: object): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${shop.url}/api/broadcasts${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${shop.adminToken}`, ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

const draft = (key: string, document: object) =>
  ask('', { key, document: { name: key, topic: 'offers', channel: 'sms', ...document } })

test('it tells whom it reaches by the rules, each text’s parts and alphabet, and the money', async () => {
  expect((await draft('sale', { template: 'plain' })).status).toBe(200)
  const { body } = await ask('/sale/preview?price=0.0075%20USD')
  expect(body).toMatchObject({
    channel: 'sms',
    audience: 10,
    sampled: 10,
    reached: 8,
    refused: [{ rule: 'consent', count: 2 }],
    segments: 8,
    money: { cents: 6, currency: 'USD' },
    variants: [
      {
        template: 'plain',
        broken: 0,
        saysStop: true,
        cost: {
          texts: 8,
          least: 1,
          typical: 1,
          most: 1,
          ucs2: 3,
          culprits: [{ character: '„', code: 'U+201E', texts: 3 }],
        },
      },
    ],
  })
  const { rows } = await shop.world.database.pool.query('SELECT FROM short_links')
  expect(rows).toEqual([])
  expect((await ask('/sale/preview?price=much')).status).toBe(400)
  expect((await ask('/none/preview')).status).toBe(404)
})

test('the command line and the console say the same before anything is sent, and what is held out is not counted', async () => {
  await draft('both', {
    template: undefined,
    variants: [
      { id: 'a', template: 'plain' },
      { id: 'b', template: 'long' },
    ],
    hold_out: 0.5,
  })
  const target = ['--url', shop.url, '--token', shop.adminToken]
  const args = [main, 'broadcasts', 'preview', 'both', '--price', '0.01 EUR', ...target]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  expect(stdout).toContain('both: 10 have a phone; 4 would get it')
  expect(stdout).toContain('  b: long: parts each: 2 (GSM-7)')
  expect(stdout).toContain('does not say how to end it')
  expect(stdout).toContain('In all: 6 parts: €0.06')

  const login = { method: 'POST', body: new URLSearchParams({ token: shop.adminToken }), redirect: 'manual' } as const
  const cookie = (await fetch(`${shop.url}/login`, login)).headers.get('set-cookie')?.split(';')[0] ?? ''
  const page = await (await fetch(`${shop.url}/broadcasts/both/start`, { headers: { cookie } })).text()
  expect(page).toMatch(/<strong class="big">10<\/strong>[\s\S]*customers have a phone/)
  expect(page).toMatch(/<strong>6<\/strong> parts in all/)
  expect(page).toContain('“„” (U+201E, in 3)')
})

test('an email has no parts', async () => {
  await ask('', { key: 'mail', document: { name: 'Mail', topic: 'offers', template: 'hello' } })
  expect((await ask('/mail/preview')).body).toMatchObject({ audience: 10, reached: 10, segments: null, money: null })
})

test('what texts cost is summed up, and a price is read or refused', () => {
  const texts = [1, 1, 2, 3].map((segments) => ({ segments, culprit: segments === 3 ? '…' : null }))
  expect(costOfTexts(texts)).toMatchObject({ least: 1, typical: 2, most: 3, mean: 1.75, ucs2: 1 })
  expect(costOfTexts([])).toBeNull()
  expect(readSegmentPrice('0.0079 USD')).toEqual({ amount: 0.0079, currency: 'USD' })
  for (const bad of ['', '1', 'USD 1', '-1 USD', '1 usd', '1e3 USD']) expect(readSegmentPrice(bad)).toBeUndefined()
  expect(moneyOf(10_000, { amount: 0.0079, currency: 'USD' })).toEqual({ cents: 7_900, currency: 'USD' })
  expect(moneyOf(10, { amount: 8.5, currency: 'JPY' })).toEqual({ cents: 85, currency: 'JPY' })
})
