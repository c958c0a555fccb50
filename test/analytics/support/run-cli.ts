/** Running the real command line in a process of its own. */

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'

const main = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url))

/** What a run printed, and how it ended. */
export interface CliRun {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs `perennial …` to its end. */
export function runCli(...args: string[]): CliRun {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    encoding: 'utf8',
    timeout: 100_000,
    maxBuffer: 2 ** 28,
  })
  return { status, stdout, stderr }
}

/** A folder for the input files of one test file; gone afterwards. Returns a function that writes a file and says where. */
export function inputFiles(): (name: string, text: string) => string {
  const folder = mkdtempSync(join(tmpdir(), 'perennial-cli-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  return (name, text) => {
    const path = join(folder, name)
    writeFileSync(path, text)
    return path
  }
}
