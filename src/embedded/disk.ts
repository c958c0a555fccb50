/** Room on the disk. */

import { statfsSync } from 'node:fs'
import { dirname } from 'node:path'

/** Bytes that we may still write to the file system that holds a path, or will hold it once it exists. */
export function freeBytes(path: string): number {
  for (let folder = path; ; folder = dirname(folder)) {
    try {
      const { bavail, bsize } = statfsSync(folder)
      return bavail * bsize
    } catch (error) {
      if (folder === dirname(folder)) throw error
    }
  }
}

/** Below this, programs begin to fail in ways that do not name the disk: PostgreSQL writes its log in pieces of 16 MB. */
const fullBelowBytes = 64 * 1024 * 1024

/** Whether a failure is one of a full disk, judged by what was said and what is left. Ask before cleaning up. */
export function isDiskFull(path: string, said: string): boolean {
  return /No space left on device|ENOSPC|database or disk is full/.test(said) || freeBytes(path) < fullBelowBytes
}
