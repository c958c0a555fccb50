/** Every history that was ever recorded still replays; code that would break customers in flight is found out here. */

import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleWorkflowCode, DefaultLogger, makeTelemetryFilterString, Runtime, Worker } from '@temporalio/worker'
import { afterAll, expect, test } from 'vitest'
import { historyFromPlain, workflowTypeOf } from '../support/histories.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = fileURLToPath(new URL('histories/', import.meta.url))
const mutants = join(root, '.cache', `mutants-${process.pid}`)
const logger = new DefaultLogger('ERROR', () => undefined)

// The core tells of every replay that fails, which is what most of these tests want.
Runtime.install({
  logger,
  telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) } },
})
afterAll(() => rmSync(mutants, { recursive: true, force: true }))

const histories = readdirSync(folder).map((file) => ({
  workflowId: file,
  history: historyFromPlain(JSON.parse(readFileSync(join(folder, file), 'utf8')) as Record<string, unknown>),
}))

/** The files whose history this code would not have written. */
async function filesThatBreak(workflowsPath: string): Promise<string[]> {
  const workflowBundle = await bundleWorkflowCode({ workflowsPath, logger })
  const broken: string[] = []
  for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle }, histories)) {
    if (error) broken.push(workflowId)
  }
  return broken
}

test('every workflow that a worker can run has a recorded history, and no history is of an unknown one', async () => {
  const known = Object.keys(await import('../../workflows/index.ts'))
  const recorded = new Set(histories.map(({ history }) => workflowTypeOf(history)))
  expect(known.length).toBeGreaterThan(0)
  // Something new? PERENNIAL_RECORD=NAME npm test -- test/replay records the histories of all.
  expect(recorded).toEqual(new Set(known))
})

test('every recorded history replays', async () => {
  expect(await filesThatBreak(join(root, 'workflows', 'index.ts'))).toEqual([])
})

/** What a well-meaning change could be; each is applied to the real code. */
const changes: readonly [string, string, RegExp, string][] = [
  [
    'another order of steps',
    'customer-lifecycle.ts',
    /(const plan = await reviewCustomer)/,
    'await scoreCustomer(customerId)\n    $1',
  ],
  ['a pause', 'customer-lifecycle.ts', /(deliveries\.begin\(plan\.messages\))/, 'await wf.sleep(10)\n    $1'],
  ['no judging of a model', 'model-training.ts', /await evaluateModel\.executeWithOptions\([^\n]*\n/, '\n'],
  [
    'scoring everybody twice',
    'model-training.ts',
    /(const scoring = await scoreEveryone\.)/,
    'await scoreEveryone(kind)\n  $1',
  ],
  [
    'a rest before every page of a crowd',
    'crowd-review.ts',
    /(const page = await reviewCrowdPage)/,
    'await wf.sleep(10)\n    $1',
  ],
  ['a crowd without deliveries', 'crowd-review.ts', /(deliveries\.begin\(\)\n)/, '\n'],
  ['a timer beside every delivery', 'deliveries.ts', /(\bif \(this\.#underWay\.has)/, 'void wf.sleep(1)\n      $1'],
]

const workflowIn: Readonly<Record<string, string>> = {
  'model-training.ts': 'modelTraining',
  'crowd-review.ts': 'crowdReview',
}

test.each(changes)('%s breaks replay, and the test sees it', async (_name, file, find, replacement) => {
  const broken = await filesThatBreak(mutant(file, find, replacement))
  expect(broken).not.toEqual([])
  // It breaks the workflow that it changes and no other: whatever else fails here is no answer.
  const changed = workflowIn[file] ?? 'customerLifecycle'
  const others = histories.filter(({ history }) => workflowTypeOf(history) !== changed)
  expect(others.filter(({ workflowId }) => broken.includes(workflowId))).toEqual([])
})

test('other words in the current details break nothing', async () => {
  const path = mutant('standing.ts', /In no journey/, 'Nowhere')
  expect(await filesThatBreak(path)).toEqual([])
})

/** The workflows with one place changed. @returns the path of their entry. */
function mutant(file: string, find: RegExp, replacement: string): string {
  const copy = join(mutants, file, String(Math.abs(find.source.length)))
  mkdirSync(copy, { recursive: true })
  cpSync(join(root, 'workflows'), join(copy, 'workflows'), { recursive: true })
  cpSync(join(root, 'src', 'domain'), join(copy, 'src', 'domain'), { recursive: true })
  const path = join(copy, 'workflows', file)
  const source = readFileSync(path, 'utf8')
  const changed = source.replace(find, replacement)
  if (changed === source) throw new Error(`${file} has no ${String(find)} to change`)
  writeFileSync(path, changed)
  return join(copy, 'workflows', 'index.ts')
}
