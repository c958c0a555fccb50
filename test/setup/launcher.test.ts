import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { ProcessMark } from '../../src/embedded/processes.ts'
import { isRunning } from '../../src/embedded/processes.ts'
import { cleanEnvironment, newHome, nothingLeft, removeHome } from '../embedded/support/launched.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const launcher = join(root, 'bin', 'perennial.mjs')

test('a checkout that is ready starts without a word', () => {
  const { status, stderr, stdout } = spawnSync(process.execPath, [launcher, '--help'], { encoding: 'utf8' })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout).toContain('Usage: perennial')
})

test('npx finds the command in a checkout', () => {
  const { status, stdout } = spawnSync('npx', ['perennial', '--help'], { cwd: root, encoding: 'utf8' })
  expect(status).toBe(0)
  expect(stdout).toContain('Usage: perennial')
})

test('the status of the command is the status of the launcher', () => {
  const run = (...args: string[]): number | null => spawnSync(process.execPath, [launcher, ...args]).status
  expect([run('--help'), run('no-such-command')]).toEqual([0, 2])
})

test('the command ends, with all that it started, when the npm that runs it is killed', async () => {
  const home = newHome()
  const npm = spawn('npm', ['run', 'perennial', '--', 'start', '--home', home, '--port', '0'], {
    cwd: root,
    env: cleanEnvironment(),
    stdio: 'ignore',
    detached: true,
  })
  const record = join(home, 'run.json')
  await expect.poll(() => existsSync(record), { timeout: 60_000 }).toBe(true)
  const { supervisor } = JSON.parse(readFileSync(record, 'utf8')) as { supervisor: ProcessMark }
  expect(isRunning(supervisor)).toBe(true)
  npm.kill('SIGKILL')
  await expect.poll(() => isRunning(supervisor), { timeout: 60_000 }).toBe(false)
  await nothingLeft(home)
  removeHome(home)
})
