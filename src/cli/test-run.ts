/** What `perennial test` does. */

import { resolve } from 'node:path'
import { sayProblem } from '../domain/problem.ts'
import { sayMoment } from '../scenarios/moment.ts'
import { runScenario, type ScenarioResult } from '../scenarios/run-scenario.ts'
import { readCampaignFiles } from '../store/campaign-files.ts'
import { CampaignFilesError, sayFileProblem } from '../store/file-problem.ts'
import { writeResult } from './analyze/output.ts'
import { readScenarioFiles } from './scenario-files.ts'
import { UsageError } from './usage-error.ts'

export interface TestOptions {
  readonly dir: string
  readonly json?: boolean
}

interface Tested extends ScenarioResult {
  readonly file: string
  readonly line: number
  readonly name: string
}

/** Status 1 if a scenario fails, 2 if the files are wrong. */
export async function runTest(filter: string | undefined, { dir, json }: TestOptions): Promise<void> {
  const tested = await testAll(filter, dir, json)
  if (tested === undefined) return
  const failed = tested.filter(({ differences }) => differences.length > 0).length
  const scenarios = tested.map(({ timeline, timeZone, ...each }) => ({
    ...each,
    passed: each.differences.length === 0,
    timeZone,
    timeline: timeline.map(({ atMs, text }) => ({ at: new Date(atMs).toISOString(), text })),
  }))
  writeResult(json, { passed: tested.length - failed, failed, scenarios }, () => inWords(tested, failed))
  if (failed > 0) process.exitCode = 1
}

/** Undefined once what is wrong in the files has been told. */
async function testAll(
  filter: string | undefined,
  dir: string,
  json: boolean | undefined,
): Promise<Tested[] | undefined> {
  try {
    const { definitions } = await readCampaignFiles(resolve(dir))
    const tested: Tested[] = []
    for (const { file, document, lines } of await readScenarioFiles(resolve(dir), definitions)) {
      for (const [i, scenario] of document.scenarios.entries()) {
        const name = `${document.name} › ${scenario.name}`
        if (filter !== undefined && !`${file} ${name}`.toLowerCase().includes(filter.toLowerCase())) continue
        tested.push({ file, line: lines[i] ?? 1, name, ...runScenario(scenario, definitions, document.journeys) })
      }
    }
    if (tested.length > 0) return tested
    // Whoever tests nothing has not passed.
    throw new UsageError(
      filter === undefined ? `--dir: "${dir}" has no scenarios` : `filter: no scenario holds "${filter}"`,
    )
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new UsageError(`--dir: "${dir}" is no directory`)
    if (!(error instanceof CampaignFilesError)) throw error
    reportProblems(error, json)
    process.exitCode = 2
    return undefined
  }
}

function reportProblems({ problems }: CampaignFilesError, json: boolean | undefined): void {
  const told = problems.map((problem) => ({ ...problem, message: sayProblem(problem) }))
  if (json) writeResult(true, { valid: false, problems: told }, () => '')
  else for (const problem of problems) process.stderr.write(`${sayFileProblem(problem)}\n`)
}

function inWords(tested: readonly Tested[], failed: number): string {
  const lines = tested.flatMap((each) => (each.differences.length === 0 ? [`✓ ${each.name}`] : tellFailure(each)))
  const passed = tested.length - failed
  return [...lines, '', `${passed} passed${failed === 0 ? '' : `, ${failed} failed`}.`].join('\n')
}

function tellFailure({ name, file, line, differences, timeline, timeZone }: Tested): string[] {
  return [
    `✗ ${name} (${file}:${line})`,
    ...differences.map((difference) => `    ${difference}`),
    `    What happened (${timeZone}):`,
    ...timeline.map(({ atMs, text }) => `      ${sayMoment(atMs, timeZone)}  ${text}`),
  ]
}
