/**
 * Databases that lie outside their homes, because the server's user may not enter those. A note beside each says whose
 * it is: otherwise nobody could tell, once a home was deleted, that its database can go, too.
 */

import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, sep } from 'node:path'
import { sharedPlaces } from './service-account.ts'

const prefix = 'postgres-'
const suffix = '.home'

/** A name that no other database has. */
export function outsideName(): string {
  return `${prefix}${randomBytes(6).toString('hex')}`
}

export function noteHome(dataDir: string, home: string): void {
  writeFileSync(dataDir + suffix, `${home}\n`)
}

export function forgetHome(dataDir: string): void {
  rmSync(dataDir + suffix, { force: true })
}

/** The databases whose homes no longer speak of them. */
export function abandonedDatabases(): { readonly dataDir: string; readonly home: string }[] {
  return sharedPlaces
    .filter((place) => existsSync(place))
    .flatMap((place) => readdirSync(place).map((name) => join(place, name)))
    .filter((path) => path.endsWith(suffix))
    .map((path) => ({ dataDir: path.slice(0, -suffix.length), home: readFileSync(path, 'utf8').trim() }))
    .filter(({ dataDir, home }) => existsSync(dataDir) && !speaksOf(home, dataDir))
}

/** Removes the abandoned databases of homes that were temporary: those do not come back. */
export function removeTemporaryAbandoned(): void {
  for (const { dataDir, home } of abandonedDatabases()) {
    // Also one whose server still runs is somebody's: a pid file goes when the server does.
    if (!home.startsWith(tmpdir() + sep) || existsSync(join(dataDir, 'postmaster.pid'))) continue
    rmSync(dataDir, { recursive: true, force: true })
    forgetHome(dataDir)
  }
}

function speaksOf(home: string, dataDir: string): boolean {
  const record = join(home, 'postgres.json')
  return existsSync(record) && readFileSync(record, 'utf8').includes(dataDir)
}
