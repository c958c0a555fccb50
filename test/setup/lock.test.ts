import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { withLock } from '../../bin/setup/lock.mjs'

// A busy machine may take its time.
vi.setConfig({ expect: { poll: { timeout: 30_000 } } })

const script = fileURLToPath(new URL('support/count-under-lock.ts', import.meta.url))

let folder: string
let lock: string
let file: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'perennial-lock-'))
  lock = join(folder, 'deep', 'the.lock')
  file = join(folder, 'count')
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

function counting(times: number, ...more: string[]): ChildProcess {
  return spawn(process.execPath, [script, lock, file, String(times), ...more], { stdio: ['ignore', 'pipe', 'inherit'] })
}

test('processes that take turns under the lock lose no addition', async () => {
  const all = [1, 2, 3, 4].map(() => counting(25))
  const codes = await Promise.all(all.map(async (child) => ((await once(child, 'exit')) as [number])[0]))
  expect(codes).toEqual([0, 0, 0, 0])
  expect(readFileSync(file, 'utf8')).toBe('100')
  expect(existsSync(lock)).toBe(false)
})

test('several that wait for a holder who is killed go on, one after the other', async () => {
  const holder = counting(0, 'hold')
  await once(holder.stdout!, 'data')
  const waiting = [1, 2, 3].map(() => counting(10))
  holder.kill('SIGKILL')
  await Promise.all(waiting.map((child) => once(child, 'exit')))
  expect(readFileSync(file, 'utf8')).toBe('30')
})

test('a lock whose process id belongs to somebody else by now is taken over', async () => {
  await withLock(lock, async () => undefined) // Makes the folder.
  writeFileSync(lock, String(process.ppid))
  const longAgo = new Date(Date.now() - 3_600_000)
  utimesSync(lock, longAgo, longAgo)
  await expect(withLock(lock, async () => 'mine')).resolves.toBe('mine')
})

test('a living holder is waited for, and the wait is told once', async () => {
  const holder = counting(0, 'hold')
  await once(holder.stdout!, 'data')
  let told = 0
  let isMine = false
  const mine = withLock(
    lock,
    async () => {
      isMine = true
    },
    () => {
      told += 1
    },
  )
  await expect.poll(() => told).toBe(1)
  expect(isMine).toBe(false)
  holder.kill('SIGKILL')
  await mine
  expect({ told, isMine }).toEqual({ told: 1, isMine: true })
})

test('work that fails gives the lock back, and its error goes through', async () => {
  await expect(withLock(lock, () => Promise.reject(new Error('no room')))).rejects.toThrow('no room')
  expect(existsSync(lock)).toBe(false)
})
