/** The product as a person starts it: `perennial start` in a process of its own, with everything below it real. */

import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { inheritedEnvironment } from '../../../src/config.ts'
import { removeEmbeddedPostgres } from '../../../src/embedded/postgres-data.ts'

export const launcher = fileURLToPath(new URL('../../../bin/perennial.mjs', import.meta.url))

/** The line that `--ready-json` prints. */
export interface ReadyLine {
  readonly url: string
  readonly temporalAddress: string
  readonly temporalUi: string
  readonly mailUi: string
  readonly smsUi: string
  readonly smtp: string
  readonly databaseUrl: string
  readonly writeKey?: string
  readonly adminToken?: string
}

export interface Launched {
  readonly ready: ReadyLine
  readonly child: ChildProcess
  /** Everything that it said on stdout, line by line, and on stderr. */
  readonly stdout: readonly string[]
  stderr(): string
}

/** The environment of this run without what would lead the product to other neighbours. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  const env = inheritedEnvironment()
  const settings = /^(PERENNIAL_(?!CACHE)|DATABASE_URL|TEMPORAL_|SMTP_URL|TWILIO_|CLOCK_|MAIL_|npm_)/
  return Object.fromEntries(Object.entries(env).filter(([name]) => !settings.test(name)))
}

export function newHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'perennial-home-'))
  chmodSync(home, 0o755) // As root, PostgreSQL runs as another user.
  return home
}

export function removeHome(home: string): void {
  removeEmbeddedPostgres(home)
  rmSync(home, { recursive: true, force: true })
}

/** Starts it and waits until it is ready. @throws Error with what it said if it ends before. */
export async function launch(
  home: string,
  args: readonly string[] = ['--port', '0'],
  env: NodeJS.ProcessEnv = {},
): Promise<Launched> {
  const child = spawn(process.execPath, [launcher, 'start', '--home', home, '--ready-json', ...args], {
    env: { ...cleanEnvironment(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const stdout: string[] = []
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const line = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (text) => {
      stdout.push(text)
      resolve(text)
    })
    child.once('exit', (code, signal) => reject(new Error(`It ended with ${code ?? signal}: ${stderr}`)))
  })
  return { ready: JSON.parse(line) as ReadyLine, child, stdout, stderr: () => stderr }
}

/** Ends it by a signal and waits for the end. @returns its exit status; `null` if the signal ended it. */
export async function end({ child }: Launched, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  child.kill(signal)
  const [code] = (await once(child, 'exit')) as [number | null]
  return code
}

/** Runs another command of the command line to its end. */
export async function command(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [launcher, ...args], {
    env: { ...cleanEnvironment(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout, stderr }
}

/**
 * The processes of this machine that belong to a home: by their arguments or their environment; and the guards of those
 * given. Only where the system shows them (Linux).
 */
export function processesOf(home: string, guarded: readonly number[] = []): { pid: number; args: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((name) => ({ pid: Number(name), args: procText(name, 'cmdline').trim(), env: procText(name, 'environ') }))
    .filter(
      ({ args, env }) =>
        args.includes(home) ||
        env.includes(home) ||
        guarded.some((pid) => args.includes('perennial-guard') && args.endsWith(` ${pid}`)),
    )
    .map(({ pid, args }) => ({ pid, args }))
}

/** Waits until no process of a home is left; does not look where they cannot be seen. @throws Error naming those left. */
export async function nothingLeft(home: string): Promise<void> {
  if (!showsProcesses) return
  for (const deadline = performance.now() + leftoverMs; ; await sleep(100)) {
    const left = processesOf(home)
    if (left.length === 0) return
    if (performance.now() > deadline) throw new Error(`Left running: ${left.map(({ args }) => args).join('; ')}`)
  }
}

const leftoverMs = 60_000

export const showsProcesses = process.platform === 'linux'

function procText(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}
