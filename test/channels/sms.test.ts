/** SMS through Twilio's official client, against the twin that speaks its API. */

import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createSmsChannel, type SmsChannel } from '../../src/channels/sms/sms-channel.ts'
import { type SmsCatcher, startSmsCatcher } from '../../src/embedded/sms-catcher.ts'

const account = { accountSid: `AC${'0'.repeat(32)}`, authToken: 'a-token' }
const statusUrl = 'http://127.0.0.1:9/hooks/twilio/status?message=1'
let home: string
let twin: SmsCatcher
let sms: SmsChannel

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'sms-'))
  twin = await startSmsCatcher({ home, account })
  sms = createSmsChannel({ ...account, from: '+15005550006', apiUrl: twin.url })
})
afterAll(async () => {
  await twin.close()
  rmSync(home, { recursive: true, force: true })
})

test('a message is taken, with the name under which it is reported later and the number of its parts', async () => {
  const result = await sms.send({ to: '+12025550123', text: 'Hello Ada. Reply STOP to end.', statusUrl })
  expect(result).toEqual({ status: 'sent', providerMessageId: expect.stringMatching(/^SM[0-9a-f]{32}$/), segments: 1 })
})

test('a number that is none fails, and the address is invalid', async () => {
  expect(await sms.send({ to: '12', text: 'Hello', statusUrl })).toEqual({
    status: 'failed',
    reason: 'twilio 21211',
    suppress: 'invalid',
  })
})

test('wrong credentials are no fault of the message', async () => {
  const wrong = createSmsChannel({ ...account, authToken: 'another', from: '+15005550006', apiUrl: twin.url })
  expect(await wrong.send({ to: '+12025550123', text: 'Hello', statusUrl })).toMatchObject({ status: 'retry' })
})

test.each([0, 1601])('a text of %i characters is refused without asking', async (length) => {
  expect(await sms.send({ to: '+12025550123', text: 'x'.repeat(length), statusUrl })).toEqual({
    status: 'failed',
    reason: `${length} characters`,
  })
})

test('an answer that never comes whole is doubt; a server that is not there is not', async () => {
  const rude = await listen((socket) => socket.destroy())
  const toRude = createSmsChannel({ ...account, from: '+15005550006', apiUrl: rude.url })
  expect(await toRude.send({ to: '+12025550123', text: 'Hello', statusUrl })).toMatchObject({ status: 'in_doubt' })
  await new Promise((resolve) => rude.server.close(resolve))
  expect(await toRude.send({ to: '+12025550123', text: 'Hello', statusUrl })).toEqual({
    status: 'retry',
    reason: 'twilio ECONNREFUSED',
    takesNothing: 'away',
  })
})

async function listen(onRequest: (socket: { destroy(): void }) => void): Promise<{ server: Server; url: string }> {
  const server = createServer((request) => onRequest(request.socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}
