/** The log files of the services, in `logs` of the home. A service writes its own file, and goes on if we die. */

import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readSync, renameSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

const rotateBytes = 10 * 1024 * 1024
const tailBytes = 8192

export interface ServiceLog {
  readonly path: string
  /** Open for appending; the caller closes it once the service has inherited it. */
  readonly fd: number
  /** The end of what was written since it was opened. */
  tail(): string
}

/** Opens a log for appending. One that has grown large is set aside as `….1` first. */
export function openServiceLog(path: string): ServiceLog {
  mkdirSync(dirname(path), { recursive: true })
  if (existsSync(path) && statSync(path).size > rotateBytes) renameSync(path, `${path}.1`)
  const fd = openSync(path, 'a')
  const startedAtByte = fstatSync(fd).size
  return { path, fd, tail: () => readTail(path, startedAtByte) }
}

function readTail(path: string, fromByte: number): string {
  const fd = openSync(path, 'r')
  try {
    const size = fstatSync(fd).size
    const start = Math.max(fromByte, size - tailBytes)
    const buffer = Buffer.alloc(Math.max(0, size - start))
    readSync(fd, buffer, 0, buffer.length, start)
    return buffer.toString('utf8')
  } finally {
    closeSync(fd)
  }
}
