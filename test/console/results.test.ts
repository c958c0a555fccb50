/** The page of results: outcomes, comparisons with their intervals, offers, and a proposal that changes nothing. */

import { afterAll, beforeAll, expect, test } from 'vitest'
import { intervalPlot } from '../../src/console/interval-plot.ts'
import { publishCampaigns } from '../../src/store/publishing/publish-campaigns.ts'
import { customerId, live, plant } from '../api/support/people.ts'
import { startTestServer, type TestServer } from '../api/support/test-server.ts'
import { type CampaignDirectory, campaignDirectory } from '../store/support/campaign-directory.ts'
import { signIn } from './support/sign-in.ts'

let server: TestServer
let cookie: string
let directory: CampaignDirectory

beforeAll(async () => {
  server = await startTestServer()
  directory = campaignDirectory({})
  cookie = await signIn(server, server.adminToken)
})
afterAll(async () => {
  directory.remove()
  await server.close()
})

async function ask(
  path: string,
  form?: Record<string, string>,
  as = cookie,
): Promise<{ status: number; text: string }> {
  const body = form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }
  const response = await fetch(server.url + path, { redirect: 'manual', headers: { cookie: as }, ...body })
  return { status: response.status, text: await response.text() }
}

test('it is empty in words before anything was sent, and tells what messages did afterwards', async () => {
  expect((await ask('/results', undefined, '')).status).toBe(303)
  const unpublished = await ask('/results')
  expect(unpublished.status).toBe(409)
  expect(unpublished.text).toContain('<h1>campaigns: nothing is published yet')
  await publishCampaigns(server.database, directory.path, server.time.nowMs)
  const before = await ask('/results')
  expect(before.status).toBe(200)
  for (const words of ['Nothing can be compared yet', 'Nothing was sent in these days', 'No offers are in force'])
    expect(before.text).toContain(words)
  const timestamp = new Date(server.time.nowMs + 60_000).toISOString()
  const order = { orderId: 'o1', revenue: 19.9, currency: 'EUR' }
  await live(server, [{ type: 'identify', userId: 'ann', traits: {} }])
  await plant(server, { customerId: await customerId(server, 'ann') })
  server.time.nowMs += 120_000
  await live(server, [{ type: 'track', userId: 'ann', event: 'Order Completed', timestamp, properties: order }])
  const after = await ask('/results?days=7')
  expect(after.text).toMatch(/href="\/journeys\/welcome"[\s\S]*>1<\/td>[\s\S]*1 <span class="soft">100 %[\s\S]*€19\.90/)
})

test('a proposal says in words what is wrong with the question, or that nothing is known yet', async () => {
  for (const [form, words] of [
    [{ budget: 'much', by: 'stage', margin: '40' }, 'Budget: must be an amount'],
    [{ budget: '100', by: 'stage', margin: '400' }, 'from 0 to 100 percent'],
    [{ budget: '100', by: 'moon', margin: '40' }, 'by: '],
  ] as const) {
    const { status, text } = await ask('/results', form)
    expect([status, text.includes(words)]).toEqual([400, true])
  }
  expect((await ask('/results', { budget: '100,50', by: 'stage', margin: '40' })).text).toContain(
    'Nothing is known yet of what offers bring',
  )
})

test('an interval that holds nothing is neither better nor worse', () => {
  const plot = intervalPlot([
    { label: 'good', note: '', difference: 0.02, interval: [0.01, 0.03] },
    { label: 'open', note: '', difference: 0.01, interval: [-0.01, 0.03] },
    { label: '<bad>', note: '', difference: -0.02, interval: [-0.03, -0.01] },
  ]).text
  expect([...plot.matchAll(/<g class="(\w*)">/g)].map(([, side]) => side)).toEqual(['better', '', 'worse'])
  expect(plot).toContain('&lt;bad&gt;')
  expect(plot).toContain('+2.0 %')
})
