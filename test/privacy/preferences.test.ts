/** The customer's own page: what it shows, what it writes down, and that a choice holds from that moment. */

import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createLedger } from '../../src/store/ledger.ts'
import { preferencesUrl, unsubscribeUrl } from '../../src/store/links.ts'
import { lockAndLoadSnapshot } from '../../src/store/snapshots.ts'
import { openShop, type Shop } from './support.ts'

const evil = '<img src=x onerror=alert(1)>'
const policy = `
name: Choices
topics:
  offers: { name: Offers, description: 'Now and then a good price. ${evil}' }
  news: { name: New arrivals, description: What came in this week. }
  club: { name: The club, consent: double }
channels:
  email: { consent: implied, confirmation: confirm, caps: {} }
  sms: { consent: express, caps: {} }
default_time_zone: UTC
`

let shop: Shop
beforeAll(async () => {
  shop = await openShop(policy)
})
afterAll(() => shop.close())

/** Somebody with an address and a number, and a message that they got. */
async function somebody(userId: string): Promise<{ readonly path: string; readonly unsubscribe: string }> {
  await shop.live({
    type: 'identify',
    userId,
    traits: { email: `${userId}.secret@listener.example`, phone: '+442079460958' },
  })
  const messageId = randomUUID()
  await shop.world.database.pool.query(
    `INSERT INTO messages (id, customer_id, journey, version, step, entry_number, visit, channel, message_class, topic,
                           template, status, planned_at, settled_at)
     VALUES ($1, $2, 'welcome', 'v', 'hello', 1, 0, 'email', 'marketing', 'offers', 'hello', 'sent', now(), now())`,
    [messageId, await shop.customerId(userId)],
  )
  const path = (url: string): string => new URL(url).pathname
  return {
    path: path(preferencesUrl(shop.world.vault, shop.url, messageId)),
    unsubscribe: path(unsubscribeUrl(shop.world.vault, shop.url, messageId)),
  }
}

async function page(path: string): Promise<string> {
  const response = await fetch(shop.url + path)
  expect(response.status).toBe(200)
  return response.text()
}

async function save(path: string, ...ticked: readonly string[]): Promise<string> {
  const body = new URLSearchParams({ do: 'save', ...Object.fromEntries(ticked.map((name) => [name, 'on'])) })
  return (await fetch(shop.url + path, { method: 'POST', body })).text()
}

const isTicked = (html: string, name: string): boolean => html.includes(`name="${name}" value="on" checked`)

async function consentsOf(userId: string, channel: 'email' | 'sms'): Promise<Readonly<Record<string, string>>> {
  const id = await shop.customerId(userId)
  const nowMs = shop.world.clock.nowMs()
  const loaded = await shop.world.database.transaction((client) => lockAndLoadSnapshot(client, id, { nowMs }))
  return loaded?.snapshot.contact[channel].consents ?? {}
}

describe('what it shows', () => {
  test('how things stand, the address as a mask, and nothing that could run', async () => {
    const { path } = await somebody('ann')
    const html = await page(path)
    expect(html).toContain('a•••@listener.example')
    expect(html).toContain('+44•••••958')
    expect(html).not.toContain('ann.secret')
    // Implied consent is on; a text message, and a topic that wants a confirmed yes, are not.
    expect(['email:offers', 'email:club', 'sms:offers'].map((name) => isTicked(html, name))).toEqual([
      true,
      false,
      false,
    ])
    expect(html).not.toContain('<img')
    expect(html).not.toContain('<script')
    expect(html).toContain('&lt;img')
    expect(await shop.history('ann')).toEqual([])
  })

  test('the unsubscribe page leads there, and one click still ends everything', async () => {
    const { path, unsubscribe } = await somebody('una')
    expect(await page(unsubscribe)).toContain(path)
    const body = new URLSearchParams({ 'List-Unsubscribe': 'One-Click' })
    const response = await fetch(shop.url + unsubscribe, { method: 'POST', redirect: 'manual', body })
    expect(response.status).toBe(200)
    expect(isTicked(await page(path), 'email:offers')).toBe(false)
  })
})

describe('what it writes down', () => {
  test('only what was changed, with the words that stood there', async () => {
    const { path } = await somebody('bob')
    expect(await save(path, 'email:news', 'sms:offers')).toContain(
      'Saved. You will hear about: New arrivals (e-mail); Offers (text messages).',
    )
    expect(await shop.history('bob')).toEqual(['email offers withdrawn (page)', 'sms offers granted (page)'])
    const { rows } = await shop.world.database.pool.query<{ words: string }>(
      `SELECT words FROM consents WHERE customer_id = $1 AND channel = 'sms' AND words_hash IS NOT NULL`,
      [await shop.customerId('bob')],
    )
    expect(rows).toEqual([{ words: `Text messages · Offers · Now and then a good price. ${evil}` }])
    await save(path, 'email:news', 'sms:offers')
    expect(await shop.history('bob')).toHaveLength(2)
  })

  test('who left altogether and comes back for one thing gets that thing and no other', async () => {
    const { path } = await somebody('cleo')
    await fetch(shop.url + path, { method: 'POST', body: new URLSearchParams({ do: 'none' }) })
    expect(await consentsOf('cleo', 'email')).toEqual({ '*': 'withdrawn' })
    await save(path, 'email:news')
    expect(await consentsOf('cleo', 'email')).toEqual({ news: 'granted', offers: 'withdrawn', club: 'withdrawn' })
    const html = await page(path)
    expect(['email:news', 'email:offers'].map((name) => isTicked(html, name))).toEqual([true, false])
  })

  test('a body that cannot be read ends everything: the stricter reading', async () => {
    const { path } = await somebody('dan')
    await fetch(shop.url + path, { method: 'POST', headers: { 'content-type': 'text/html' }, body: 'do=save' })
    expect(await consentsOf('dan', 'email')).toEqual({ '*': 'withdrawn' })
    expect(await consentsOf('dan', 'sms')).toEqual({ '*': 'withdrawn' })
  })

  test('a number that answered STOP stays closed, whatever is ticked', async () => {
    const { path } = await somebody('eve')
    const hash = shop.world.vault.lookupHash('phone', '+442079460958')
    await shop.world.database.pool.query(`INSERT INTO suppressions VALUES ('sms', $1, 'stop', 'STOP', now())`, [hash])
    expect(await page(path)).toContain('You answered STOP')
    await save(path, 'email:news', 'email:offers', 'sms:offers')
    expect(await consentsOf('eve', 'sms')).toEqual({})
    await shop.world.database.pool.query('DELETE FROM suppressions')
  })
})

test('a choice holds for a message that is already in hand: it is refused at the last check', async () => {
  const { path } = await somebody('fay')
  const id = await shop.customerId('fay')
  const messageId = randomUUID()
  await shop.world.database.pool.query(
    `INSERT INTO messages (id, customer_id, journey, version, step, entry_number, visit, channel, message_class, topic,
                           template, status, planned_at)
     VALUES ($1, $2, 'welcome', 'v', 'nudge', 1, 0, 'email', 'marketing', 'offers', 'hello', 'planned', now())`,
    [messageId, id],
  )
  const ledger = createLedger(shop.world.database)
  const holder = { owner: 'test', attempt: '1' }
  const nowMs = shop.world.clock.nowMs()
  const claim = await ledger.claim(messageId, holder, nowMs)
  if (claim.outcome !== 'claimed') throw new Error(claim.outcome)
  await save(path, 'email:news')
  const last = await ledger.transmit(claim, holder, nowMs, 1_000, ({ contact }) =>
    contact.email.consents['offers'] === 'withdrawn'
      ? { allowed: false, rule: 'consent', notBeforeMs: null, detail: {} }
      : { allowed: true },
  )
  expect(last).toEqual({ outcome: 'refused', reason: 'consent' })
})

const program = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
)
if (!program) console.warn('No Chromium is installed: the preference page is not looked at in a browser.')

describe.skipIf(program === undefined)('in a browser without script', () => {
  let browser: Browser
  beforeAll(async () => {
    const args = [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
    ]
    browser = await chromium.launch({ executablePath: program ?? '', args })
  })
  afterAll(() => browser.close())

  test('can be used with the keyboard alone, and fits a telephone', async () => {
    const { path } = await somebody('gil')
    const context = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 360, height: 740 } })
    const tab = await context.newPage()
    await tab.goto(shop.url + path)
    await picture(tab, 'before')
    await tab
      .getByRole('checkbox', { name: /Offers/ })
      .first()
      .focus()
    await tab.keyboard.press('Space')
    await tab.getByRole('button', { name: 'Save my choices' }).focus()
    await tab.keyboard.press('Enter')
    await tab.getByRole('status').waitFor()
    expect(await tab.getByRole('status').textContent()).toContain('Saved.')
    expect(
      await tab
        .getByRole('group', { name: 'E-mail' })
        .getByRole('checkbox', { name: /Offers/ })
        .isChecked(),
    ).toBe(false)
    await picture(tab, 'after')
    await tab.setViewportSize({ width: 1100, height: 900 })
    await picture(tab, 'wide')
    await context.close()
    expect(await shop.history('gil')).toEqual(['email offers withdrawn (page)'])
  })

  /** For whoever wants to look: PERENNIAL_PICTURES names a folder. */
  async function picture(tab: Page, name: string): Promise<void> {
    const folder = process.env['PERENNIAL_PICTURES']
    if (!folder) return
    mkdirSync(folder, { recursive: true })
    await tab.screenshot({ path: join(folder, `preferences-${name}.png`), fullPage: true })
  }
})

test('the page switches measuring off and on; a form that did not ask says nothing of it', async () => {
  const { path } = await somebody('measured')
  const said = async (): Promise<string[]> =>
    (await shop.history('measured')).filter((word) => word.startsWith('tracking'))
  const box = /name="measured" value="on"( checked)?>/
  expect(box.exec(await page(path))?.[1]).toBe(' checked')
  expect(box.exec(await save(path, 'email:news', 'measured-shown'))?.[1]).toBeUndefined()
  await save(path, 'email:news')
  expect(await said()).toEqual(['tracking * withdrawn (page)'])
  await save(path, 'email:news', 'measured-shown', 'measured')
  expect(await said()).toEqual(['tracking * withdrawn (page)', 'tracking * granted (page)'])
  expect(box.exec(await page(path))?.[1]).toBe(' checked')
})
