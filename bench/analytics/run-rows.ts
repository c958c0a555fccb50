/** Runs the timed rows: finds their references, prepares both sides, measures them turn about. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { say } from '../support/bench.ts'
import { compare, localSide } from '../support/measure.ts'
import { type Found, npmFolderWith, pythonWith } from '../support/reference-tools.ts'
import { missingData } from '../support/shared-data.ts'
import { ReferenceFailure, startWorker, type Worker } from '../support/worker.ts'
import { measured, type Outcome, sayOutcome } from './report.ts'
import type { InputFolder, ReferenceHome, Row } from './row.ts'

/** Each in an environment of its own: they do not agree on a numpy. */
export const packages: Readonly<Record<ReferenceHome, readonly string[]>> = {
  lifetimes: ['numpy==1.26.4', 'scipy==1.11.4', 'pandas==2.0.3', 'lifetimes==0.11.3'],
  mining: ['mlxtend==0.25.0', 'pyfim==6.28', 'prefixspan==0.5.2'],
  science: ['numpy==1.26.4', 'scikit-learn==1.9.1', 'statsmodels==0.15.0', 'implicit==0.7.3', 'scikit-surprise==1.1.5'],
  npm: [
    'ml-logistic-regression@2.0.0',
    'ml-matrix@6.15.1',
    'ml-kmeans@7.0.1',
    'density-clustering@1.3.0',
    'node-fpgrowth@1.2.1',
  ],
}

/** One thread for numerical libraries: the other side has one too. */
const oneThread = { OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1', MKL_NUM_THREADS: '1' }

/** Measures the rows one after the other. A row without its data or its reference is skipped, with the reason. */
export async function runRows(rows: readonly Row[], runs: number): Promise<Outcome[]> {
  const references = new References()
  const inputs = temporaryFolder()
  const cleanUp = (): void => {
    references.stop()
    inputs.remove()
  }
  process.once('SIGINT', () => process.exit(130)).once('SIGTERM', () => process.exit(143))
  process.once('exit', cleanUp)
  try {
    const outcomes: Outcome[] = []
    for (const row of rows) {
      const outcome = await runRow(row, references, inputs, runs)
      sayOutcome(outcome)
      outcomes.push(outcome)
    }
    return outcomes
  } finally {
    cleanUp()
  }
}

async function runRow(row: Row, references: References, inputs: InputFolder, runs: number): Promise<Outcome> {
  const { name, tool, home } = row
  const skip = (reason: string): Outcome => {
    say(`skipping ${name}, against ${tool}: ${reason}`)
    return { name, tool, skipped: reason }
  }
  const noData = row.data.map(missingData).find((reason) => reason !== undefined)
  if (noData !== undefined) return skip(noData)
  const worker = await references.in(home)
  if ('missing' in worker) return skip(worker.missing)
  try {
    say(`${name}, against ${tool}`)
    return await measureRow(row, worker, inputs, runs)
  } catch (error) {
    if (!(error instanceof ReferenceFailure)) throw error
    references.drop(home)
    return skip(`it failed: ${error.message}`)
  }
}

async function measureRow(row: Row, worker: Worker, inputs: InputFolder, runs: number): Promise<Outcome> {
  const { input, ours, agreement } = row.prepare(inputs)
  const theirs = await worker.prepare(row.task, input)
  const result = await compare(localSide(ours), theirs, runs)
  return measured({
    name: row.name,
    tool: row.tool,
    unit: 's',
    ours: result.ours,
    reference: result.theirs,
    target: row.target ?? null,
    runs: [result.oursRuns, result.theirsRuns],
    agreement: agreement(result.oursResult as never, result.theirsResult as never),
  })
}

type MaybeWorker = Worker | { readonly missing: string }

/** The references that run, one process a home. */
class References {
  readonly #workers = new Map<ReferenceHome, MaybeWorker>();

  /** The process of this home, started (and its packages installed) the first time; or why there is none. */
  async in(home: ReferenceHome): Promise<MaybeWorker> {
    const worker = this.#workers.get(home) ?? (await workerFor(home))
    this.#workers.set(home, worker)
    return worker
  }

  /** Gives up a process that failed: it may be gone, or in no state to go on. The next row gets a new one. */
  drop(home: ReferenceHome): void {
    const worker = this.#workers.get(home)
    this.#workers.delete(home)
    if (worker !== undefined && 'stop' in worker) worker.stop()
  }

  stop(): void {
    for (const home of this.#workers.keys()) this.drop(home)
  }
}

async function workerFor(home: ReferenceHome): Promise<MaybeWorker> {
  const found: Found = await (home === 'npm'
    ? npmFolderWith('analytics', packages.npm)
    : pythonWith(home, packages[home]))
  if ('missing' in found) return found
  const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
  const env = { ...process.env, ...oneThread }
  if (home !== 'npm') return startWorker(found.path, [script('reference.py')], env)
  return startWorker(process.execPath, ['--disable-warning=ExperimentalWarning', script('peers.ts'), found.path], env)
}

function temporaryFolder(): InputFolder & { remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'perennial-bench-'))
  const written = new Set<string>()
  return {
    write(name, make) {
      const path = join(folder, `${name.replaceAll(/\W+/g, '-')}.json`)
      if (!written.has(path)) writeFileSync(path, JSON.stringify(make()))
      written.add(path)
      return path
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
