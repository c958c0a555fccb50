/** Tasks and entries by hand, over the admin API. */

import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createApiKey } from '../../src/store/api-keys.ts'
import { publishCampaigns } from '../../src/store/publishing/publish-campaigns.ts'
import { signIn } from '../console/support/sign-in.ts'
import { customerId, live } from './support/people.ts'
import { startTestServer, type TestServer } from './support/test-server.ts'

let server: TestServer
interface Answer {
  readonly tasks: readonly { readonly id: string }[]
  readonly cursor: string | null
  readonly told: number
  readonly unknown: readonly string[]
  readonly error: { readonly field: string; readonly message: string }
}

let ada: string
beforeAll(async () => {
  server = await startTestServer()
  const campaigns = fileURLToPath(new URL('../simulation/campaigns', import.meta.url))
  await publishCampaigns(server.database, campaigns, server.time.nowMs)
  await live(server, [{ type: 'identify', userId: 'ada', traits: { email: 'ada@example.org' } }])
  ada = await customerId(server, 'ada')
})
afterAll(() => server.close())

async function call(
  path: string,
  body?: unknown,
  token = server.adminToken,
): Promise<{ status: number; json: Answer }> {
  const response = await fetch(`${server.url}/api${path}`, {
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  })
  return { status: response.status, json: (await response.json()) as Answer }
}

async function plantTask(hours: number, change: { status?: string } = {}): Promise<string> {
  const id = randomUUID()
  const at = (more: number): Date => new Date(server.time.nowMs + more * 3_600_000)
  await server.database.pool.query(
    `INSERT INTO tasks (id, customer_id, journey, version, step, entry_number, title, outcomes, status, created_at, due_at, expires_at)
     VALUES ($1, $2, 'win-back', 'v1', 'call', 1, 'Call', '{reached,"no answer"}', $3, $4, $5, $6)`,
    [id, ada, change.status ?? 'open', at(0), at(hours), at(hours + 24)],
  )
  return id
}

async function newsOf(kind: string): Promise<readonly object[]> {
  const { rows } = await server.database.pool.query<{ detail: object }>(
    'SELECT detail FROM news WHERE customer_id = $1 AND kind = $2 ORDER BY id',
    [ada, kind],
  )
  return rows.map(({ detail }) => detail)
}

describe('tasks', () => {
  test('are listed by urgency, page by page', async () => {
    const [later, sooner, middle] = [await plantTask(9), await plantTask(1), await plantTask(5)]
    const first = await call('/tasks?limit=2')
    expect(first.json.tasks.map(({ id }) => id)).toEqual([sooner, middle])
    const second = await call(`/tasks?limit=2&cursor=${first.json.cursor}`)
    expect(second.json.tasks.map(({ id }) => id)).toEqual([later])
    expect(second.json.cursor).toBeNull()
  })

  test('finished: the journey hears of it once, also when it is said twice or by ten at once', async () => {
    const taskId = await plantTask(2)
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => call(`/tasks/${taskId}`, { outcome: 'no answer', note: 'later' })),
    )
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200))
    expect((await newsOf('task')).filter((detail) => 'taskId' in detail && detail.taskId === taskId)).toEqual([
      { taskId, outcome: 'no answer' },
    ])
    expect((await call('/tasks?status=done')).json.tasks).toMatchObject([
      { id: taskId, outcome: 'no answer', note: 'later' },
    ])
  })

  test('refused: an unknown outcome, another outcome later, a task that is over, an unknown one, no outcome', async () => {
    const taskId = await plantTask(3)
    expect(await call(`/tasks/${taskId}`, { outcome: 'moon' })).toMatchObject({
      status: 400,
      json: { error: { field: 'outcome', message: 'outcome: must be one of reached, no answer' } },
    })
    await call(`/tasks/${taskId}`, { outcome: 'reached' })
    expect((await call(`/tasks/${taskId}`, { outcome: 'no answer' })).status).toBe(409)
    const expired = await plantTask(3, { status: 'expired' })
    expect((await call(`/tasks/${expired}`, { outcome: 'reached' })).status).toBe(409)
    expect((await call(`/tasks/${randomUUID()}`, { outcome: 'reached' })).status).toBe(404)
    expect((await call('/tasks/x', { outcome: 'reached' })).status).toBe(404)
    expect((await call(`/tasks/${taskId}`, {})).json.error.field).toBe('outcome')
  })
})

describe('entries by hand', () => {
  test('tell each known customer once, and name the unknown', async () => {
    const entered = await call('/journeys/by-hand/entries', {
      customers: ['ada', ada, 'ada', 'nobody', "'; DROP TABLE news; --"],
      properties: { reason: 'fair' },
    })
    expect(entered.status).toBe(200)
    expect(entered.json.told).toBe(1)
    expect([...entered.json.unknown].sort()).toEqual(["'; DROP TABLE news; --", 'nobody'])
    expect(await newsOf('entry')).toEqual([{ journey: 'by-hand', properties: { reason: 'fair' } }])
  })

  test.each([
    ['/journeys/welcome/entries', { customers: ['ada'] }, 409],
    ['/journeys/nowhere/entries', { customers: ['ada'] }, 404],
    ['/journeys/by-hand/entries', { customers: [] }, 400],
    ['/journeys/by-hand/entries', { customers: ['ada'], properties: { email: 'a@b.example' } }, 400],
    ['/journeys/by-hand/entries', { customers: ['ada'], properties: { deep: { er: 1 } } }, 400],
    ['/journeys/by-hand/entries', { people: ['ada'] }, 400],
    ['/journeys/by-hand/entries', { segment: 'nowhere' }, 400],
    ['/journeys/by-hand/entries', { segment: 'nowhere', customers: ['ada'] }, 400],
    ['/journeys/welcome/entries', { segment: 'nowhere' }, 409],
  ])('refused: %s %j', async (path, body, status) => {
    expect((await call(path, body)).status).toBe(status)
  })
})

test('nothing of it is for a write key', async () => {
  const taskId = await plantTask(4)
  for (const [path, body] of [
    ['/tasks'],
    [`/tasks/${taskId}`, { outcome: 'reached' }],
    ['/journeys/by-hand/entries', { customers: ['ada'] }],
  ] as const)
    expect((await call(path, body, server.writeKey)).status).toBe(401)
})

describe('in the console', () => {
  test('a task is finished with what came of it, by whoever may publish', async () => {
    const cookie = await signIn(server, (await createApiKey(server.database, { kind: 'marketer', name: 'Marta' })).key)
    const look = await signIn(server, (await createApiKey(server.database, { kind: 'analyst', name: 'Anna' })).key)
    const get = async (path: string): Promise<string> =>
      (await fetch(server.url + path, { headers: { cookie } })).text()
    const press = async (id: string, outcome: string, as = cookie): Promise<number> => {
      const body = new URLSearchParams({ outcome, note: 'at <noon>' })
      const headers = { cookie: as }
      return (await fetch(`${server.url}/tasks/${id}`, { method: 'POST', redirect: 'manual', headers, body })).status
    }
    const id = await plantTask(-2)
    const page = await get('/tasks')
    expect(page).toContain(`action="/tasks/${id}"`)
    expect(page).toContain('>late</span>')
    expect([await press(id, 'reached', look), await press(id, 'eaten'), await press(randomUUID(), 'reached')]).toEqual([
      403, 400, 404,
    ])
    expect([await press(id, 'reached'), await press(id, 'reached'), await press(id, 'no answer')]).toEqual([
      303, 303, 409,
    ])
    expect(await get('/tasks')).not.toContain(id)
    expect(await get('/tasks?status=done')).toMatch(/reached<br><span class="soft">at &lt;noon&gt;/)
    expect(await newsOf('task')).toContainEqual({ taskId: id, outcome: 'reached' })
  })
})
