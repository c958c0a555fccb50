/** Unsubscribe links, as people, mail programs and scanners use them. */

import type { PoolClient } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { unsubscribeUrl } from '../../src/store/links.ts'
import { consentsOf, customerId, live, plant } from './support/people.ts'
import { startTestServer, type TestServer } from './support/test-server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

let person = 0
async function somebody(): Promise<{ readonly id: string; readonly link: string; readonly messageId: string }> {
  const userId = `u${person++}`
  await live(server, [
    { type: 'identify', userId, traits: { email: `${userId}@example.org`, consent: { email: true } } },
  ])
  const id = await customerId(server, userId)
  const messageId = await plant(server, { customerId: id })
  return { id, messageId, link: unsubscribeUrl(server.vault, server.url, messageId) }
}

const form = (body: string): RequestInit => ({
  method: 'POST',
  redirect: 'manual',
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body,
})

test('looking at the link changes nothing, also for a scanner that looks twice', async () => {
  const { id, link } = await somebody()
  for (const method of ['GET', 'GET', 'HEAD']) expect((await fetch(link, { method })).status).toBe(200)
  expect(await consentsOf(server, id)).toEqual(['email * granted (trait)'])
  const page = await (await fetch(link)).text()
  expect(page).toContain('End all marketing e-mails')
  expect(page).toContain('offers')
})

test('one click ends all marketing on the channel, without cookie or redirect, and again changes nothing', async () => {
  const { id, link } = await somebody()
  for (let click = 0; click < 3; click++) {
    const response = await fetch(link, form('List-Unsubscribe=One-Click'))
    expect(response.status).toBe(200)
    expect(response.headers.get('set-cookie')).toBeNull()
  }
  expect(await consentsOf(server, id)).toEqual(['email * withdrawn (one-click)'])
  const { rows } = await server.database.pool.query('SELECT words FROM consents WHERE customer_id = $1', [id])
  expect(rows).toHaveLength(2)
})

test('a link that is a year old still ends everything', async () => {
  const { id, link } = await somebody()
  server.time.nowMs += 366 * 86_400_000
  expect((await fetch(link)).status).toBe(200)
  expect((await fetch(link, form('List-Unsubscribe=One-Click'))).status).toBe(200)
  expect(await consentsOf(server, id)).toEqual(['email * withdrawn (one-click)'])
})

test('one click as multipart, as RFC 8058 also allows', async () => {
  const { id, link } = await somebody()
  const body = new FormData()
  body.set('List-Unsubscribe', 'One-Click')
  expect((await fetch(link, { method: 'POST', body })).status).toBe(200)
  expect(await consentsOf(server, id)).toEqual(['email * withdrawn (one-click)'])
})

test('the buttons on the page end everything or the topic, and the words on them are kept', async () => {
  const { id, link } = await somebody()
  await fetch(link, form('scope=topic'))
  expect(await consentsOf(server, id)).toEqual(['email * granted (trait)', 'email offers withdrawn (page)'])
  await fetch(link, form('scope=all'))
  expect(await consentsOf(server, id)).toEqual(['email * withdrawn (page)', 'email offers withdrawn (page)'])
  const { rows } = await server.database.pool.query<{ words: string }>(
    `SELECT words FROM consents WHERE customer_id = $1 AND method = 'page' ORDER BY id`,
    [id],
  )
  expect(rows.map(({ words }) => words)).toEqual(['End only e-mails about “offers”', 'End all marketing e-mails'])
})

test('what is under way for the customer is told at once', async () => {
  const { id, link } = await somebody()
  await plant(server, { customerId: id, status: 'planned', step: 'next' })
  await fetch(link, form('List-Unsubscribe=One-Click'))
  const { rows } = await server.database.pool.query('SELECT 1 FROM news WHERE customer_id = $1 AND kind = $2', [
    id,
    'contact',
  ])
  expect(rows).toHaveLength(1)
})

test('a shop that repeats an old yes does not undo it', async () => {
  const { id, link } = await somebody()
  await fetch(link, form('List-Unsubscribe=One-Click'))
  const { rows } = await server.database.pool.query<{ external_id: string }>(
    'SELECT external_id FROM customers WHERE id = $1',
    [id],
  )
  server.time.nowMs += 60_000
  await live(server, [{ type: 'identify', userId: rows[0]?.external_id, traits: { consent: { email: true } } }])
  expect(await consentsOf(server, id)).toEqual(['email * withdrawn (one-click)'])
})

test('the link of somebody who became part of another customer counts for that one', async () => {
  const { id, link } = await somebody()
  const other = await somebody()
  await server.database.pool.query('UPDATE customers SET merged_into = $2 WHERE id = $1', [id, other.id])
  await fetch(link, form('List-Unsubscribe=One-Click'))
  expect(await consentsOf(server, other.id)).toEqual(['email * withdrawn (one-click)'])
})

test('a link that we did not make unsubscribes nobody', async () => {
  const one = await somebody()
  const other = await somebody()
  const signature = one.link.slice(-22)
  for (const path of [
    `/u/${other.messageId}.${signature}`,
    `/u/${one.messageId}.${'A'.repeat(22)}`,
    `/u/${one.messageId}`,
    `/u/${one.messageId}.`,
    '/u/.',
    `/u/${encodeURIComponent("'; DROP TABLE messages; --")}.${signature}`,
  ]) {
    for (const init of [{}, form('List-Unsubscribe=One-Click')]) {
      expect((await fetch(server.url + path, init)).status).toBe(404)
    }
  }
  for (const { id } of [one, other]) expect(await consentsOf(server, id)).toEqual(['email * granted (trait)'])
})

test('an address that several customers have is left alone for all of them', async () => {
  const email = 'shared@example.org'
  const ids: string[] = []
  for (const userId of ['shared-1', 'shared-2']) {
    await live(server, [{ type: 'identify', userId, traits: { email, consent: { email: true } } }])
    ids.push(await customerId(server, userId))
  }
  const [one = '', other = ''] = ids
  const stranger = await somebody()
  const link = unsubscribeUrl(server.vault, server.url, await plant(server, { customerId: one }))
  await fetch(link, form('scope=topic'))
  expect(await consentsOf(server, other)).toEqual(['email * granted (trait)', 'email offers withdrawn (page)'])
  await fetch(link, form('List-Unsubscribe=One-Click'))
  for (const id of [one, other]) expect(await consentsOf(server, id)).toContain('email * withdrawn (one-click)')
  expect(await consentsOf(server, stranger.id)).toEqual(['email * granted (trait)'])
})

/** Answers a click while somebody else holds the customer. */
async function clickDuring(
  link: string,
  id: string,
  change: (client: PoolClient) => Promise<unknown>,
): Promise<number> {
  const client = await server.database.pool.connect()
  try {
    await client.query('BEGIN')
    await client.query('SELECT FROM customers WHERE id = $1 FOR UPDATE', [id])
    const click = fetch(link, form('List-Unsubscribe=One-Click'))
    const waiting = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
    await expect.poll(async () => (await server.database.pool.query(waiting)).rowCount, { timeout: 30_000 }).toBe(1)
    await change(client)
    await client.query('COMMIT')
    return (await click).status
  } finally {
    client.release()
  }
}

test('a click while the customer becomes part of another one counts for that one', async () => {
  const [{ id, link }, other] = [await somebody(), await somebody()]
  const merge = 'UPDATE customers SET merged_into = $2 WHERE id = $1'
  expect(await clickDuring(link, id, (client) => client.query(merge, [id, other.id]))).toBe(200)
  expect(await consentsOf(server, other.id)).toEqual(['email * withdrawn (one-click)'])
})

test('a click while the customer is erased leaves nothing of them', async () => {
  const { id, link } = await somebody()
  const erase = async (client: PoolClient): Promise<void> => {
    for (const table of ['consents', 'messages', 'contact_points']) {
      await client.query(`DELETE FROM ${table} WHERE customer_id = $1`, [id])
    }
    await client.query('DELETE FROM customers WHERE id = $1', [id])
  }
  expect(await clickDuring(link, id, erase)).toBe(200)
  expect(await consentsOf(server, id)).toEqual([])
})
