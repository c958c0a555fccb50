/** Journeys over the admin API and the command line: versions, differences, going back, archiving. */

import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { buildProgram } from '../../src/cli/program.ts'
import { createApiKey } from '../../src/store/api-keys.ts'
import { publishCampaigns } from '../../src/store/publishing/publish-campaigns.ts'
import { firstVersion, plantInFlight, secondVersion } from '../journeys/support/shop.ts'
import { type CampaignDirectory, campaignDirectory } from '../store/support/campaign-directory.ts'
import { startTestServer, type TestServer } from './support/test-server.ts'

let server: TestServer
let directory: CampaignDirectory

beforeAll(() => {
  directory = campaignDirectory({ 'journeys/course.yaml': firstVersion })
})
afterAll(() => directory.remove())

/** A server of its own for each test: versions are never forgotten. */
beforeEach(async () => {
  server = await startTestServer()
  directory.write({ 'journeys/course.yaml': firstVersion })
  await publishCampaigns(server.database, directory.path, server.time.nowMs)
  return () => server.close()
})

const map = { call: 'pause', late: null, think: 'think', bye: 'done' }

async function publishSecond(): Promise<void> {
  directory.write({ 'journeys/course.yaml': secondVersion })
  await publishCampaigns(server.database, directory.path, server.time.nowMs, { by: 'somebody' })
}

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

async function perennial(...args: string[]): Promise<string> {
  const lines: string[] = []
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => lines.push(String(text)) > 0)
  try {
    await buildProgram().parseAsync(['node', 'perennial', ...args, '--url', server.url, '--token', server.adminToken])
  } finally {
    write.mockRestore()
  }
  return lines.join('')
}

async function inFlight(people: number): Promise<void> {
  const rows = async <Row extends object>(sql: string, values?: readonly unknown[]): Promise<Row[]> =>
    (await server.database.pool.query(sql, values as unknown[])).rows as Row[]
  const sinceMs = server.time.nowMs
  await plantInFlight({ rows }, [{ step: 'rest', count: people, sinceMs, wakeMs: sinceMs + 86_400_000 }])
}

async function audited(): Promise<unknown[]> {
  const { rows } = await server.database.pool.query(
    `SELECT action, detail ->> 'what' AS what FROM audit_entries WHERE detail ->> 'what' LIKE 'journey course' ORDER BY id`,
  )
  return rows
}

describe('journeys', () => {
  test('are listed with status, version, and people in flight on former versions', async () => {
    await inFlight(3)
    await publishSecond()
    const { json } = await call('/journeys')
    expect(json['journeys']).toEqual([
      expect.objectContaining({ key: 'course', status: 'live', number: 2, inFlight: 3, onFormerVersions: 3 }),
      expect.objectContaining({ key: 'welcome', status: 'live', number: 1, inFlight: 0, onFormerVersions: 0 }),
    ])
    const one = await call('/journeys/course')
    expect(one.json).toMatchObject({ name: 'Course', places: [{ number: 1, step: 'rest', count: 3 }] })
    expect((await call('/journeys/course/versions')).json['versions']).toMatchObject([
      { number: 2, publishedBy: 'somebody', inFlight: 0, choice: { choice: 'stay', stay: 3, move: 0, exit: 0 } },
      { number: 1, publishedBy: 'cli', inFlight: 3 },
    ])
    expect(await perennial('journeys', 'list')).toMatch(/course +live +2 +3 +3 +Course/)
    expect(await perennial('journeys', 'show', 'course')).toContain('rest')
    expect(await perennial('journeys', 'versions', 'course')).toMatch(/2 .*somebody +0 +3 stayed, 0 moved, 0 left/)
  })

  test('differ in words', async () => {
    await publishSecond()
    expect((await perennial('journeys', 'diff', 'course', '1', '2')).trim().split('\n')).toEqual([
      'Step call (task, title Call them, due in 1 day, timeout 4 days, outcomes [{ name: reached }]) is gone.',
      'Step late (delay, for 10 days) is gone.',
      'Step bye (email, template hello) is gone.',
      'Step think: timeout 5 days → 8 days.',
      'After think comes pause, no longer call.',
      'Step pause (delay, for 1 day) is new, after think.',
      'Step done (email, template hello) is new, after pause.',
    ])
    expect(await perennial('journeys', 'diff', 'course', '1', '1')).toBe('They say the same.\n')
  })

  test('that nobody knows, and versions that there are not, are told by name', async () => {
    expect(await call('/journeys/other')).toMatchObject({ status: 404 })
    expect(await call('/journeys/course/versions/7')).toMatchObject({
      status: 404,
      json: { error: { message: 'number: this journey has no version "7"', field: 'number' } },
    })
    expect(await call('/journeys/course/diff?from=1')).toMatchObject({ status: 404, json: { error: { field: 'to' } } })
    await expect(perennial('journeys', 'diff', 'course', '1', '9')).rejects.toThrow(
      'to: this journey has no version "9"',
    )
    await expect(perennial('journeys', 'diff', 'course', 'x', '9')).rejects.toThrow('x')
  })

  test('are changed by admins only, and every change is written down', async () => {
    const { key: analyst } = await createApiKey(server.database, { kind: 'analyst', name: 'a' })
    await publishSecond()
    for (const [path, body] of [
      ['/journeys/course/rollback', { to: 1 }],
      ['/journeys/course/archive', {}],
      ['/journeys/course/pause', {}],
      ['/journeys/course/resume', {}],
      ['/journeys/course/versions', { document: {} }],
    ] as const)
      expect(await call(path, body, analyst)).toMatchObject({ status: 403 })
    await call('/journeys/course/rollback', { to: 1 })
    await call('/journeys/course/archive', {})
    expect(await audited()).toEqual([
      { action: 'publish', what: 'journey course' },
      { action: 'publish', what: 'journey course' },
      { action: 'publish', what: 'journey course' },
      { action: 'archive', what: 'journey course' },
    ])
  })
})

describe('going back', () => {
  test('publishes the old content as a new version, after saying what that means', async () => {
    await publishSecond()
    await inFlight(4) // On the second version.
    const shown = await perennial('journeys', 'rollback', 'course', '1', '--in-flight', 'exit')
    expect(shown).toContain('0 stay, 0 move, 4 leave.')
    expect(shown).toContain('Nothing was done: --yes publishes version 1 again, as version 3.')
    expect((await call('/journeys/course')).json).toMatchObject({ number: 2, inFlight: 4 })

    expect(await perennial('journeys', 'rollback', 'course', '1', '--in-flight', 'exit', '--yes')).toContain(
      'Version 1 is back in force, as version 3.',
    )
    expect((await call('/journeys/course')).json).toMatchObject({ number: 3, inFlight: 0 })
    const { json } = await call('/journeys/course/versions')
    expect(json['versions']).toMatchObject([{ number: 3, restores: 1 }, { number: 2 }, { number: 1 }])
    expect(await call('/journeys/course/diff?from=1&to=3')).toMatchObject({ json: { changes: [] } })
    expect(await call('/journeys/course/rollback', { to: 1 })).toMatchObject({ status: 409 })
  })

  test('moves people by a map, and names what the map leaves out', async () => {
    await inFlight(2)
    await publishSecond()
    const document = (await call('/journeys/course/versions/2')).json['document']
    await call('/journeys/course/rollback', { to: 1 })
    expect(await call('/journeys/course/versions', { document, inFlight: { move: { call: 'pause' } } })).toMatchObject({
      status: 400,
      json: {
        error: {
          message: expect.stringContaining('the map says nothing of bye, late, think') as string,
          field: 'inFlight',
        },
      },
    })
    const given = { document, inFlight: { move: map } }
    expect(await call('/journeys/course/versions', { ...given, dryRun: true })).toMatchObject({
      json: { dryRun: true, move: 2, to: 4 },
    })
    expect(await call('/journeys/course/versions', given)).toMatchObject({
      status: 200,
      json: { published: true, move: 2, exit: 0, after: [{ number: 4, step: 'rest', count: 2 }] },
    })
    expect(await call('/journeys/course/versions', given)).toMatchObject({ json: { published: false } })
  })
})

describe('a document', () => {
  test('with mistakes is refused with every one of them, and nothing is published', async () => {
    const base = { name: 'New', topic: 'news', entry: [{ type: 'arrived' }] }
    for (const [document, message] of [
      [{ ...base, steps: [] }, 'steps'],
      [
        { ...base, steps: [{ id: 'a', type: 'email', template: 'away' }] },
        'steps.a.template "away": is no email template',
      ],
      [{ ...base, topic: 'else', steps: [{ id: 'a', type: 'email', template: 'hello' }] }, 'is no topic'],
    ] as const)
      expect(await call('/journeys/new/versions', { document })).toMatchObject({
        status: 400,
        json: { error: { message: expect.stringContaining(message) as string } },
      })
    expect(await call('/journeys/new')).toMatchObject({ status: 404 })
    const document = { ...base, steps: [{ id: 'a', type: 'email', template: 'hello' }] }
    expect(await call('/journeys/new/versions', { document })).toMatchObject({
      json: { published: true, from: null, to: 1 },
    })
    expect(await call('/journeys/new')).toMatchObject({ json: { status: 'live', number: 1 } })
  })
})

describe('pausing', () => {
  test('and resuming are asked for, counted, written down, and no error when asked for twice', async () => {
    await inFlight(3)
    expect(await perennial('journeys', 'pause', 'course')).toBe(
      'Nothing was done: with --yes course stands still, with 3 people in flight.\n',
    )
    expect((await call('/journeys/course')).json).toMatchObject({ status: 'live' })
    expect(await perennial('journeys', 'pause', 'course', '--yes')).toContain(
      'course is paused: 3 people are in flight',
    )
    expect((await call('/journeys/course')).json).toMatchObject({ status: 'paused', pausedBy: expect.any(String) })
    expect(await call('/journeys/course/pause', {})).toMatchObject({ status: 200, json: { changed: false } })
    expect(await call('/journeys/nowhere/pause', {})).toMatchObject({ status: 404 })

    expect(await call('/journeys/course/resume', { spread: 'soon' })).toMatchObject({
      status: 400,
      json: { error: { field: 'spread' } },
    })
    expect(await perennial('journeys', 'resume', 'course', '--spread', '2 hours')).toContain('come within 2 hours')
    expect((await call('/journeys/course')).json).toMatchObject({ status: 'live' })
    expect(await call('/journeys/course/resume', {})).toMatchObject({ json: { changed: false, spreadMs: 3_600_000 } })
    expect(await audited()).toMatchObject([{ action: 'publish' }, { action: 'pause' }, { action: 'resume' }])
  })
})

describe('archiving', () => {
  test.each([
    ['stay', { stay: 5, exit: 0 }, 5],
    ['exit', { stay: 0, exit: 5 }, 0],
  ])('lets nobody in any more; people in flight %s', async (choice, counts, left) => {
    await inFlight(5)
    expect(await perennial('journeys', 'archive', 'course', '--in-flight', choice)).toContain('Nothing was done')
    expect((await call('/journeys/course')).json).toMatchObject({ status: 'live' })
    const { json } = await call('/journeys/course/archive', { inFlight: choice })
    expect(json).toMatchObject(counts)
    expect((await call('/journeys/course')).json).toMatchObject({ status: 'archived', inFlight: left })
    expect(await call('/journeys/course/entries', { customers: ['ada'] })).toMatchObject({ status: 404 })
    expect(await call('/journeys/course/archive', {})).toMatchObject({ status: 404 })
    // Publishing it again brings it back.
    await publishCampaigns(server.database, directory.path, server.time.nowMs)
    expect((await call('/journeys/course')).json).toMatchObject({ status: 'live', number: 2, archivedAt: null })
  })

  test('is refused while another journey leads there', async () => {
    directory.write({
      'journeys/course.yaml': firstVersion,
      'journeys/welcome.yaml':
        'name: Welcome\ntopic: news\nentry: [ { type: arrived } ]\nsteps: [ { id: on, type: go-to-journey, journey: course } ]\n',
    })
    await publishCampaigns(server.database, directory.path, server.time.nowMs)
    expect(await call('/journeys/course/archive', {})).toMatchObject({
      status: 409,
      json: { error: { message: 'welcome lead to this journey: change those first.' } },
    })
  })
})
