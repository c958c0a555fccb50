import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import type { Server } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import twilio from 'twilio'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { SmsCatcher } from '../../src/embedded/sms-catcher.ts'
import { startSmsCatcher } from '../../src/embedded/sms-catcher.ts'
import type { CaughtSms } from '../../src/embedded/sms-store.ts'

// A busy machine may take its time.
vi.setConfig({ expect: { poll: { timeout: 30_000 } } })

const account = { accountSid: `AC${'a'.repeat(32)}`, authToken: 'a-token-of-this-test' }
const shop = '+14155550100'
const customer = '+14155550123'

interface Call {
  readonly path: string
  readonly fields: Record<string, string>
  readonly isSigned: boolean
}

let home: string
let catcher: SmsCatcher
/** The product's side: records what is reported to it. */
let product: Server
let calls: Call[]
let productAnswer: string

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'perennial-sms-'))
  catcher = await startSmsCatcher({ home, account })
  calls = []
  productAnswer = ''
  product = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      const fields = Object.fromEntries(new URLSearchParams(body))
      const signature = String(request.headers['x-twilio-signature'])
      const isSigned = twilio.validateRequest(account.authToken, signature, productUrl(request.url ?? ''), fields)
      calls.push({ path: request.url ?? '', fields, isSigned })
      response.writeHead(200, { 'content-type': 'text/xml' }).end(productAnswer)
    })
  }).listen(0, '127.0.0.1')
  await once(product, 'listening')
  catcher.setInboundWebhook(productUrl('/inbound?shop=1'))
})

afterEach(async () => {
  await catcher.close()
  product.closeAllConnections()
  product.close()
  rmSync(home, { recursive: true, force: true })
})

function productUrl(path: string): string {
  return `http://127.0.0.1:${(product.address() as AddressInfo).port}${path}`
}

/** Twilio's own client, led to the catcher. */
class CatcherClient extends twilio.RequestClient {
  override request: InstanceType<typeof twilio.RequestClient>['request'] = (options) => {
    const { pathname, search } = new URL(options.uri)
    return super.request({ ...options, uri: catcher.url + pathname + search })
  }
}

function client(authToken = account.authToken): twilio.Twilio {
  return twilio(account.accountSid, authToken, { httpClient: new CatcherClient() })
}

async function listed(query = ''): Promise<{ total: number; messages: CaughtSms[] }> {
  return (await (await fetch(`${catcher.url}/api/messages${query}`)).json()) as { total: number; messages: CaughtSms[] }
}

async function say(from: string, body: string): Promise<CaughtSms> {
  const response = await fetch(`${catcher.url}/api/inbound`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ from, to: shop, body }),
  })
  return (await response.json()) as CaughtSms
}

describe("a message that Twilio's client sends", () => {
  test('is queued, then sent, then delivered, and each report is signed', async () => {
    const message = await client().messages.create({
      to: customer,
      from: shop,
      body: 'Hello',
      statusCallback: productUrl('/status/7'),
    })
    expect(message).toMatchObject({ status: 'queued', to: customer, from: shop, body: 'Hello', numSegments: '1' })
    expect(message.sid).toMatch(/^SM[0-9a-f]{32}$/)

    await expect.poll(() => calls.map(({ fields }) => fields['MessageStatus'])).toEqual(['sent', 'delivered'])
    for (const call of calls) {
      expect(call).toMatchObject({
        path: '/status/7',
        isSigned: true,
        fields: { MessageSid: message.sid, To: customer },
      })
    }
    expect((await client().messages(message.sid).fetch()).status).toBe('delivered')
    expect((await listed(`?to=${encodeURIComponent(customer)}`)).messages[0]?.sid).toBe(message.sid)
  })

  test('to a number that is switched off is undelivered with its reason', async () => {
    await client().messages.create({
      to: '+15005550030',
      from: shop,
      body: 'Hello',
      statusCallback: productUrl('/status'),
    })
    await expect.poll(() => calls.at(-1)?.fields).toMatchObject({ MessageStatus: 'undelivered', ErrorCode: '30003' })
  })

  test('is delivered after a restart that came in between, and not lost', async () => {
    const { sid } = await client().messages.create({
      to: customer,
      from: shop,
      body: 'Hello',
      statusCallback: productUrl('/status'),
    })
    await catcher.close()
    catcher = await startSmsCatcher({ home, account })
    const patience = { timeout: 30_000 }
    await expect.poll(async () => (await client().messages(sid).fetch()).status, patience).toBe('delivered')
    const reports = (): number => calls.filter(({ fields }) => fields['MessageStatus'] === 'delivered').length
    await expect.poll(reports, patience).toBe(1)
  })
})

test.each([
  ['an invalid number', { to: '12345' }, 400, 21_211],
  ["Twilio's own invalid number", { to: '+15005550001' }, 400, 21_211],
  ["Twilio's own unsubscribed number", { to: '+15005550004' }, 400, 21_610],
  ["Twilio's own landline", { to: '+15005550009' }, 400, 21_614],
  ['a sender that is not ours', { from: '+15005550007' }, 400, 21_606],
  ['a full queue', { from: '+15005550008' }, 429, 21_611],
  ['a body without text', { body: '' }, 400, 21_602],
  ['a body that is too long', { body: 'x'.repeat(1601) }, 400, 21_617],
])('refused: %s', async (_, change, status, code) => {
  const sending = client().messages.create({ to: customer, from: shop, body: 'Hello', ...change })
  await expect(sending).rejects.toMatchObject({ status, code })
  expect((await listed()).total).toBe(0)
})

test('refused: a wrong token, another account', async () => {
  await expect(client('wrong').messages.create({ to: customer, from: shop, body: 'x' })).rejects.toMatchObject({
    status: 401,
    code: 20_003,
  })
  const other = twilio(`AC${'b'.repeat(32)}`, account.authToken, { httpClient: new CatcherClient() })
  await expect(other.messages.create({ to: customer, from: shop, body: 'x' })).rejects.toMatchObject({ status: 401 })
})

describe('a customer who answers', () => {
  test('STOP is reported, confirmed once, and blocks what follows until START', async () => {
    const inbound = await say(customer, ' stop. ')
    expect(inbound).toMatchObject({ direction: 'inbound', webhook: 'answered 200' })
    expect(calls).toMatchObject([
      {
        path: '/inbound?shop=1',
        isSigned: true,
        fields: { From: customer, To: shop, Body: 'stop.', SmsStatus: 'received' },
      },
    ])
    await say(customer, 'STOP')
    const replies = (await listed()).messages.filter(({ direction }) => direction === 'outbound-reply')
    expect(replies).toHaveLength(1)

    const send = (): Promise<unknown> => client().messages.create({ to: customer, from: shop, body: 'Offer' })
    await expect(send()).rejects.toMatchObject({ code: 21_610 })
    await catcher.close()
    catcher = await startSmsCatcher({ home, account })
    await expect(send()).rejects.toMatchObject({ code: 21_610 })
    await say(customer, 'Start')
    await expect(send()).resolves.toBeDefined()
  })

  test('in another word reaches the product, whose reply is kept', async () => {
    productAnswer = '<?xml version="1.0"?><Response><Message>Thanks &amp; see you</Message></Response>'
    await say(customer, 'Nice!')
    const { messages } = await listed()
    expect(messages.map(({ direction, body }) => [direction, body])).toEqual([
      ['outbound-reply', 'Thanks & see you'],
      ['inbound', 'Nice!'],
    ])
  })

  test('while the product is down is kept, with the reason', async () => {
    catcher.setInboundWebhook('http://127.0.0.1:1/inbound')
    expect((await say(customer, 'Hello?')).webhook).toMatch(/^could not be reached/)
  })

  test('through the form of the page comes back to the page', async () => {
    const response = await fetch(`${catcher.url}/api/inbound`, {
      method: 'POST',
      body: new URLSearchParams({ from: customer, to: shop, body: '<b>hi</b>' }),
      redirect: 'manual',
    })
    expect(response.status).toBe(303)
    const page = await (await fetch(catcher.url + response.headers.get('location'))).text()
    expect(page).toContain('&lt;b&gt;hi&lt;/b&gt;')
  })

  test.each([
    ['no text', { from: customer, to: shop }],
    ['a text that is no text', { from: customer, to: shop, body: 7 }],
    ['nothing', undefined],
  ])('with %s is refused', async (_, body) => {
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) ?? '' }
    expect((await fetch(`${catcher.url}/api/inbound`, init)).status).toBe(400)
    expect(calls).toEqual([])
  })
})
