/** Surveys, as people and scanners answer them. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { surveyUrl } from '../../src/store/links.ts'
import { customerId, live, plant } from './support/people.ts'
import { startTestServer, type TestServer } from './support/test-server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

const asked = { survey: 'ask', survey_question: 'Would you recommend <us>?', survey_scale: 'nps', survey_trait: 'nps' }

let person = 0
async function somebody(data: object = asked): Promise<{ readonly id: string; readonly messageId: string }> {
  const userId = `s${person++}`
  await live(server, [{ type: 'identify', userId, traits: { email: `${userId}@example.org` } }])
  const id = await customerId(server, userId)
  const messageId = await plant(server, { customerId: id, step: 'ask' })
  await server.database.pool.query('UPDATE messages SET data = $2 WHERE id = $1', [messageId, data])
  return { id, messageId }
}

const link = (messageId: string, score?: number): string => surveyUrl(server.vault, server.url, messageId, score)

function answer(url: string, body: string): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body,
  })
}

async function factsOf(id: string): Promise<{ readonly traits: object; readonly answers: number }> {
  await live(server, [{ type: 'track', userId: 'nobody', event: 'Tick' }])
  const { rows } = await server.database.pool.query<{ traits: object; answers: number }>(
    `SELECT traits, (SELECT count(*)::int FROM events WHERE customer_id = c.id AND name = 'Survey Answered') AS answers
     FROM customers c WHERE id = $1`,
    [id],
  )
  return rows[0]!
}

test('following a link answers nothing, also for a scanner that follows all of them', async () => {
  const { id, messageId } = await somebody()
  for (const score of [0, 5, 10]) expect((await fetch(link(messageId, score))).status).toBe(200)
  expect(await factsOf(id)).toEqual({ traits: {}, answers: 0 })
})

test('an answer is a trait and an event, once, however often it is sent', async () => {
  const { id, messageId } = await somebody()
  for (let i = 0; i < 3; i++) expect((await answer(link(messageId), 'score=9')).status).toBe(200)
  expect(await factsOf(id)).toEqual({ traits: { nps: 9 }, answers: 1 })
})

test('another answer later replaces the trait', async () => {
  const { id, messageId } = await somebody()
  await answer(link(messageId), 'score=9')
  server.time.nowMs += 60_000
  await answer(link(messageId), 'score=2')
  expect((await factsOf(id)).traits).toEqual({ nps: 2 })
})

test('the answer of somebody whom the shop knows by address alone arrives too', async () => {
  await live(server, [{ type: 'identify', anonymousId: 'a1', traits: { email: 'only@example.org' } }])
  const { rows } = await server.database.pool.query<{ customer_id: string }>(
    `SELECT customer_id FROM identities WHERE kind = 'anonymous' AND value = 'a1'`,
  )
  const id = rows[0]!.customer_id
  const messageId = await plant(server, { customerId: id, step: 'ask' })
  await server.database.pool.query('UPDATE messages SET data = $2 WHERE id = $1', [messageId, asked])
  expect((await answer(link(messageId), 'score=10')).status).toBe(200)
  expect(await factsOf(id)).toEqual({ traits: { nps: 10 }, answers: 1 })
})

describe('refused, and nothing changes:', () => {
  test.each(['score=11', 'score=-1', 'score=', 'score=9.5', 'score=1e1', 'other=9', ''])('%j', async (body) => {
    const { id, messageId } = await somebody()
    expect((await answer(link(messageId), body)).status).toBe(400)
    expect(await factsOf(id)).toEqual({ traits: {}, answers: 0 })
  })

  test('a link that is not ours, or of a message that asked nothing', async () => {
    const { messageId } = await somebody({})
    expect((await answer(link(messageId), 'score=9')).status).toBe(404)
    const whole = link((await somebody()).messageId)
    expect((await answer(whole.slice(0, -1), 'score=9')).status).toBe(404)
    const other = whole.replace(/\/s\/(.)/, (_all, digit: string) => `/s/${digit === '0' ? '1' : '0'}`)
    expect((await answer(other, 'score=9')).status).toBe(404)
  })
})

test('the page shows the question as text, and runs no script but its own', async () => {
  const { messageId } = await somebody()
  const response = await fetch(link(messageId, 9))
  const page = await response.text()
  expect(page).toContain('Would you recommend &lt;us&gt;?')
  expect(page).not.toContain('<us>')
  expect(response.headers.get('content-security-policy')).toMatch(/script-src 'nonce-[^']+'/)
})
