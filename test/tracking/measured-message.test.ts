/** What of a message is led through the product, and what is left as it is. */

import { afterAll, beforeAll, expect, test } from 'vitest'
import { createMessageRenderer, type MessageFacts } from '../../src/channels/templates/render-message.ts'
import { redirectLinks } from '../../src/channels/templates/tracked-links.ts'
import { contactPolicyDocument } from '../../src/domain/contact-policy-schema.ts'
import { type Measuring, measuringOf } from '../../src/domain/tracking.ts'
import { type Database, openDatabase } from '../../src/store/database.ts'
import { findTarget, readClickToken, readPixelToken } from '../../src/store/tracked-links.ts'
import { Vault } from '../../src/store/vault.ts'
import { createMeasureMessage } from '../../workers/measured-message.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

const id = '0195f3a0-0000-7000-8000-000000000001'
const publicUrl = 'https://app.shop.example'
const linksUrl = 'https://go.shop.example'
const vault = new Vault(Buffer.alloc(32, 7))
const all: Measuring = { opens: true, clicks: true }

let testDatabase: TestDatabase
let database: Database
beforeAll(async () => {
  testDatabase = await createTestDatabase()
  database = openDatabase(testDatabase.url)
})
afterAll(async () => {
  await database.close()
  await testDatabase.drop()
})

const facts: MessageFacts = {
  customer: { plan: 'gold', email: 'ada@example.org', firstName: 'Ada' },
  coupon: null,
  data: { size: '42' },
  survey: null,
  shop: { name: 'Shop', url: 'https://shop.example' },
  postal_address: '1 Garden Row',
  unsubscribe_url: `${publicUrl}/u/x.y`,
  preferences_url: `${publicUrl}/p/x.y`,
  confirm_url: null,
}

async function measured(html: string, measuring: Measuring = all): Promise<string> {
  const measure = createMeasureMessage({ database: database.pool, vault, linksUrl, publicUrl, nowMs: () => 0 })
  const template = { key: 't', version: html, channel: 'email' as const, subject: 'Hello', html, text: 'Hello' }
  const content = createMessageRenderer().render(template, facts, { plan: 'gold' })
  return (await measure({ id, channel: 'email' }, content, measuring)).html ?? ''
}

const hrefs = (html: string): string[] => [...html.matchAll(/href="([^"]*)"/gi)].map(([, url = '']) => url)

async function targetOf(url: string | undefined): Promise<string | undefined> {
  const token = readClickToken(vault, new URL(url ?? '').pathname.slice('/l/'.length))
  expect(token?.messageId).toBe(id)
  return token && findTarget(database.pool, token.linkId)
}

test('links lead through our own domain to where they led, whatever stands in them', async () => {
  const html = await measured(`
    <a href="{{ shop.url }}/sale?a=1&amp;b={{ data.size }}">one</a> <A class=x HREF='https://other.example/x#y'>two</A>
    <a title="a > b" href=https://bare.example/z>three</a>`)
  const links = hrefs(html).slice(0, 3)
  for (const link of links) expect(link).toMatch(/^https:\/\/go\.shop\.example\/l\//)
  expect(await Promise.all(links.map(targetOf))).toEqual([
    'https://shop.example/sale?a=1&b=42',
    'https://other.example/x#y',
    'https://bare.example/z',
  ])
})

test('a link that holds anything personal is left alone, and kept nowhere', async () => {
  const html = await measured(`
    <a href="https://shop.example/?e={{ customer.email | url_encode }}">mine</a>
    {% assign who = customer.firstName %}<a href="https://shop.example/{{ who }}">hers</a>
    <a href="https://shop.example/plans/{{ customer.plan }}">everybody's</a>`)
  const [mine, hers, everybodys] = hrefs(html)
  expect(mine).toBe('https://shop.example/?e=ada%40example.org')
  expect(hers).toBe('https://shop.example/Ada')
  expect(await targetOf(everybodys)).toBe('https://shop.example/plans/gold')
  const { rows } = await database.pool.query<{ target: string }>('SELECT target FROM tracked_links')
  expect(rows.some(({ target }) => /ada/i.test(target))).toBe(false)
})

test('the ways out, mailboxes, telephones, and what asks to be left alone are not touched', async () => {
  const html = await measured(`<a href="{{ unsubscribe_url }}">out</a><a href="{{ preferences_url }}">choose</a>
    <a href="mailto:shop@example.org">write</a><a href="tel:+442079460000">call</a>
    <a data-track="off" href="https://shop.example/legal">law</a>`)
  expect(hrefs(html)).toEqual([
    `${publicUrl}/u/x.y`,
    `${publicUrl}/p/x.y`,
    'mailto:shop@example.org',
    'tel:+442079460000',
    'https://shop.example/legal',
  ])
})

test('the plain text is led through as well: its ways out, what is personal and what asks for it stay', async () => {
  const measure = createMeasureMessage({ database: database.pool, vault, linksUrl, publicUrl, nowMs: () => 0 })
  const html = '<a href="https://shop.example/a">a</a><a data-track="off" href="https://shop.example/legal">law</a>'
  const text =
    'See https://shop.example/a, or https://shop.example/b. Yours: https://shop.example/?e={{ customer.email }}\nLaw: https://shop.example/legal'
  const render = (source: { readonly html: string | null }) =>
    createMessageRenderer().render(
      { key: 't', version: '1', channel: 'email' as const, subject: 'Hello', text, ...source },
      facts,
      { plan: 'gold' },
    )
  const both = await measure({ id, channel: 'email' }, render({ html }), all)
  const links = both.text.match(/https:[^\s,]*[^\s,.]/g) ?? []
  expect(await Promise.all(links.slice(0, 2).map(targetOf))).toEqual([
    'https://shop.example/a',
    'https://shop.example/b',
  ])
  expect(links.slice(2)).toEqual([
    'https://shop.example/?e=ada@example.org',
    'https://shop.example/legal',
    `${publicUrl}/p/x.y`,
    `${publicUrl}/u/x.y`,
  ])
  const plain = await measure({ id, channel: 'email' }, render({ html: null }), all)
  expect(plain.html).toBeNull()
  expect(plain.text).toMatch(/^See https:\/\/go\.shop\.example\/l\//)
})

test('there is one picture, and one link that nobody sees', async () => {
  const html = await measured('<html><body><a href="https://shop.example/">x</a></body></html>')
  const pixel = /<img src="([^"]+)" width="1"/.exec(html)?.[1] ?? ''
  expect(readPixelToken(vault, new URL(pixel).pathname.slice('/o/'.length))).toBe(id)
  const trap = hrefs(html).at(-1) ?? ''
  expect(readClickToken(vault, new URL(trap).pathname.slice('/l/'.length))).toEqual({ messageId: id, linkId: 'trap' })
  expect(html).toMatch(/style="display:none" aria-hidden="true" tabindex="-1"/)
  expect(html.indexOf('<img')).toBeLessThan(html.indexOf('</body>'))
})

test('what the policy switches off is not there', async () => {
  const source = '<a href="https://shop.example/">x</a>'
  expect(await measured(source, { opens: false, clicks: true })).not.toContain('<img')
  const unclicked = await measured(source, { opens: true, clicks: false })
  expect(unclicked).toContain('href="https://shop.example/"')
  expect(unclicked).toContain('<img')
})

test('the policy speaks of opens, clicks and topics; receipts are never measured', () => {
  const policy = (more: object): Parameters<typeof measuringOf>[0] => ({
    ...contactPolicyDocument.parse({
      name: 'P',
      topics: { news: { name: 'News' }, health: { name: 'Health', tracking: false } },
      default_time_zone: 'Europe/Berlin',
      ...more,
    }),
    key: 'contact-policy',
    version: 'v1',
  })
  const off = { opens: false, clicks: false }
  expect(measuringOf(policy({}), 'news', 'marketing')).toEqual(all)
  expect(measuringOf(policy({}), 'health', 'marketing')).toEqual(off)
  expect(measuringOf(policy({}), 'news', 'transactional')).toEqual(off)
  expect(measuringOf(policy({ tracking: { opens: false } }), 'news', 'marketing')).toEqual({
    opens: false,
    clicks: true,
  })
  expect(() => policy({ tracking: { open: false } })).toThrow(/open/)
})

test('in a text message a link is made short where that helps', async () => {
  const { rows } = await database.pool.query<{ id: string }>(
    `INSERT INTO messages (id, customer_id, journey, version, step, entry_number, visit, channel, message_class, topic, template,
                           status, planned_at)
     VALUES ($1, gen_random_uuid(), 'j', 'v', 's', 1, 1, 'sms', 'marketing', 'news', 't', 'claimed', now()) RETURNING id`,
    [id],
  )
  const measure = createMeasureMessage({ database: database.pool, vault, linksUrl, publicUrl, nowMs: () => 0 })
  const long = 'https://shop.example/a/very/long/path/that/costs/a/whole/segment/of/its/own?with=parameters'
  const text = `Hi! See ${long}. Or https://s.io/a, both.`
  const content = { subject: '', html: null, text, impersonalLinks: [long, 'https://s.io/a'] }
  const sms = await measure({ id: rows[0]?.id ?? '', channel: 'sms' }, content, all)
  expect(sms.text).toMatch(
    /^Hi! See https:\/\/go\.shop\.example\/x\/[0-9a-z]+[\w-]{8}\. Or https:\/\/s\.io\/a, both\.$/,
  )
})

test('HTML full of halves of tags comes out in reasonable time', () => {
  const html = '<a '.repeat(50_000) + '<a "'.repeat(2_000)
  expect(redirectLinks(html, () => 'x')).toBe(html)
})
