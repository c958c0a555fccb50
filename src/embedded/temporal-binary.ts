/**
 * A Temporal server to run: from PATH, else the cache, else the official download, else built with Go. Getting it costs
 * once per machine; all installations share the cache.
 */

import { execFile, spawn } from 'node:child_process'
import { createWriteStream, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { withLock } from '../../bin/setup/lock.mjs'
import { inheritedEnvironment } from '../config.ts'
import { ServiceError } from './service-error.ts'

const run = promisify(execFile)

/** Newer modules of the command line have a replace directive, which `go install` refuses. */
const cliVersion = '1.5.1'
const goModule = `github.com/temporalio/cli/cmd/temporal@v${cliVersion}`
/** Without network a name does not resolve at once everywhere. */
const downloadAnswerMs = 8000
const downloadMs = 300_000
const progressMs = 15_000

type Tell = (text: string) => void

/** Where the server would be in the cache. */
function cachedTemporal(cacheDir: string): string {
  return join(cacheDir, `temporal-${cliVersion}`)
}

/** The server that needs no work to get, if there is one: on PATH or in the cache. */
export async function temporalAtHand(cacheDir: string): Promise<string | undefined> {
  if (await works('temporal')) return 'temporal'
  const cached = cachedTemporal(cacheDir)
  return (await works(cached)) ? cached : undefined
}

/**
 * A program that can `server start-dev`, fetched or built if need be.
 *
 * @param onStep told what takes time, and how far it is.
 * @throws ServiceError naming the five ways to a server, and what was in the way of each.
 */
export async function obtainTemporal(cacheDir: string, onStep: Tell = () => undefined): Promise<string> {
  const atHand = await temporalAtHand(cacheDir)
  if (atHand !== undefined) return atHand
  mkdirSync(cacheDir, { recursive: true })
  const obtain = async (): Promise<string> => (await temporalAtHand(cacheDir)) ?? (await fetchOrBuild(cacheDir, onStep))
  const tellWait = (): void => onStep('waiting for another process that is getting the Temporal server')
  return withLock(join(cacheDir, 'temporal.lock'), obtain, tellWait)
}

/** Alone, thanks to the lock: what an earlier attempt left half done can go. */
async function fetchOrBuild(cacheDir: string, onStep: Tell): Promise<string> {
  for (const name of readdirSync(cacheDir)) {
    if (name.startsWith('getting-temporal-')) rmSync(join(cacheDir, name), { recursive: true, force: true })
  }
  const workDir = mkdtempSync(join(cacheDir, 'getting-temporal-'))
  const obstacles: string[] = []
  try {
    for (const way of [download, build]) {
      try {
        const program = await way(workDir, onStep)
        if (!(await works(program))) throw new Error('it does not run on this machine')
        renameSync(program, cachedTemporal(cacheDir))
        return cachedTemporal(cacheDir)
      } catch (error) {
        obstacles.push(error instanceof Error ? error.message : String(error))
      }
    }
  } finally {
    rmSync(workDir, { recursive: true, force: true })
  }
  throw new ServiceError(
    `There is no Temporal server: set TEMPORAL_ADDRESS to a running one, or put the program "temporal" on PATH, or put it ` +
      `at ${cachedTemporal(cacheDir)}, or allow the download from temporal.download (now: ${obstacles[0]}), or install Go ` +
      `1.24 or newer to build it (now: ${obstacles[1]})`,
  )
}

async function download(workDir: string, onStep: Tell): Promise<string> {
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch
  const url = `https://temporal.download/cli/archive/v${cliVersion}?platform=${process.platform}&arch=${architecture}`
  onStep(`downloading the Temporal server ${cliVersion}`)
  const body = await answerOf(url)
  const archive = join(workDir, 'temporal.tar.gz')
  await pipeline(body, createWriteStream(archive), { signal: AbortSignal.timeout(downloadMs) })
  await run('tar', ['-xzf', archive, '-C', workDir])
  const program = join(workDir, 'temporal')
  if (!existsSync(program)) throw new Error('the archive holds no program')
  return program
}

async function answerOf(url: string): Promise<Readable> {
  const patience = new AbortController()
  const timer = setTimeout(() => patience.abort(new Error('no answer')), downloadAnswerMs)
  try {
    const response = await fetch(url, { signal: patience.signal })
    if (!response.ok || response.body === null) throw new Error(`it answers ${response.status}`)
    return Readable.fromWeb(response.body)
  } catch (error) {
    // fetch says "fetch failed" and hides the reason below.
    throw error instanceof Error && error.cause instanceof Error ? error.cause : error
  } finally {
    clearTimeout(timer)
  }
}

/** `go install`, five minutes on two cores, telling how many packages are done. */
async function build(workDir: string, onStep: Tell): Promise<string> {
  if (!(await goIsThere())) throw new Error('there is no "go" on PATH')
  onStep(`building the Temporal server ${cliVersion} with Go: about five minutes, once on this machine`)
  const startedAt = performance.now()
  const go = spawn('go', ['install', '-v', goModule], {
    env: { ...inheritedEnvironment(), GOBIN: workDir },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let packages = 0
  let lastLine = ''
  const timer = setInterval(() => {
    const seconds = Math.round((performance.now() - startedAt) / 1000)
    onStep(`building the Temporal server (${seconds} s, ${packages} packages compiled)`)
  }, progressMs)
  createInterface({ input: go.stderr }).on('line', (line) => {
    packages += 1
    lastLine = line
  })
  try {
    const code = await new Promise<number | null>((resolve, reject) => go.on('error', reject).on('close', resolve))
    if (code !== 0) throw new Error(`go install failed: ${lastLine}`)
  } finally {
    clearInterval(timer)
  }
  return join(workDir, 'temporal')
}

/** Whether a server could be built. */
export async function goIsThere(): Promise<boolean> {
  try {
    await run('go', ['version'])
    return true
  } catch {
    return false
  }
}

async function works(program: string): Promise<boolean> {
  try {
    const { stdout } = await run(program, ['--version'], { timeout: 20_000 })
    return stdout.startsWith('temporal version')
  } catch {
    return false
  }
}
