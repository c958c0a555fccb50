/** Which column is which field, as the caller says: with `--map`, or in a file. */

import { statSync } from 'node:fs'
import { parse } from 'yaml'
import { readInputBytes } from '../analyze/input-file.ts'
import { UsageError } from '../usage-error.ts'

const mostBytes = 1_000_000

/** @throws UsageError naming the option, the value and the rule. */
export function readMapping(told: readonly string[], path: string | undefined): Map<string, string> {
  const mapping = path === undefined ? new Map<string, string>() : readMappingFile(path)
  for (const text of told) {
    const at = text.lastIndexOf('=')
    if (at < 1) throw new UsageError(`--map: ${JSON.stringify(text)} must be of the form column=field`)
    mapping.set(text.slice(0, at), text.slice(at + 1).trim())
  }
  return mapping
}

function readMappingFile(path: string): Map<string, string> {
  const refuse = (rule: string): never => {
    throw new UsageError(`--mapping: ${JSON.stringify(path)} ${rule}`)
  }
  if (statSync(path, { throwIfNoEntry: false })?.isFile() === false) refuse('must be a file')
  const bytes = readInputBytes('--mapping', path)
  if (bytes.length > mostBytes) refuse(`must have at most ${mostBytes} bytes`)
  let document: unknown
  try {
    document = parse(bytes.toString('utf8'), { maxAliasCount: 0, stringKeys: true, version: '1.2' })
  } catch {
    refuse('must be JSON or YAML')
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    return refuse('must be an object of columns and their fields')
  }
  const entries = Object.entries(document) as [string, unknown][]
  return new Map(
    entries.map(([column, field]): [string, string] => [
      column,
      typeof field === 'string' ? field.trim() : refuse(`must name a field for column ${JSON.stringify(column)}`),
    ]),
  )
}
