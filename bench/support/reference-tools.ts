/** Getting the tools that we compare with: Python packages and npm packages in a cache outside the checkout. */

import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { readConfig } from '../../src/config.ts'
import { say } from './bench.ts'
import { runToEnd } from './run-to-end.ts'

/** A tool that is there, or the reason why not: then its rows are skipped, and the reason is shown. */
export type Found = { readonly path: string } | { readonly missing: string }

/** In the order of preference: packages with compiled parts are not there for every version. */
const PYTHONS = ['python3.11', 'python3.12', 'python3.10', 'python3']
const OLDEST_PYTHON = 310
const INSTALL_TIMEOUT_MS = 15 * 60_000

/**
 * A virtual environment of Python with the given packages; made at the first use, then kept.
 *
 * @param name Its folder in the cache.
 * @param packages What pip installs, such as `numpy==1.26.4`.
 * @returns The path of its Python.
 */
export async function pythonWith(name: string, packages: readonly string[]): Promise<Found> {
  const folder = join(readConfig().cacheDir, 'bench-python', name)
  const python = join(folder, 'bin', 'python')
  return keptIn(folder, packages, python, async () => {
    const host = await hostPython()
    if ('missing' in host) return host.missing
    say(`installing ${packages.join(' ')} for Python into ${folder}`)
    const venv = await runToEnd(host.path, ['-m', 'venv', folder], INSTALL_TIMEOUT_MS)
    if (venv.status !== 0) return `python -m venv failed: ${venv.lastLine}`
    const pip = await runToEnd(python, ['-m', 'pip', 'install', '--quiet', ...packages], INSTALL_TIMEOUT_MS)
    return pip.status === 0 ? undefined : `pip failed: ${pip.lastLine}`
  })
}

/**
 * A folder with the given npm packages in its `node_modules`; made at the first use, then kept.
 *
 * @returns The path of the folder.
 */
export async function npmFolderWith(name: string, packages: readonly string[]): Promise<Found> {
  const folder = join(readConfig().cacheDir, 'bench-npm', name)
  return keptIn(folder, packages, folder, async () => {
    say(`installing ${packages.join(' ')} from npm into ${folder}`)
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
    const install = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error', ...packages]
    const npm = await runToEnd('npm', ['--prefix', folder, ...install], INSTALL_TIMEOUT_MS)
    return npm.status === 0 ? undefined : `npm failed: ${npm.lastLine}`
  })
}

/** Installs unless the same packages were installed before; a half-made folder is made again. */
async function keptIn(
  folder: string,
  packages: readonly string[],
  path: string,
  install: () => Promise<string | undefined>,
): Promise<Found> {
  const stamp = join(folder, 'installed')
  const wanted = createHash('sha256').update(packages.join('\n')).digest('hex')
  if (existsSync(stamp) && existsSync(path) && readFileSync(stamp, 'utf8') === wanted) return { path }
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(dirname(folder), { recursive: true })
  const missing = await install()
  if (missing !== undefined) return { missing }
  writeFileSync(stamp, wanted)
  return { path }
}

async function hostPython(): Promise<Found> {
  const question = 'import sys; print(100 * sys.version_info[0] + sys.version_info[1])'
  for (const name of PYTHONS) {
    const { status, lastLine } = await runToEnd(name, ['-c', question], 20_000)
    if (status === 0 && Number(lastLine) >= OLDEST_PYTHON) return { path: name }
  }
  return { missing: `there is no Python from 3.10 on; looked for ${PYTHONS.join(', ')}` }
}
