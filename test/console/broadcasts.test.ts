/** Broadcasts in the console: written, asked about once more, sent and ended; by admins only. */

import { afterAll, beforeAll, expect, test } from 'vitest'
import { createApiKey } from '../../src/store/api-keys.ts'
import { publishCampaigns } from '../../src/store/publishing/publish-campaigns.ts'
import { live } from '../api/support/people.ts'
import { startTestServer, type TestServer } from '../api/support/test-server.ts'
import { type CampaignDirectory, campaignDirectory } from '../store/support/campaign-directory.ts'
import { signIn } from './support/sign-in.ts'

let server: TestServer
let directory: CampaignDirectory
let cookie: string
let marketerCookie: string

beforeAll(async () => {
  server = await startTestServer()
  directory = campaignDirectory({
    'templates/spring.email.html':
      '---\nsubject: Spring is here\n---\n<style>p{color:green}</style><p>Spring, {{ customer.firstName | default: "you" }}</p>',
    'templates/spring.email.txt': 'Spring, {{ customer.firstName | default: "you" }}',
  })
  await publishCampaigns(server.database, directory.path, server.time.nowMs)
  cookie = await signIn(server, server.adminToken)
  marketerCookie = await signIn(server, (await createApiKey(server.database, { kind: 'marketer', name: 'Marta' })).key)
})
afterAll(async () => {
  directory.remove()
  await server.close()
})

interface Answer {
  readonly status: number
  readonly text: string
  readonly location: string | null
}

async function ask(path: string, form?: Record<string, string>, as = cookie): Promise<Answer> {
  const body = form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }
  const response = await fetch(server.url + path, { redirect: 'manual', headers: { cookie: as }, ...body })
  return { status: response.status, text: await response.text(), location: response.headers.get('location') }
}

const written = 'name: Spring <b>sale</b>\ntopic: offers\ntemplate: spring\n'

test('a draft is written, changed, looked at before it leaves, and ended', async () => {
  expect((await ask('/broadcasts/new')).text).toContain('name: Spring sale')
  const kept = await ask('/broadcasts/new', { id: 'spring', replaces: '', document: written })
  expect(kept.location).toBe('/broadcasts/spring')
  const page = await ask('/broadcasts/spring')
  expect(page.text).toContain('Spring &lt;b&gt;sale&lt;/b&gt;')
  expect(page.text).toContain('href="/broadcasts/spring/start"')
  const replaces = /name="replaces" value="(\w+)"/.exec((await ask('/broadcasts/new?from=spring')).text)?.[1] ?? ''
  const changed = { id: 'spring', replaces, document: written.replace('offers', 'news') }
  expect((await ask('/broadcasts/new', changed)).status).toBe(303)
  expect((await ask('/broadcasts/new', { ...changed, document: written })).text).toContain('meanwhile')
  expect((await ask('/broadcasts/new?from=spring')).text).toContain('topic: news')
  const question = await ask('/broadcasts/spring/start')
  expect(question.text).toMatch(/<strong class="big">0<\/strong>[\s\S]*consent to\s+news/)
  expect((await ask('/broadcasts/spring/cancel', {})).location).toBe('/broadcasts/spring')
  expect((await ask('/broadcasts/spring')).text).toContain('Cancelled')
  const late = await ask('/broadcasts/spring/start', {})
  expect([late.status, late.text.includes('it cannot be started')]).toEqual([409, true])
  expect((await ask('/broadcasts/new?like=spring')).text).toContain('name="replaces" value=""')
})

test('what is wrong is said with its line, and nothing is kept', async () => {
  const bad = {
    id: 'autumn',
    replaces: '',
    document: 'name: Autumn\ntopic: offers\ntemplate: none-such\nhold_out: 7\n',
  }
  const refused = await ask('/broadcasts/new', bad)
  expect(refused.status).toBe(400)
  expect(refused.text).toMatch(/line 4: hold_out/)
  const unknown = await ask('/broadcasts/new', { ...bad, document: bad.document.replace('hold_out: 7\n', '') })
  expect(unknown.text).toMatch(/line 3: template.*none-such.*no published email template/s)
  expect((await ask('/broadcasts/new', { ...bad, id: 'No Good!' })).text).toContain('id:')
  expect((await ask('/broadcasts/autumn')).status).toBe(404)
})

test('of ten who write the same one at once, one does; of ten who change it, one does, and sees what it was', async () => {
  const fields = { id: 'rush', replaces: '', document: written }
  const ten = async (answer: (i: number) => Promise<Answer>): Promise<number[]> =>
    (await Promise.all(Array.from({ length: 10 }, (_, i) => answer(i))))
      .map(({ status }) => status)
      .sort((a, b) => a - b)
  const one = [303, ...Array.from({ length: 9 }, () => 400)]
  expect(
    await ten((i) => ask('/broadcasts/new', { ...fields, document: `${written}expires_after: ${i + 1} days\n` })),
  ).toEqual(one)
  const form = (await ask('/broadcasts/new?from=rush')).text
  const replaces = /name="replaces" value="(\w+)"/.exec(form)?.[1] ?? ''
  const changed = (i: number): string => `${written}expires_after: ${i + 21} days\n`
  expect(await ten((i) => ask('/broadcasts/new', { ...fields, replaces, document: changed(i) }))).toEqual(one)

  // Who has looked at what it was before sends nothing of what it is now.
  const stale = await ask('/broadcasts/rush/start', { version: replaces })
  expect([stale.status, stale.text.includes('It was changed meanwhile')]).toEqual([409, true])
  expect((await ask('/broadcasts/rush')).text).toContain('Draft, for')
})

test('a second one of the same id is refused, and others may only look', async () => {
  await ask('/broadcasts/new', { id: 'twice', replaces: '', document: written })
  const again = await ask('/broadcasts/new', { id: 'twice', replaces: '', document: written })
  expect([again.status, again.text.includes('there is a broadcast')]).toEqual([400, true])
  for (const path of ['/broadcasts/new', '/broadcasts/twice/start', '/broadcasts/twice/cancel']) {
    expect((await ask(path, undefined, marketerCookie)).status).toBe(403)
  }
  expect((await ask('/broadcasts/twice/cancel', {}, marketerCookie)).status).toBe(403)
  expect((await ask('/broadcasts/twice', undefined, marketerCookie)).text).not.toContain('/broadcasts/twice/start')
  expect((await ask('/broadcasts/twice/start', {}, '')).location).toBe('/login')
})

test('a template is listed with what sends it, and looked at with the eyes of a customer, which is noted', async () => {
  await live(server, [{ type: 'identify', userId: 'u1', traits: { firstName: 'Ida <i>' } }])
  expect((await ask('/templates')).text).toMatch(/href="\/templates\/spring"[\s\S]*href="\/broadcasts\/twice"/)
  expect((await ask('/templates/spring')).text).toContain('As a customer would see it')
  expect((await ask('/templates/spring', undefined, marketerCookie)).text).not.toContain('Send a test')
  const nobody = await ask('/templates/spring', { customer: 'nobody', locale: '' })
  expect(nobody.text).toContain('There is no such customer.')
  const seen = await ask('/templates/spring', { customer: 'u1', locale: '' })
  expect(seen.text).toContain('src="/templates/spring/shown?customer=u1"')
  const shown = await fetch(`${server.url}/templates/spring/shown?customer=u1`, { headers: { cookie } })
  expect(shown.headers.get('content-security-policy')).toContain('sandbox')
  expect(await shown.text()).toContain('Spring, Ida &lt;i&gt;')
  const { rows } = await server.database.pool.query(`SELECT actor FROM audit_entries WHERE action = 'preview'`)
  expect(rows.length).toBe(2)
  expect((await ask('/templates/none-such')).status).toBe(404)
  expect((await ask('/templates/spring/shown?customer=u1', undefined, marketerCookie)).status).toBe(403)
})
