/** The operator's desk for what becomes of messages: templates, webhooks, deliverability, attribution, doubts. */

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { UsageError } from '../../src/cli/usage-error.ts'
import { publishCampaigns } from '../../src/store/publishing/publish-campaigns.ts'
import { customerId, live, plant } from '../api/support/people.ts'
import { startTestServer, type TestServer } from '../api/support/test-server.ts'
import { startNameServer } from '../deliverability/support/name-server.ts'
import { type CampaignDirectory, campaignDirectory } from '../store/support/campaign-directory.ts'
import { perennial } from './support/in-process.ts'

const campaigns = fileURLToPath(new URL('../../campaigns', import.meta.url))
let server: TestServer
let ada: string
let directory: CampaignDirectory | undefined

beforeAll(async () => {
  server = await startTestServer()
  server.time.nowMs = Date.now() // What asks the database itself lives in real time.
  await publishCampaigns(server.database, campaigns, server.time.nowMs)
  await live(server, [{ type: 'identify', userId: 'ada', traits: { email: 'ada@example.org', firstName: 'Ada' } }])
  ada = await customerId(server, 'ada')
})
afterAll(async () => {
  directory?.remove()
  await server.close()
})

const there = (...args: string[]): Promise<string> =>
  perennial(...args, '--url', server.url, '--token', server.adminToken)

const query = async <Row extends object>(text: string, ...values: unknown[]): Promise<Row[]> =>
  (await server.database.pool.query<Row>(text, values)).rows

describe('templates', () => {
  test('lint: nothing to say of the shop as it is, a table and a refusal where something is broken', async () => {
    expect(await perennial('templates', 'lint', '--dir', campaigns, '--json')).toMatch(
      /^\{"templates":\d+,"findings":\[/,
    )
    directory = campaignDirectory({ 'templates/hello.email.txt': '---\nsubject: Hi\n---\nhttp://localhost/x\n' })
    await expect(perennial('templates', 'lint', '--dir', directory.path)).rejects.toThrow(/must be mended/)
  })

  test('preview: as the customer would read it, with links that do nothing', async () => {
    const whole = await there('templates', 'preview', 'welcome-hello', '--customer', 'ada')
    expect(whole).toMatch(/^Subject: .+/)
    expect(whole).toContain('Hello Ada')
    expect(whole).toContain('https://shop.example/u/preview')
    const html = await there('templates', 'preview', 'welcome-hello', '--customer', ada, '--part', 'html')
    expect(html).toMatch(/^<!doctype html>/i)
    await expect(there('templates', 'preview', 'welcome-hello', '--customer', 'nobody')).rejects.toThrow(UsageError)
    expect(await query(`SELECT FROM audit_entries WHERE action = 'preview'`)).toHaveLength(2)
  })

  test('preview: a question and its answers, where a template asks one', async () => {
    const text = await there('templates', 'preview', 'nps-question', '--customer', 'ada', '--part', 'text')
    expect(text).toContain('https://shop.example/s/preview')
  })
})

describe('webhooks', () => {
  test('what was given up is listed with its reason, and sent again', async () => {
    const [row] = await query<{ id: string }>(
      `INSERT INTO webhook_calls (id, customer_id, journey, version, step, entry_number, visit, url, payload, status, attempts, problem, planned_at, due_at, settled_at)
       VALUES (gen_random_uuid(), $1, 'welcome', 'v1', 'tell', 1, 0, 'https://hooks.example.com/in', '{}', 'dead', 18, 'answered 503', now(), now(), now()) RETURNING id`,
      ada,
    )
    expect(await there('webhooks', 'list', '--status', 'dead')).toMatch(
      /hooks\.example\.com .* dead .* 18 .* answered 503/,
    )
    await expect(there('webhooks', 'resend')).rejects.toThrow('Give the id of one call, or --all')
    expect(await there('webhooks', 'resend', row?.id ?? '')).toBe('1 to be tried again.')
    expect(await there('webhooks', 'list', '--status', 'dead')).toBe('No such calls.')
    await expect(there('webhooks', 'resend', row?.id ?? '')).rejects.toThrow(/no call of this id/)
  })
})

describe('deliverability', () => {
  test('rates, pauses with their reasons, and to lift one', async () => {
    expect(await there('deliverability')).toBe('No marketing mail has left in the last three days.')
    const id = await plant(server, { customerId: ada })
    await query('UPDATE messages SET transmitting_at = $2 WHERE id = $1', id, new Date(server.time.nowMs))
    const [pause] = await query<{ id: string }>(
      `INSERT INTO sending_pauses (scope, key, reason, since) VALUES ('domain', 'example.org', 'too many complaints', now()) RETURNING id`,
    )
    const report = await there('deliverability')
    expect(report).toMatch(/domain +example\.org +1 +0 \(0\.00 %\)/)
    expect(report).toContain(`PAUSED (${pause?.id}): too many complaints`)
    await expect(there('deliverability', 'resume', 'x')).rejects.toThrow(/no such pause/)
    expect(await there('deliverability', 'resume', String(pause?.id))).toBe(`Pause ${pause?.id} is lifted.`)
    expect(await there('deliverability')).not.toContain('PAUSED')
  })
})

describe('messages', () => {
  test('what is in doubt, and a word that ends it', async () => {
    expect(await there('messages', 'in-doubt')).toBe('Nothing is in doubt.')
    const id = await plant(server, { customerId: ada, status: 'in_doubt', step: 'two' })
    await plant(server, { customerId: ada, status: 'in_doubt', step: 'three' })
    expect(await there('messages', 'in-doubt')).toMatch(/1 +welcome +two +email +marketing/)
    expect(await there('messages', 'list', '--status', 'in_doubt')).toContain(id)
    expect(await there('messages', 'settle', id, 'sent')).toBe('1 settled as "sent".')
    await expect(there('messages', 'settle', id, 'sent')).rejects.toThrow(/no message in doubt/)
    await expect(there('messages', 'settle', id, 'lost')).rejects.toThrow(/Allowed choices are sent, failed, retry/)
    await expect(there('messages', 'settle', 'all', 'failed')).rejects.toThrow(
      'settle 1 messages as "failed": add --yes',
    )
    expect(await there('messages', 'settle', 'all', 'failed', '--yes')).toBe('1 settled as "failed".')
  })
})

describe('attribution', () => {
  test('orders by last touch, in a table and as JSON', async () => {
    process.env['DATABASE_URL'] = server.databaseUrl
    try {
      await query('DELETE FROM messages')
      const id = await plant(server, { customerId: ada, step: 'sold' })
      const at = new Date(Date.now() - 3_600_000)
      await query('UPDATE messages SET planned_at = $2, transmitting_at = $2, settled_at = $2 WHERE id = $1', id, at)
      await live(server, [
        {
          type: 'track',
          userId: 'ada',
          event: 'Order Completed',
          properties: { order_id: 'o1', revenue: 30, currency: 'EUR' },
        },
      ])
      expect(await perennial('attribution', '--touch', 'sent')).toMatch(/welcome +sold +1 +0 +0 +0 +1 +30\.00/)
      const json = JSON.parse(await perennial('attribution', '--touch', 'sent', '--json')) as { steps: object[] }
      expect(json.steps).toContainEqual(expect.objectContaining({ step: 'sold', orders: 1, revenueCents: 3_000 }))
      await expect(perennial('attribution', '--days', '0')).rejects.toThrow(/--days: 0 given/)
    } finally {
      delete process.env['DATABASE_URL']
    }
  })
})

test('doctor mail says what a domain lacks, also as JSON', async () => {
  const names = await startNameServer()
  const code = process.exitCode
  try {
    const asked = ['doctor', 'mail', '--resolver', names.address, '--host', 'mail.perennial.example']
    expect(await perennial(...asked)).toMatch(/FAILED +SPF/i)
    const { ok, findings } = JSON.parse(await perennial(...asked, '--json')) as { ok: boolean; findings: object[] }
    expect(ok).toBe(false)
    expect(findings.length).toBeGreaterThan(3)
    expect(process.exitCode).toBe(1)
  } finally {
    process.exitCode = code
    await names.close()
  }
})

test('each of these commands is in the README, as it is called', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
  for (const name of ['deliverability', 'webhooks list', 'messages in-doubt']) {
    expect(readme).toContain(`npx perennial ${name}`)
  }
})
