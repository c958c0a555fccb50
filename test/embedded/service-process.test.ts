/** Services do not outlive whoever started them, however that one ends, and end what they have started themselves. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { markProcess, type ProcessMark, waitUntilGone } from '../../src/embedded/processes.ts'

const folder = mkdtempSync(join(tmpdir(), 'perennial-test-'))
const patienceMs = 60_000
const parent = fileURLToPath(new URL('support/dies-at-once.ts', import.meta.url))

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Starts the script as a service of a process that dies at once. @returns the children that it had then. */
async function orphans(name: string, script: string): Promise<ProcessMark[]> {
  const child = spawn(process.execPath, [parent, join(folder, `${name}.log`), script])
  let said = ''
  child.stdout.on('data', (text: Buffer) => (said += text.toString()))
  const [, signal] = (await once(child, 'close')) as [number | null, string | null]
  expect({ signal, said }).toEqual({ signal: 'SIGKILL', said: expect.stringMatching(/\d/) })
  return marksOf(said)
}

function marksOf(ids: string): ProcessMark[] {
  return ids
    .trim()
    .split(/\s+/)
    .flatMap((id) => markProcess(Number(id)) ?? [])
}

/** @returns those that are still there after a long while. */
async function staying(marks: readonly ProcessMark[]): Promise<ProcessMark[]> {
  const went = await Promise.all(marks.map((mark) => waitUntilGone(mark, patienceMs)))
  return marks.filter((_, i) => went[i] !== true)
}

const isLinux = process.platform === 'linux'

describe.runIf(isLinux)('of whoever was killed in the moment in which a service began', () => {
  test('the service ends, and whoever guards it', { timeout: 4 * patienceMs }, async () => {
    expect(await staying(await orphans('young', 'exec sleep 1000'))).toEqual([])
  })

  test('a service that takes too long to stop is told to quit, and ends its own processes', {
    timeout: 4 * patienceMs,
  }, async () => {
    const ids = join(folder, 'ids')
    const stubborn = [
      `trap '' INT`,
      'setsid sleep 1000 & inner=$!',
      `trap 'kill "$inner"; exit' QUIT`,
      `echo "$inner" > ${ids}.new; mv ${ids}.new ${ids}`,
      'while :; do wait "$inner"; done',
    ]
    expect(await staying(await orphans('stubborn', stubborn.join('\n')))).toEqual([])
    expect(existsSync(ids) ? await staying(marksOf(readFileSync(ids, 'utf8'))) : []).toEqual([])
  })
})
