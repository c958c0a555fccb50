/** Templates written in the console: seen, checked as their files would be, published once, by admins only. */

import { afterAll, beforeAll, expect, test } from 'vitest'
import { createApiKey } from '../../src/store/api-keys.ts'
import { publishCampaigns } from '../../src/store/publishing/publish-campaigns.ts'
import { startTestServer, type TestServer } from '../api/support/test-server.ts'
import { type CampaignDirectory, campaignDirectory } from '../store/support/campaign-directory.ts'
import { signIn } from './support/sign-in.ts'

let server: TestServer
let directory: CampaignDirectory
let admin: string
let marketer: string

beforeAll(async () => {
  server = await startTestServer()
  directory = campaignDirectory({
    'templates/asks.email.txt': '---\nsubject: Which?\n---\n{{ survey.question }} {{ survey.url }}',
    'templates/soon.sms.txt': 'Soon.',
    'journeys/ask.yaml': `
name: Ask
topic: news
entry: [ { type: api } ]
steps:
  - { id: which, type: survey, template: asks, question: Which?, scale: nps, timeout: 2 days, on_timeout: end }
`,
  })
  await publishCampaigns(server.database, directory.path, server.time.nowMs)
  admin = await signIn(server, server.adminToken)
  marketer = await signIn(server, (await createApiKey(server.database, { kind: 'marketer', name: 'Marta' })).key)
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

async function ask(path: string, form?: Record<string, string>, cookie = admin): Promise<Answer> {
  const post = form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }
  const response = await fetch(server.url + path, { redirect: 'manual', headers: { cookie }, ...post })
  return { status: response.status, text: await response.text(), location: response.headers.get('location') }
}

const spring = {
  id: 'spring',
  replaces: '',
  channel: 'email',
  subject: 'Spring: "{{ customer.firstName }}"',
  html: '<p>Hello {{ customer.firstName }}\r\n</p>',
  text: 'Hello',
}

const inForce = async (key: string): Promise<{ version: string; subject: string; html: string | null } | undefined> =>
  (
    await server.database.pool.query<{ version: string; subject: string; html: string | null }>(
      `SELECT version, subject, html FROM templates WHERE key = $1 AND status = 'live'`,
      [key],
    )
  ).rows[0]

test('one is written, seen before anything is kept, asked about, published, changed and translated', async () => {
  expect((await ask('/templates/new')).text).toContain('{{ unsubscribe_url }}')
  const drawn = await ask('/templates/draft', spring)
  expect(drawn.text).toContain('<p>Hello Ada')
  expect(drawn.text).toContain('Spring: &quot;Ada&quot;')
  expect((await ask('/templates/draft', { ...spring, html: '<p>{% if %}</p>' })).text).toContain('cannot be rendered')
  expect((await ask('/templates/draft', { ...spring, html: '<b>anew</b>' })).text).toContain('<b>anew</b>')
  const asked = await ask('/templates/save', spring)
  expect(asked.text).toMatch(/Publish spring\?[\s\S]*may be missing[\s\S]*Nothing sends it yet/)
  expect(await inForce('spring')).toBeUndefined()
  expect(await ask('/templates/save', { ...spring, step: 'publish' })).toMatchObject({ location: '/templates/spring' })
  const first = await inForce('spring')
  expect(first).toMatchObject({ subject: spring.subject, html: '<p>Hello {{ customer.firstName }}\n</p>' })

  expect((await ask('/templates/new?from=spring')).text).toContain(`name="replaces" value="${first?.version}"`)
  const change = { ...spring, html: '', replaces: first?.version ?? '', step: 'publish' }
  const ten = await Promise.all(
    Array.from({ length: 10 }, (_, i) => ask('/templates/save', { ...change, text: `To ${i}` })),
  )
  expect(ten.map(({ status }) => status).sort((a, b) => a - b)).toEqual([303, ...Array<number>(9).fill(400)])
  expect(ten.find(({ status }) => status === 400)?.text).toContain('somebody else changed it meanwhile')
  expect((await inForce('spring'))?.html).toBeNull()

  expect((await ask('/templates/new?translate=spring')).text).toContain('value="spring."')
  const german = { ...spring, id: 'spring.de', subject: 'Frühling', step: 'publish' }
  expect((await ask('/templates/save', german)).status).toBe(303)
  expect((await ask('/templates/spring?locale=de')).text).toContain('<strong>Frühling</strong>')
  const text = { id: 'news-sms', replaces: '', channel: 'sms', text: 'News. Reply STOP to end.', step: 'publish' }
  expect((await ask('/templates/save', text)).status).toBe(303)
  const { rows } = await server.database.pool.query(
    `SELECT detail ->> 'what' AS what FROM audit_entries WHERE action = 'publish' AND actor <> 'cli' ORDER BY id`,
  )
  expect(rows.map(({ what }: { what: string }) => what)).toEqual([
    'template spring',
    'template spring',
    'template spring.de',
    'template news-sms',
  ])
})

test('what is wrong is said with its place, and nothing is kept', async () => {
  const asks = await inForce('asks')
  for (const [change, words] of [
    [{ id: 'Two Words' }, 'must be 1 to 64'],
    [{ id: 'spring.german' }, 'must be the id, a dot and the language'],
    [{ id: 'nothing.de' }, 'there is no template &quot;nothing&quot;'],
    [{ id: 'soon' }, 'there is a template &quot;soon&quot; already'],
    [{ id: 'soon.de' }, 'keeps its channel'],
    [{ id: 'new', html: '<p>\n{{ customr.firstName }}</p>' }, 'HTML, line 2: '],
    [{ id: 'new', text: 'a\nb\n{% if %}' }, 'text, line 3: '],
    [{ id: 'new', text: ' ' }, 'every email has a plain text'],
    [{ id: 'new', subject: '' }, 'subject: '],
    [{ id: 'asks', replaces: asks?.version ?? '', html: '', text: 'No question' }, 'journey ask, '],
  ] as const) {
    const answer = await ask('/templates/save', { ...spring, ...change, step: 'publish' })
    expect([change, answer.status]).toEqual([change, 400])
    expect(answer.text).toContain(words)
  }
  expect(await inForce('new')).toBeUndefined()
  expect(await inForce('asks')).toEqual(asks)
})

test('others look, and do not write', async () => {
  for (const [path, form] of [
    ['/templates/new', undefined],
    ['/templates/draft', spring],
    ['/templates/save', { ...spring, id: 'theirs', step: 'publish' }],
  ] as const) {
    expect((await ask(path, form, marketer)).status).toBe(403)
    expect((await ask(path, form, '')).status).toBe(303)
  }
  expect((await ask('/templates', undefined, marketer)).text).not.toContain('Write a new one')
  expect(await inForce('theirs')).toBeUndefined()
})
