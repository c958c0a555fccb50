/**
 * `npm run -s bench -- NAME [options]`: makes the checkout ready, then runs bench/NAME.ts in Node 24. Without a name it
 * lists what there is. With `--json`, the last line on stdout is one JSON object that has at least
 * `{ name, ours, reference, ratio, unit }`; ratio is ours over reference.
 */

import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { whenNpmIsGone } from './setup/npm-parent.mjs'
import { root, setUpOrExit } from './setup.mjs'

const folder = join(root, 'bench')
const names = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
  .map((entry) => entry.name.slice(0, -'.ts'.length))
  .sort()

const [name, ...options] = process.argv.slice(2)
if (name === undefined || name === '--help') {
  const width = Math.max(...names.map((known) => known.length))
  process.stdout.write('npm run -s bench -- NAME [options] [--json]\n\n')
  for (const known of names) process.stdout.write(`  ${known.padEnd(width)}  ${purposeOf(known)}\n`)
} else if (names.includes(name)) {
  await runBench(join(folder, `${name}.ts`), options)
} else {
  process.stderr.write(`bench: there is no bench ${JSON.stringify(name)}; there are ${names.join(', ')}\n`)
  process.exitCode = 2
}

/** The first sentence of a bench's opening comment. */
function purposeOf(known) {
  const opening = /\/\*\*([\s\S]*?)\*\//.exec(readFileSync(join(folder, `${known}.ts`), 'utf8'))?.[1] ?? ''
  return /^.*?[.:](?=\s|$)/.exec(opening.replaceAll(/\s*\*?\s+/g, ' ').trim())?.[0] ?? ''
}

async function runBench(file, options) {
  const node = await setUpOrExit()
  const args = ['--disable-warning=ExperimentalWarning', file, ...options]
  const child = spawn(node, args, { cwd: root, stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  whenNpmIsGone(() => child.kill('SIGTERM'))
  child.on('error', (error) => {
    process.stderr.write(`bench: could not run ${node}: ${error.message}\n`)
    process.exitCode = 1
  })
  child.on('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 1))
}
