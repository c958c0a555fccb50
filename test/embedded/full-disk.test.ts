/** A small disk of its own, filled to the last byte. Needs a system that lets us mount one: elsewhere it is skipped. */

import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { command, end, launch, nothingLeft } from './support/launched.ts'

vi.setConfig({ testTimeout: 300_000 })

const disk = mkdtempSync(join(tmpdir(), 'perennial-disk-'))
const isMounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=160m', 'tmpfs', disk]).status === 0
if (isMounted)
  chmodSync(disk, 0o755) // As root, PostgreSQL runs as another user.
else console.warn('No disk can be mounted here: the test of a full one is skipped.')

afterAll(() => {
  if (isMounted) spawnSync('umount', [disk])
  rmdirSync(disk)
})

test.skipIf(!isMounted)('a full disk is said in one sentence; with space again everything is found again', async () => {
  const home = join(disk, 'home')
  const first = await launch(home)
  await end(first, 'SIGTERM')

  fill()
  const { code, stderr } = await command(['start', '--home', home, '--port', '0'])
  const said = stderr.split('\n').filter((line) => line.startsWith('perennial:'))
  expect({ code, said }).toEqual({
    code: 1,
    said: [expect.stringMatching(/^perennial: The disk that holds \S+ is full: free some space, then start again$/)],
  })
  await nothingLeft(home)

  rmSync(join(disk, 'filling'))
  const again = await launch(home)
  expect(again.ready.writeKey).toBeUndefined() // It is no first start.
  await end(again, 'SIGTERM')
})

test.skipIf(!isMounted)('a disk that fills while everything runs ends no process, and is survived', async () => {
  const home = join(disk, 'other')
  const running = await launch(home)
  try {
    const { url, writeKey = '' } = running.ready
    fill()
    const track = (messageId: string): Promise<Response> =>
      fetch(`${url}/v1/track`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: `Basic ${Buffer.from(`${writeKey}:`).toString('base64')}`,
        },
        body: JSON.stringify({ userId: 'ada', event: 'Seen', messageId, properties: { note: 'x'.repeat(20_000) } }),
      })
    // What fits into room that is there already is accepted; what is not is refused as an outage, never with a lie.
    for (let i = 0; i < 20; i++) expect([200, 503]).toContain((await track(`full-${i}`)).status)
    rmSync(join(disk, 'filling'))
    await expect.poll(async () => (await track('later')).status, { timeout: 120_000, interval: 500 }).toBe(200)
    expect(running.stderr()).not.toMatch(/! (api|intake|lifecycle):/)
  } finally {
    await end(running, 'SIGTERM')
    await nothingLeft(home)
  }
})

/** To the last byte, beside programs that write as well. */
function fill(): void {
  const path = join(disk, 'filling')
  try {
    for (;;) writeFileSync(path, Buffer.alloc(64 * 1024), { flag: 'a' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  }
}
