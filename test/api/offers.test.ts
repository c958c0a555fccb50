/** Offers over the admin API and the command line. */

import { writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildProgram } from '../../src/cli/program.ts'
import { publishOffers } from '../offers/support/offer-shop.ts'
import { startTestServer, type TestServer } from './support/test-server.ts'

let server: TestServer
let directory: string

beforeAll(async () => {
  server = await startTestServer()
  directory = await mkdtemp(join(tmpdir(), 'codes-'))
  const pool = 'name: Given\ndiscount: { type: percent, percent: 10 }\ncodes: pool\nper_customer: 2\n'
  await publishOffers(server.database, server.time.nowMs, { given: pool, other: pool })
})
afterAll(async () => {
  await server.close()
  await rm(directory, { recursive: true })
})

async function call(path: string, body?: unknown, token = server.adminToken) {
  const response = await fetch(`${server.url}/api${path}`, {
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  })
  return { status: response.status, json: (await response.json()) as Record<string, unknown> }
}

function file(text: string): string {
  const path = join(directory, 'codes.txt')
  writeFileSync(path, text)
  return path
}

function perennial(...args: string[]): Promise<unknown> {
  return buildProgram().parseAsync(['offers', ...args, '--url', server.url, '--token', server.adminToken, '--json'], {
    from: 'user',
  })
}

test('codes are loaded from a file, and counted', async () => {
  await perennial('load', 'given', file('one-1\r\ntwo-2\n\nTHREE-3\n'))
  expect((await call('/offers/given')).json).toEqual({
    key: 'given',
    name: 'Given',
    codes: 'pool',
    perCustomer: 2,
    issued: 0,
    redeemed: 0,
    expired: 0,
    open: 0,
    left: 3,
    budget: null,
    cost: { currency: null, spentCents: 0, reservedCents: 0, budgetCents: null, leftCents: null },
    pool: { loaded: 3, free: 3 },
  })
  const { offers } = (await call('/offers')).json as { offers: { key: string; left: number | null }[] }
  expect(offers.map(({ key, left }) => [key, left])).toEqual([
    ['few', 60],
    ['given', 3],
    ['other', 0],
    ['pot', 0],
    ['ten', null],
    ['twenty', null],
  ])
})

test('codes that are not new, or none, are refused with their lines, and nothing of the file is loaded', async () => {
  await expect(perennial('load', 'other', file('NEW-1\nnew-1\n\nONE-1\nno code\n'))).rejects.toThrow(
    [
      'line 2 "NEW-1": is the same code as in line 1',
      'line 5 "NO CODE": must be 3 to 60 letters, digits or signs, without spaces',
    ].join('\n'),
  )
  await expect(perennial('load', 'other', file('NEW-1\n\nONE-1\n'))).rejects.toThrow(
    'line 3 "ONE-1": is loaded already, for the offer "given"',
  )
  expect((await call('/offers/other')).json).toMatchObject({ pool: { loaded: 0, free: 0 } })
})

test.each<[string, string, unknown, number, RegExp]>([
  ['to an offer that is not there', '/offers/nobody/codes', { codes: ['ABC'] }, 404, /no live offer/],
  ['to an offer that makes up its own', '/offers/ten/codes', { codes: ['ABC'] }, 409, /makes up its own/],
  ['that are numbers', '/offers/given/codes', { codes: [1] }, 400, /^codes\.0: /],
  ['that are none', '/offers/given/codes', { codes: [] }, 400, /^codes: /],
])('codes %s are refused', async (_, path, body, status, message) => {
  expect(await call(path, body)).toMatchObject({ status, json: { error: { message: expect.stringMatching(message) } } })
})

test('a file that is not there, and a key that may not, are refused', async () => {
  await expect(perennial('load', 'given', join(directory, 'none'))).rejects.toThrow(/none: cannot be read \(ENOENT\)/)
  expect((await call('/offers/given/codes', { codes: ['ABC'] }, 'wrong')).status).toBe(401)
})
