/** The workflow code as workers load it: bundled once, then kept on disk under the hash of what went in. */

import { createHash } from 'node:crypto'
import { globSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleWorkflowCode, type Logger } from '@temporalio/worker'

const root = fileURLToPath(new URL('../', import.meta.url))
const entry = join(root, 'workflows', 'index.ts')

/** Whatever the entry may import: a test holds the bundle to these folders and Temporal's own packages. */
const sources = ['workflows/**/*.ts', 'src/domain/**/*.ts']

/**
 * The bundle of all workflows. Building takes seconds, reading it back milliseconds.
 *
 * @param cacheDir shared by all installations on this machine.
 */
export async function workflowBundle(cacheDir: string, logger?: Logger): Promise<{ code: string }> {
  const path = join(cacheDir, `workflows-${sourceHash()}.js`)
  try {
    return { code: readFileSync(path, 'utf8') }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  const { code } = await bundleWorkflowCode({ workflowsPath: entry, ...(logger ? { logger } : {}) })
  mkdirSync(cacheDir, { recursive: true })
  // Several workers may start at once: the file appears whole or not at all.
  const draft = `${path}.${process.pid}`
  writeFileSync(draft, code)
  renameSync(draft, path)
  return { code }
}

function sourceHash(): string {
  const hash = createHash('sha256')
  for (const path of globSync(sources, { cwd: root }).sort())
    hash.update(`${path}\n`).update(readFileSync(join(root, path)))
  const require = createRequire(import.meta.url)
  for (const name of ['@temporalio/workflow', '@temporalio/worker']) {
    hash.update((require(`${name}/package.json`) as { version: string }).version)
  }
  return hash.digest('hex').slice(0, 16)
}
