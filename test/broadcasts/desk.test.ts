/** A broadcast as its operator sees it: over the admin API, and by the command line. */

import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openShop, type Shop } from '../privacy/support.ts'
import { addCrowd } from '../workflows/support/crowds.ts'
import { until } from '../workflows/support/customers.ts'

const policy = `
name: Broadcasts
topics: { news: { name: News }, offers: { name: Offers } }
channels:
  email: { consent: express }
default_time_zone: UTC
`
const people = 5
const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

let shop: Shop
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'perennial-test-'))
  shop = await openShop(policy)
  await addCrowd(shop.world, people)
}, 120_000)
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await shop.close()
})

interface Answer {
  readonly status: number
  readonly body: { readonly status: string; readonly finishedAt: string | null }
}

async function ask(path: string, body?: unknown, token = shop.adminToken): Promise<Answer> {
  const response = await fetch(`${shop.url}/api/broadcasts${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: response.status, body: (await response.json()) as Answer['body'] }
}

async function perennial(...args: string[]): Promise<string> {
  const target = ['--url', shop.url, '--token', shop.adminToken]
  const { stdout } = await promisify(execFile)(process.execPath, [main, 'broadcasts', ...args, ...target])
  return stdout.trim()
}

/** A page of the console, for whoever has signed in. */
async function consolePage(path: string): Promise<string> {
  const body = new URLSearchParams({ token: shop.adminToken })
  const login = await fetch(`${shop.url}/login`, { method: 'POST', body, redirect: 'manual' })
  const cookie = login.headers.get('set-cookie')?.split(';')[0] ?? ''
  return (await fetch(shop.url + path, { headers: { cookie } })).text()
}

const statusOf = async (key: string): Promise<string> => (await ask(`/${key}`)).body.status

test('one is made, started, held up, let go on and counted, each by whoever may', async () => {
  const file = join(folder, 'spring.yaml')
  writeFileSync(file, 'name: Spring\ntopic: offers\ntemplate: hello\nthrottle: { per_second: 1000 }\n')
  expect(await perennial('create', file)).toBe('Draft spring: "perennial broadcasts start spring" sends it.')
  expect(await statusOf('spring')).toBe('draft')
  expect((await ask('/spring/pause', {})).status).toBe(409)

  // Nobody works yet: what was said meanwhile is heard before anything leaves.
  expect(await perennial('start', 'spring')).toBe('spring: started.')
  expect((await ask('/spring/pause', {})).status).toBe(200)
  await shop.world.withWorkers(async () => {
    await until('it is paused', async () => (await statusOf('spring')) === 'paused')
    expect((await ask('/spring')).body).toMatchObject({ audience: people, messages: [], progress: { isPaused: true } })
    expect((await ask('/spring/throttle', { perSecond: null })).status).toBe(200)
    expect((await ask('/spring/resume', {})).status).toBe(200)
    await until('it is done', async () => (await statusOf('spring')) === 'done')
  })
  expect(shop.world.mail.inbox).toHaveLength(people)
  expect(await perennial('show', 'spring')).toBe(`spring: done\nAudience: ${people}\n  sent: ${people}`)
  expect(await perennial('list')).toMatch(/spring +done/)
  const page = await consolePage('/broadcasts/spring')
  expect(page).toContain('Done, for everybody who may')
  expect(page).toContain(`<strong class="big">${people}</strong>`)
  expect(await consolePage('/broadcasts')).toContain('<a href="/broadcasts/spring">Spring</a>')
  for (const verb of ['start', 'cancel', 'resume']) expect((await ask(`/spring/${verb}`, {})).status).toBe(409)
  expect((await ask('', { key: 'spring', document: { name: 'x', topic: 'offers', template: 'hello' } })).status).toBe(
    409,
  )
})

test('one that is cancelled reaches nobody any more', async () => {
  const document = { name: 'Never', topic: 'offers', template: 'hello' }
  expect((await ask('', { key: 'never', document })).status).toBe(200)
  await ask('/never/start', {})
  expect((await ask('/never/cancel', {})).status).toBe(200)
  const before = shop.world.mail.inbox.length
  await shop.world.withWorkers(() =>
    until('it is cancelled', async () => (await ask('/never')).body.finishedAt !== null),
  )
  expect(await statusOf('never')).toBe('cancelled')
  expect(shop.world.mail.inbox).toHaveLength(before)
})

test('what is wrong is said with its field, and a stranger learns nothing', async () => {
  expect((await ask('', undefined, 'nobody')).status).toBe(401)
  expect((await ask('/nothing')).status).toBe(404)
  const wrong = { name: 'x', topic: 'offers', template: 'hello', throttle: { per_second: 0 } }
  const { status, body } = await ask('', { key: 'wrong', document: wrong })
  expect(status).toBe(400)
  expect(JSON.stringify(body)).toContain('per_second')
  expect((await ask('', { key: 'Not A Key', document: {} })).body).toMatchObject({ error: { field: 'key' } })
  await expect(perennial('show', 'nothing')).rejects.toThrow('There is no broadcast with this key')
})
