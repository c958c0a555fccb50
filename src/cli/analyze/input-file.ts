/** Reading an input file whole, with errors that name the option and the file. */

import { isUtf8 } from 'node:buffer'
import { readFileSync } from 'node:fs'
import { UsageError } from '../usage-error.ts'

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'must be a file that may be read',
  EISDIR: 'must be a file, but is a folder',
  ENOENT: 'must be a file that exists',
  ENOTDIR: 'must be a file that exists',
}

/**
 * The bytes of a UTF-8 file.
 *
 * @throws UsageError if it cannot be read or is not UTF-8.
 */
export function readInputBytes(option: string, path: string): Buffer {
  const bytes = readBytes(option, path)
  if (!isUtf8(bytes)) throw new UsageError(`${option}: ${JSON.stringify(path)} must be a text file in UTF-8`)
  return bytes
}

/** The lines of a UTF-8 file that ends its lines with LF or CRLF, without these; a last empty line does not count. */
export function readInputLines(option: string, path: string): string[] {
  const text = readInputBytes(option, path).toString('utf8')
  const lines = (text.startsWith('\uFEFF') ? text.slice(1) : text).split(/\r?\n/)
  if (lines.at(-1) === '') lines.pop()
  return lines
}

function readBytes(option: string, path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    const reason = reasons[code] ?? `cannot be read (${code || String(error)})`
    throw new UsageError(`${option}: ${JSON.stringify(path)} ${reason}`)
  }
}
