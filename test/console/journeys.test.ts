/** Journeys in the console: the list, the drawing with people on it, the versions. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { publishCampaigns } from '../../src/store/publishing/publish-campaigns.ts'
import { startTestServer, type TestServer } from '../api/support/test-server.ts'
import { firstVersion, plantInFlight, secondVersion } from '../journeys/support/shop.ts'
import { type CampaignDirectory, campaignDirectory } from '../store/support/campaign-directory.ts'
import { signIn } from './support/sign-in.ts'

const byTheClock = `
name: Hours
topic: news
entry: [ { type: api } ]
steps:
  - { id: rest, type: delay, for: 2 days, until: "09:30" }
  - { id: morning, type: delay, until: "08:05" }
  - { id: open, type: time-window, from: "10:00", to: "18:30", days: [mon, sat] }
`

let server: TestServer
let directory: CampaignDirectory
let cookie: string

beforeAll(async () => {
  server = await startTestServer()
  directory = campaignDirectory({
    'journeys/course.yaml': firstVersion.replace('name: Course', 'name: "Course <b>for</b> all"'),
  })
  directory.write({ 'journeys/hours.yaml': byTheClock })
  await publishCampaigns(server.database, directory.path, server.time.nowMs)
  const rows = async <Row extends object>(sql: string, values?: readonly unknown[]): Promise<Row[]> =>
    (await server.database.pool.query(sql, values as unknown[])).rows as Row[]
  const sinceMs = server.time.nowMs
  await plantInFlight({ rows }, [{ step: 'late', count: 2, sinceMs, wakeMs: null }])
  directory.write({ 'journeys/course.yaml': secondVersion })
  await publishCampaigns(server.database, directory.path, server.time.nowMs)
  await plantInFlight({ rows }, [{ step: 'think', count: 7, sinceMs: sinceMs + 1, wakeMs: null }])
  cookie = await signIn(server, server.adminToken)
})
afterAll(async () => {
  directory.remove()
  await server.close()
})

async function page(path: string, as = cookie): Promise<{ status: number; text: string }> {
  const response = await fetch(server.url + path, { redirect: 'manual', headers: { cookie: as } })
  return { status: response.status, text: await response.text() }
}

test('nobody sees them without signing in', async () => {
  for (const path of ['/journeys', '/journeys/course']) expect((await page(path, '')).status).toBe(303)
})

test('the list tells status, version and people in flight', async () => {
  const { status, text } = await page('/journeys')
  expect(status).toBe(200)
  expect(text).toMatch(/href="\/journeys\/course">Course<\/a>[\s\S]*live[\s\S]*>2<[\s\S]*>9<[\s\S]*>2</)
})

test('a journey is drawn with every step and who stands there; people on former versions are told apart', async () => {
  const { status, text } = await page('/journeys/course')
  expect(status).toBe(200)
  for (const step of ['rest', 'hello', 'think', 'pause', 'done']) expect(text).toContain(`>${step}</text>`)
  expect(text).toContain('Who comes in, and when it ends')
  expect(text).toContain('href="/messages?journey=course"')
  expect(text).toMatch(/<a href="\/templates\/[^"]+"><text/)
  expect(text).toMatch(/>think<\/text>[\s\S]*class="count">7<\/text>/)
  expect(text).toMatch(/On former versions[\s\S]*>late<\/td>\s*<td class="number">2</)
  expect(text).toContain('2 stayed, 0 moved, 0 left')
  expect(text).not.toContain('<b>for</b>')
  const folder = process.env['PERENNIAL_PICTURES']
  if (folder !== undefined) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(`${folder}/journey.html`, text)
  }
})

test('waits are told in words: how long, until when, on which days', async () => {
  const { text } = await page('/journeys/hours')
  for (const words of ['Delay 2 days, then until 09:30', 'Delay until 08:05', 'Only 10:00 to 18:30, Mon, Sat']) {
    expect(text).toContain(words)
  }
})

test('a journey that there is not is told so', async () => {
  expect((await page('/journeys/other')).status).toBe(404)
  expect((await page('/journeys/%00')).status).toBe(404)
})

async function submit(path: string, fields: Record<string, string>, as = cookie): Promise<Response> {
  const body = new URLSearchParams(fields)
  return fetch(server.url + path, { method: 'POST', redirect: 'manual', headers: { cookie: as }, body })
}

test('what was not done lately is told with its reason', async () => {
  await server.database.pool.query(
    `INSERT INTO decision_records (customer_id, decided_at, kind, journey, step, outcome, rule)
     SELECT gen_random_uuid(), now(), kind, 'course', step, outcome, rule
       FROM (VALUES ('entry', NULL, 'done', 'entry:api'), ('message', 'hello', 'postponed', 'quiet-hours'),
                    ('message', 'hello', 'refused', 'cap:email'), ('entry', NULL, 'refused', 'reentry:never'))
         AS given (kind, step, outcome, rule), generate_series(1, 3)`,
  )
  const { text } = await page('/journeys/course')
  expect(text).toMatch(/<dt>entered<\/dt><dd>3<\/dd>/)
  expect(text).toMatch(
    />hello<\/td><td>it is night where they live<\/td>\s*<td class="soft">put off<\/td><td class="number">3</,
  )
  expect(text).toContain('they have had as many as they may for now')
  expect(text).toContain('they have been in it before, and it lets people in once')
})

test('a journey is paused after a page that says whom it concerns, and goes on the same way', async () => {
  expect((await page('/journeys/course')).text).toContain('href="/journeys/course/pause"')
  const asked = await page('/journeys/course/pause')
  expect(asked.text).toMatch(/>9<\/strong>[\s\S]*people are in flight/)
  expect((await page('/journeys/course')).text).not.toContain('paused since') // To ask is to change nothing.
  expect((await submit('/journeys/course/pause', {})).status).toBe(303)
  expect((await page('/journeys/course')).text).toContain('paused since')

  expect((await submit('/journeys/course/resume', { spread: 'soon' })).status).toBe(400)
  expect((await page('/journeys/course')).text).toContain('paused since')
  expect((await submit('/journeys/course/resume', { spread: '6 hours' })).status).toBe(303)
  expect((await page('/journeys/course')).text).not.toContain('paused since')
  const { rows } = await server.database.pool.query('SELECT spread_ms FROM journey_states')
  expect(rows).toEqual([{ spread_ms: 6 * 3_600_000 }])
})

test('nobody changes anything without signing in', async () => {
  for (const path of ['pause', 'resume', 'versions/1']) {
    const response = await submit(`/journeys/course/${path}`, { in_flight: 'exit' }, '')
    expect([response.status, response.headers.get('location')]).toEqual([303, '/login'])
  }
  expect((await page('/journeys/course')).text).toContain('<h2>Version 2</h2>')
})

test('a former version comes back after a preview of what changes and what becomes of people in flight', async () => {
  const { status, text } = await page('/journeys/course/versions/1')
  expect(status).toBe(200)
  expect(text).toContain('Step late')
  expect(text).toMatch(/value="stay" checked[\s\S]*7 stay, 0 move, 0 leave/)
  expect(text).toMatch(/value="exit"[\s\S]*0 stay, 0 move, 7 leave/)
  expect((await page('/journeys/course/versions/9')).status).toBe(404)

  expect((await submit('/journeys/course/versions/1', { in_flight: 'perhaps' })).status).toBe(409)
  expect((await submit('/journeys/course/versions/1', { in_flight: 'exit' })).status).toBe(303)
  const after = (await page('/journeys/course')).text
  expect(after).toContain('<h2>Version 3</h2>')
  expect(after).toContain('0 stayed, 0 moved, 7 left')
  expect(after).toContain('brings back 1')
})

const course =
  'name: Evening course\ntopic: news\nentry: [ { type: api } ]\nsteps:\n  - { id: rest, type: delay, for: 3 days }\n'

test('a new journey is drawn before it is published, and what is wrong is said with its line', async () => {
  expect((await page('/journeys')).text).toContain('href="/journeys/new"')
  const bad = await submit('/journeys/save', {
    id: 'evening',
    replaces: '',
    document: course.replace('3 days', 'soon'),
  })
  expect(bad.status).toBe(400)
  expect(await bad.text()).toMatch(/line 5: steps/)
  const lost = course.replace('type: delay, for: 3 days', 'type: email, template: none-such')
  const refused = await submit('/journeys/save', { id: 'evening', replaces: '', document: lost })
  expect([refused.status, (await refused.text()).includes('none-such')]).toEqual([400, true])

  const fields = { id: 'evening', replaces: '', document: course }
  const look = await (await submit('/journeys/save', fields)).text()
  expect(look).toContain('Publish Evening course?')
  expect(look).toContain('>rest</text>')
  expect((await page('/journeys/evening')).status).toBe(404) // To look is to change nothing.
  expect((await submit('/journeys/save', { ...fields, step: 'publish' })).headers.get('location')).toBe(
    '/journeys/evening',
  )
  expect((await page('/journeys/evening')).text).toContain('<h2>Version 1</h2>')
  expect((await submit('/journeys/save', { ...fields, step: 'publish' })).status).toBe(409)
})

test('a change shows what becomes of people in flight, and is refused if somebody was faster', async () => {
  const form = (await page('/journeys/new?from=evening')).text
  const replaces = /name="replaces" value="([^"]+)"/.exec(form)?.[1] ?? ''
  const document = course.replace('3 days', '4 days')
  const look = await (await submit('/journeys/save', { id: 'evening', replaces, document })).text()
  expect(look).toMatch(/from version 1[\s\S]*value="stay" checked/)
  const publish = { id: 'evening', replaces, document, step: 'publish' }
  expect((await submit('/journeys/save', { ...publish, in_flight: 'perhaps' })).status).toBe(409)
  expect((await submit('/journeys/save', { ...publish, in_flight: 'stay' })).status).toBe(303)
  expect((await page('/journeys/evening')).text).toContain('<h2>Version 2</h2>')
  const late = await submit('/journeys/save', { ...publish, in_flight: 'stay', document: course })
  expect([late.status, (await late.text()).includes('meanwhile')]).toEqual([409, true])
  expect((await submit('/journeys/save', publish, '')).headers.get('location')).toBe('/login')
})

test('of ten who publish at once one does, be it a new journey or a change', async () => {
  const statuses = async (fields: (i: number) => Record<string, string>): Promise<number[]> =>
    (await Promise.all(Array.from({ length: 10 }, (_, i) => submit('/journeys/save', fields(i)))))
      .map(({ status }) => status)
      .sort((a, b) => a - b)
  const one = [303, ...Array.from({ length: 9 }, () => 409)]
  const wish = { id: 'rush', step: 'publish', in_flight: 'stay' }
  const document = (days: number): string => course.replace('3 days', `${days} days`)
  expect(await statuses((i) => ({ ...wish, replaces: '', document: document(i + 1) }))).toEqual(one)
  const replaces = /name="replaces" value="([^"]+)"/.exec((await page('/journeys/new?from=rush')).text)?.[1] ?? ''
  expect(await statuses((i) => ({ ...wish, replaces, document: document(i + 21) }))).toEqual(one)
  expect((await page('/journeys/rush')).text).toContain('<h2>Version 2</h2>')
})
