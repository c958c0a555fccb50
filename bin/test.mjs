/** `npm test [-- vitest arguments]`: makes the checkout ready, gets a Temporal server, then runs the tests in Node 24. */

import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { root, setUpOrExit } from './setup.mjs'

const node = await setUpOrExit()

// A first build takes minutes: better here, with progress, than inside the tests with a timeout above it.
const temporal = await runToEnd([join(root, 'src', 'embedded', 'fetch-temporal.ts')])
if (temporal !== 0) process.exit(temporal)

const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
process.exit(await runToEnd([vitest, 'run', ...process.argv.slice(2)]))

function runToEnd(args) {
  return new Promise((resolve, reject) => {
    const child = spawn(node, ['--disable-warning=ExperimentalWarning', ...args], { cwd: root, stdio: 'inherit' })
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
    child.on('error', reject)
    child.on('exit', (code) => resolve(code ?? 1))
  })
}
