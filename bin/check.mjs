/**
 * `npm run check`: types, lint, format, unused code, database schema. Runs every step, says how each went, and ends
 * with status 1 if any failed.
 */

import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { seconds } from './setup/progress.mjs'
import { offlinePrismaEnv, root, setUpOrExit } from './setup.mjs'

const node = await setUpOrExit()
const module = (...path) => join(root, 'node_modules', ...path)

const steps = [
  { label: 'types', args: [module('typescript', 'bin', 'tsc'), '--noEmit', '-p', '.'] },
  { label: 'lint', args: [module('oxlint', 'bin', 'oxlint'), '--type-aware', '--deny-warnings'] },
  { label: 'format', args: [module('@biomejs', 'biome', 'bin', 'biome'), 'check'] },
  { label: 'unused code', args: [module('knip', 'bin', 'knip.js')] },
  { label: 'migrations lead to the schema', args: [join(root, 'bin', 'check-migrations.ts')] },
  { label: 'schema', args: [module('prisma', 'build', 'index.js'), 'validate'] },
]

let failed = 0
for (const { label, args } of steps) {
  const startedAt = performance.now()
  const { code, output } = await runQuietly(args)
  process.stdout.write(`${code === 0 ? 'ok    ' : 'FAILED'} ${label} (${seconds(startedAt)})\n`)
  if (code === 0) continue
  failed++
  process.stdout.write(`${output.trimEnd()}\n`)
}
process.stdout.write(failed === 0 ? 'All checks passed.\n' : `${failed} of ${steps.length} checks failed.\n`)
process.exit(failed === 0 ? 0 : 1)

function runQuietly(args) {
  return new Promise((resolve, reject) => {
    let output = ''
    const child = spawn(node, args, { cwd: root, env: offlinePrismaEnv(), stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, output }))
  })
}
