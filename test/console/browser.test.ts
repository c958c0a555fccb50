/** The console in a real browser: a shop's event is sent, somebody signs in, and sees the customer. */

import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Installation, startInstallation } from '../../src/embedded/supervisor.ts'
import { consoleLoginUrl } from '../../src/store/links.ts'
import { loadMasterKey, Vault } from '../../src/store/vault.ts'

const program = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
)
if (!program) console.warn('No Chromium is installed: the tests of the console in a browser are skipped.')

/** Nothing but the page: no sandbox as root, no calls home. */
const quiet = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking']

describe.skipIf(program === undefined)('the console in a browser', () => {
  const home = mkdtempSync(join(tmpdir(), 'perennial-test-'))
  let installation: Installation
  let browser: Browser

  beforeAll(async () => {
    installation = await startInstallation({ home: join(home, 'home'), port: 0, processes: ['api', 'intake'] })
    browser = await chromium.launch({ executablePath: program ?? '', args: quiet })
  })

  afterAll(async () => {
    await browser.close()
    await installation.stop()
    rmSync(home, { recursive: true, force: true })
  })

  it('shows a customer whom the shop has just told about, to somebody who is signed in and to nobody else', async () => {
    await identify('ada', 'ada@inbox.example')
    const page = await browser.newPage()
    const troubles: string[] = []
    page.on('pageerror', (error) => troubles.push(error.message))

    await page.goto(installation.url)
    expect(await page.textContent('body')).not.toContain('Newest customers')

    const vault = new Vault(loadMasterKey(installation.home, undefined))
    await page.goto(consoleLoginUrl(vault, installation.url, 60_000))
    await page.getByRole('link', { name: 'ada', exact: true }).click()
    const shown = (await page.textContent('body')) ?? ''
    expect(shown).toContain('acquire')
    expect(shown).not.toContain('ada@inbox.example') // Masked: who may see addresses is asked for elsewhere.
    expect(troubles).toEqual([])
  })

  it('lets a marketer save a segment, change it, bring its words back, archive it and bring it back', async () => {
    const page = await browser.newPage()
    const vault = new Vault(loadMasterKey(installation.home, undefined))
    await page.goto(consoleLoginUrl(vault, installation.url, 60_000))
    // It leads on by itself; whoever goes elsewhere before would be fetched back.
    await page.waitForURL(`${installation.url}/`)
    const press = async (name: string): Promise<void> => {
      await Promise.all([page.waitForEvent('load'), page.getByRole('button', { name, exact: true }).click()])
    }
    const follow = (name: string): Promise<void> => page.getByRole('link', { name, exact: true }).click()
    const words = page.getByLabel('The segment, in YAML')
    await page.goto(`${installation.url}/segments`)
    await follow('Make a new one')

    // What is wrong is told with line, value and rule, and nothing of what was typed is lost.
    await page.getByLabel('Id').fill('Two Words')
    await words.fill('name: Everybody\nif:\n  orders.count: { at_least: many }\n')
    await press('Save …')
    expect(await page.getByRole('alert').textContent()).toContain('line 3: if.orders.count.at_least "many"')
    await words.fill('name: Everybody\nif: { orders.count: { at_least: 0 } }\n')
    await press('Save …')
    expect(await page.getByRole('alert').textContent()).toContain('id "Two Words": must be 1 to 64')
    await page.getByLabel('Id').fill('everybody')
    await press('Save …')
    expect(await page.textContent('h1')).toBe('Save this segment?')
    await press('Save it')
    expect(page.url()).toBe(`${installation.url}/segments/everybody`)

    await follow('Change it')
    await words.fill('name: Buyers\nif: { orders.count: { at_least: 1 } }\n')
    await press('Save …')
    expect(await page.textContent('main')).toContain('Everybody')
    await press('Publish the change')
    expect(await page.textContent('h1')).toBe('Buyers')

    await follow('Bring it back')
    expect(await words.inputValue()).toContain('Everybody')
    await press('Save …')
    await press('Publish the change')
    expect(await page.textContent('h1')).toBe('Everybody')

    await follow('archive it')
    await press('Archive it')
    expect(page.url()).toBe(`${installation.url}/segments`)
    await page.getByRole('row', { name: 'everybody' }).getByRole('link', { name: 'Bring it back' }).click()
    await press('Save …')
    await press('Save it')
    expect(await page.textContent('h1')).toBe('Everybody')
  })

  async function identify(userId: string, email: string): Promise<void> {
    const authorization = `Basic ${Buffer.from(`${installation.firstKeys?.writeKey}:`).toString('base64')}`
    const admin = { authorization: `Bearer ${installation.firstKeys?.adminToken}` }
    const response = await fetch(`${installation.url}/v1/identify`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization },
      body: JSON.stringify({ userId, traits: { email } }),
    })
    expect(response.status).toBe(200)
    const total = async (): Promise<number> => {
      const answer = await fetch(`${installation.url}/api/customers?search=${userId}`, { headers: admin })
      return ((await answer.json()) as { total: number }).total
    }
    await expect.poll(total, { timeout: 60_000 }).toBe(1)
  }
})
