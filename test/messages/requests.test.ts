/** Messages that a shop's system asks for: once per key, to whoever is meant, in their language, and soon. */

import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openShop, type Shop } from '../privacy/support.ts'
import { until } from '../workflows/support/customers.ts'

const policy = `
name: Requests
topics: { news: { name: News }, offers: { name: Offers } }
channels:
  email: { consent: express }
default_time_zone: UTC
`

let shop: Shop
beforeAll(async () => {
  shop = await openShop(policy, {
    'receipt.email.txt':
      '---\nsubject: Your order {{ data.number }}\n---\n{% for line in data.lines %}{{ line.name }} {% endfor %}to {{ data.address }}.\n{% include "thanks" %}\n',
    'receipt.de.email.txt': '---\nsubject: Ihre Bestellung {{ data.number }}\n---\nDanke. {{ data.address }}\n',
    '_thanks.block.txt': 'Thank you, {{ customer.firstName | default: "friend" }}.',
  })
})
afterAll(() => shop.close())

async function somebody(userId: string, traits: object = {}): Promise<void> {
  await shop.live({ type: 'identify', userId, traits: { email: `${userId}@listener.example`, ...traits } })
}

interface Answer {
  readonly status: number
  readonly body: { readonly id?: string; readonly error?: { readonly message: string; readonly field?: string } }
}

async function post(body: unknown, headers: Record<string, string | undefined> = {}): Promise<Answer> {
  const all = {
    'content-type': 'application/json',
    authorization: `Bearer ${shop.adminToken}`,
    'idempotency-key': randomUUID(),
    ...headers,
  }
  const sent = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as Record<
    string,
    string
  >
  const response = await fetch(`${shop.url}/v1/messages`, {
    method: 'POST',
    headers: sent,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  return { status: response.status, body: (await response.json()) as Answer['body'] }
}

const mailsTo = (userId: string): Shop['world']['mail']['inbox'] =>
  shop.world.mail.inbox.filter((mail) => JSON.stringify(mail.to).includes(`${userId}@listener.example`))

const receipt = (userId: string, number = 'A-1'): object => ({
  to: { userId },
  template: 'receipt',
  data: { number, address: '12 Rose Lane', lines: [{ name: 'Kind of Blue' }] },
})

async function rowsOf(id: string | undefined): Promise<{ status: string; data: object; text: string }[]> {
  const { rows } = await shop.world.database.pool.query<{ status: string; data: object; text: string }>(
    'SELECT status, data, m::text AS text FROM messages m WHERE id = $1',
    [id],
  )
  return rows
}

test('it is sent once, without consent, whatever was asked how often; nothing of it stays readable', async () => {
  await somebody('ada', { firstName: 'Ada' })
  const key = { 'idempotency-key': 'order-1' }
  const first = await post(receipt('ada'), key)
  expect(first.status).toBe(202)
  const [planned] = await rowsOf(first.body.id)
  expect(planned?.text).not.toContain('Rose Lane')
  await shop.world.withWorkers(async () => {
    await until('she has it', () => mailsTo('ada').length > 0)
    // The same in another order of its names, and many at once.
    const { to, template, data } = receipt('ada') as { to: object; template: string; data: object }
    const again = await Promise.all(Array.from({ length: 8 }, () => post({ data, template, to }, key)))
    for (const one of again) expect(one).toEqual(first)
    await until('it is written down', async () => (await rowsOf(first.body.id))[0]?.status === 'sent')
  })
  expect(mailsTo('ada').map(({ subject }) => subject)).toEqual(['Your order A-1'])
  expect(mailsTo('ada')[0]?.text?.trim()).toBe('Kind of Blue to 12 Rose Lane.\nThank you, Ada.')
  expect(mailsTo('ada')[0]?.headers.has('list')).toBe(false)
  expect((await rowsOf(first.body.id))[0]?.data).toEqual({})
  const fate = await fetch(`${shop.url}/v1/messages/${first.body.id}`, {
    headers: { authorization: `Bearer ${shop.adminToken}` },
  })
  expect(await fate.json()).toMatchObject({ id: first.body.id, status: 'sent', template: 'receipt' })
})

test('two at once under one key are one message', async () => {
  await somebody('bob')
  const key = { 'idempotency-key': 'order-2' }
  const answers = await Promise.all(Array.from({ length: 6 }, () => post(receipt('bob'), key)))
  expect(new Set(answers.map(({ status, body }) => `${status} ${body.id}`)).size).toBe(1)
  expect(answers[0]?.status).toBe(202)
  const { rows } = await shop.world.database.pool.query('SELECT FROM messages WHERE customer_id = $1', [
    await shop.customerId('bob'),
  ])
  expect(rows).toHaveLength(1)
})

test('a key that was used for something else is a conflict, and sends nothing', async () => {
  await somebody('eve')
  const key = { 'idempotency-key': 'order-3' }
  expect((await post(receipt('eve'), key)).status).toBe(202)
  expect(await post(receipt('eve', 'A-2'), key)).toMatchObject({
    status: 409,
    body: { error: { field: 'Idempotency-Key' } },
  })
  const { rows } = await shop.world.database.pool.query('SELECT FROM messages WHERE customer_id = $1', [
    await shop.customerId('eve'),
  ])
  expect(rows).toHaveLength(1)
})

test('it is in the language of whoever gets it', async () => {
  await somebody('uli', { locale: 'de-AT' })
  await somebody('zoe', { locale: 'xx' })
  await post(receipt('uli'))
  await post(receipt('zoe'))
  await shop.world.withWorkers(async () => {
    await until('both have it', () => mailsTo('uli').length + mailsTo('zoe').length === 2)
  })
  expect(mailsTo('uli')[0]?.subject).toBe('Ihre Bestellung A-1')
  expect(mailsTo('zoe')[0]?.subject).toBe('Your order A-1')
})

test.each<[string, unknown, Record<string, string | undefined>, number, string | undefined]>([
  ['no key', receipt('ada'), { 'idempotency-key': undefined }, 400, 'Idempotency-Key'],
  ['a key with a line break in it', receipt('ada'), { 'idempotency-key': 'a b' }, 400, 'Idempotency-Key'],
  ['nobody', { ...receipt('ada'), to: {} }, {}, 400, 'to'],
  ['two at once', { ...receipt('ada'), to: { userId: 'a', email: 'b@example.org' } }, {}, 400, 'to'],
  ['a NUL in a name', receipt('ada\0'), {}, 400, 'to.userId'],
  ['a stranger', receipt('nobody-knows'), {}, 404, 'to'],
  ['a template that is not there', { ...receipt('ada'), template: 'nothing' }, {}, 422, 'template'],
  ['a field that is none', { ...receipt('ada'), subject: 'mine' }, {}, 400, undefined],
  ['no JSON', 'x', {}, 400, undefined],
  ['no token', receipt('ada'), { authorization: undefined }, 401, undefined],
])('refused: %s', async (_name, body, headers, status, field) => {
  const answer = await post(body, headers)
  expect(answer.status).toBe(status)
  expect(answer.body.error?.field).toBe(field)
})

test('a write key, which browsers hold, may ask for nothing', async () => {
  const authorization = `Basic ${Buffer.from(`${shop.writeKey}:`).toString('base64')}`
  expect((await post(receipt('ada'), { authorization })).status).toBe(401)
  expect((await post(receipt('ada'), { authorization: `Bearer ${shop.writeKey}` })).status).toBe(401)
})

test('a content type that says otherwise does not skip the checks (CVE-2026-25223)', async () => {
  for (const type of [
    'application/json;x=1',
    'application/json\t',
    'text/plain',
    'application/vnd.x+json',
    'text/html',
  ]) {
    const answer = await post({ ...receipt('ada'), template: '../../etc/passwd' }, { 'content-type': type })
    expect([type, answer.status]).toEqual([type, answer.status === 415 ? 415 : 400])
  }
})

test('an admin sees how a template looks to a customer, with links that do nothing; it is noted', async () => {
  await somebody('pat', { firstName: 'Pat <b>' })
  const ask = (token: string): Promise<Response> =>
    fetch(`${shop.url}/api/templates/receipt/preview?customer=pat`, { headers: { authorization: `Bearer ${token}` } })
  const preview = (await (await ask(shop.adminToken)).json()) as { text: string; findings: unknown[] }
  expect(preview.text).toContain('Thank you, Pat <b>.')
  const { rows } = await shop.world.database.pool.query(`SELECT FROM audit_entries WHERE action = 'preview'`)
  expect(rows).toHaveLength(1)
  expect((await ask(shop.writeKey)).status).toBe(401)
  const list = await fetch(`${shop.url}/api/templates`, { headers: { authorization: `Bearer ${shop.adminToken}` } })
  expect(JSON.stringify(await list.json())).toContain('"receipt.de"')
})
