/**
 * Which user a service runs as, and where that user may keep files. PostgreSQL refuses to run as root; and a folder
 * below one that only root may enter is of no use to another user.
 */

import { execFileSync } from 'node:child_process'
import { chownSync, mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ServiceError } from './service-error.ts'

export interface ServiceAccount {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

/** Unprivileged users that a system may have, best first. */
const candidates = ['postgres', 'perennial', 'nobody']

/** Places outside anybody's home that survive a restart. */
export const sharedPlaces = ['/var/lib/perennial', '/opt/perennial']

/**
 * The user to run PostgreSQL as: `undefined` for ourselves.
 *
 * @throws ServiceError if we are root and there is no other user.
 */
export function serviceAccount(): ServiceAccount | undefined {
  if (process.getuid?.() !== 0) return undefined
  for (const name of candidates) {
    const uid = idOf(name, '-u')
    const gid = idOf(name, '-g')
    if (uid !== undefined && gid !== undefined && uid !== 0) return { name, uid, gid }
  }
  throw new ServiceError(
    'PostgreSQL refuses to run as root and this machine has no other user for it: add one with "useradd --system postgres", or set DATABASE_URL',
  )
}

/** Whether the user may enter a folder and go on from there to what is in it. */
export function canEnter(account: ServiceAccount, folder: string): boolean {
  return succeeds(account, '/bin/sh', ['-c', 'cd -- "$1"', 'sh', folder])
}

/** Whether the user may run a program: also false if the program does not work here. */
export function canRun(account: ServiceAccount | undefined, program: string, args: readonly string[]): boolean {
  return succeeds(account, program, args)
}

/** A folder that every user may enter and that lasts: for data and programs of a service whose user cannot reach ours. */
export function sharedPlace(account: ServiceAccount): string {
  for (const place of sharedPlaces) {
    try {
      mkdirSync(place, { recursive: true, mode: 0o755 })
    } catch {
      continue // A read-only file system, or a place that is a file.
    }
    if (canEnter(account, place)) return place
  }
  const place = mkdtempSync(join(tmpdir(), 'perennial-'))
  chownSync(place, account.uid, account.gid)
  return place
}

function idOf(name: string, flag: '-u' | '-g'): number | undefined {
  try {
    return Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: 'pipe' }))
  } catch {
    return undefined
  }
}

function succeeds(account: ServiceAccount | undefined, program: string, args: readonly string[]): boolean {
  try {
    const user = account && { uid: account.uid, gid: account.gid }
    execFileSync(program, args, { ...user, cwd: '/', stdio: 'ignore', timeout: 20_000 })
    return true
  } catch {
    return false
  }
}
