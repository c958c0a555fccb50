/** Which code trained a model: the product's version, and a hash of what a training runs. */

import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../', import.meta.url))
const folders = ['src/analytics', 'activities/trainers']
let known: string | undefined

/** Such as `0.1.0+3f2a9c1b`. Read from the disk once. */
export function codeVersion(): string {
  known ??= `${packageVersion()}+${hashOf(folders)}`
  return known
}

function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string }
  return version
}

function hashOf(paths: readonly string[]): string {
  const hash = createHash('sha256')
  for (const path of paths) {
    const files = readdirSync(join(root, path), { recursive: true, encoding: 'utf8' })
    for (const file of files.filter((each) => each.endsWith('.ts')).sort()) {
      hash.update(file).update(readFileSync(join(root, path, file)))
    }
  }
  return hash.digest('hex').slice(0, 8)
}
