/**
 * What a run of the tests came to, from vitest's JSON report.
 * `results.mjs count FILE [SECOND]` prints the counts, those of a second attempt in the place of the first's, and ends
 * with 1 if a test failed or nothing ran. `results.mjs again FILE` prints the files worth a second attempt: few, and
 * only those whose tests race real servers, never the pure ones.
 */

import { existsSync, readFileSync } from 'node:fs'
import { relative } from 'node:path'

const FEW = 3
const PURE = /^test\/(analytics|domain|scenarios|simulation)\//

const [verb, ...paths] = process.argv.slice(2)
const [first, second] = paths.map((path) => (existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined))

if (verb === 'again') {
  const files = failedFiles(first).map((file) => relative(process.cwd(), file.name))
  if (files.length <= FEW && !files.some((file) => PURE.test(file))) console.log(files.join(' '))
} else if (first === undefined) {
  console.log('0 passed, 1 failed')
  process.exit(1)
} else {
  const repeated = new Set(second?.testResults.map((file) => file.name))
  const files = [...first.testResults.filter((file) => !repeated.has(file.name)), ...(second?.testResults ?? [])]
  // A file that cannot even be loaded holds no test that could fail: it counts as one.
  const broken = failedFiles({ testResults: files }).filter((file) => file.assertionResults.length === 0)
  for (const file of broken) console.log(`could not be run: ${file.name}`)
  const tests = files.flatMap((file) => file.assertionResults)
  const count = (...states) => tests.filter((test) => states.includes(test.status)).length
  const failed = count('failed') + broken.length
  const skipped = count('skipped', 'pending', 'todo', 'disabled')
  console.log(`${count('passed')} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
  process.exit(failed === 0 ? 0 : 1)
}

function failedFiles(run) {
  return (run?.testResults ?? []).filter((file) => file.status === 'failed')
}
