/** How a command finds the installation that it speaks to: by the record in the home, or as told. */

import { existsSync, readFileSync } from 'node:fs'
import { Option } from 'commander'
import { readConfig } from '../config.ts'
import { localTokenPath } from '../embedded/first-keys.ts'
import { runningInstallation } from '../embedded/home.ts'
import { homeOf } from './options.ts'
import { UsageError } from './usage-error.ts'

export interface TargetOptions {
  readonly home?: string
  readonly url?: string
  readonly token?: string
}

/** `--url` and `--token`; use with `homeOption()`. */
export function targetOptions(): Option[] {
  return [
    new Option('--url <url>', 'address of the installation (default: the one that runs in the home)'),
    new Option('--token <token>', 'admin token (default: the one that the installation keeps in its home)'),
  ]
}

const requestMs = 30_000

/**
 * Asks the admin API, or tells it something.
 *
 * @param path such as `/api/status`.
 * @param body makes it a POST, or what `method` says.
 * @throws UsageError if there is no installation or no token; Error with what the installation answered.
 */
export async function askInstallation(
  options: TargetOptions,
  path: string,
  body?: object,
  method = body === undefined ? 'GET' : 'POST',
): Promise<unknown> {
  const home = homeOf(options)
  const url = options.url ?? runningInstallation(home)?.addresses?.url
  if (url === undefined) throw new UsageError(`Nothing runs in ${home}: start it with "perennial start", or give --url`)
  const token = options.token ?? localToken(home)
  if (token === undefined)
    throw new UsageError('An admin token is needed: give --token ("perennial keys create --kind admin")')
  const response = await fetch(new URL(path, url), {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(requestMs),
  }).catch((error: unknown) => {
    throw new Error(`${url} cannot be reached: ${reasonOf(error)}`)
  })
  if (response.status === 401) throw new UsageError(`${url} does not know this admin token`)
  const text = await response.text()
  if (response.status === 400 || response.status === 403 || response.status === 404 || response.status === 409)
    throw new UsageError(messageOf(text))
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${messageOf(text)}`)
  return JSON.parse(text) as unknown
}

/**
 * The database of the installation: as configured, else that of the one that runs in the home.
 *
 * @throws UsageError if there is none.
 */
export function databaseOf(options: { readonly home?: string }): string {
  const home = homeOf(options)
  const url = readConfig().databaseUrl ?? runningInstallation(home)?.addresses?.databaseUrl
  if (url !== undefined) return url
  throw new UsageError(
    `Nothing runs in ${home} and DATABASE_URL is not set: start it with "perennial start", or give --home`,
  )
}

function localToken(home: string): string | undefined {
  const path = localTokenPath(home)
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined
}

/** What the installation says is wrong, without its envelope. */
function messageOf(text: string): string {
  try {
    const { error } = JSON.parse(text) as { readonly error?: { readonly message?: unknown } }
    if (typeof error?.message === 'string') return error.message
  } catch {
    // Something else than our API answered.
  }
  return text.slice(0, 300)
}

/** fetch says "fetch failed" and hides the reason below. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error && error.cause.message !== '' ? error.cause.message : error.message
}
