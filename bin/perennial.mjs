#!/usr/bin/env node
/**
 * `perennial …` from a checkout: makes the checkout ready, then runs the command line in Node 24 and ends as it ends.
 * Runs on any Node ≥ 20.
 */

import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { compileCacheEnv } from './setup/compile-cache.mjs'
import { whenNpmIsGone } from './setup/npm-parent.mjs'
import { root, setUpOrExit } from './setup.mjs'

const node = await setUpOrExit()
const main = join(root, 'src', 'cli', 'main.ts')

// The channel tells the command that this process was killed: it closes, and what the command started is stopped.
const child = spawn(node, ['--disable-warning=ExperimentalWarning', main, ...process.argv.slice(2)], {
  env: { ...process.env, ...compileCacheEnv() },
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
whenNpmIsGone(() => child.kill('SIGTERM'))

child.on('error', (error) => {
  process.stderr.write(`perennial: could not run ${node}: ${error.message}\n`)
  process.exitCode = 1
})
child.on('exit', (code, signal) => {
  if (signal === null) process.exit(code ?? 1)
  process.removeAllListeners(signal)
  process.kill(process.pid, signal) // Ends as the command ended, so that a shell sees the same.
})
