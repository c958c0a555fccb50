/** Runs the timed rows: finds their references, prepares both sides, measures them turn about. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { say } from '../support/bench.ts'
import { compare, localSide } from '../support/measure.ts'
import { type Found, npmFolderWith, pythonWith } from '../support/reference-tools.ts'
import { missingData } from '../support/shared-data.ts'
import { startWorker, type Worker } from '../support/worker.ts'
import { measured, type Outcome } from './report.ts'
import type { InputFolder, ReferenceHome, Row } from './row.ts'

/** Each in an environment of its own: they do not agree on a numpy. */
const packages: Readonly<Record<ReferenceHome, readonly string[]>> = {
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
  const workers = new Map<ReferenceHome, Worker | { readonly missing: string }>()
  const inputs = temporaryFolder()
  const outcomes: Outcome[] = []
  try {
    for (const row of rows) {
      const { name, tool } = row
      const missing = row.data.map(missingData).find((reason) => reason !== undefined)
      const worker = missing === undefined ? (workers.get(row.home) ?? (await workerFor(row.home))) : { missing }
      if ('missing' in worker) {
        say(`skipping ${name}, against ${tool}: ${worker.missing}`)
        outcomes.push({ name, tool, skipped: worker.missing })
        if (missing === undefined) workers.set(row.home, worker)
        continue
      }
      workers.set(row.home, worker)
      say(`${name}, against ${tool}`)
      outcomes.push(await runRow(row, worker, inputs, runs))
    }
  } finally {
    for (const worker of workers.values()) if ('stop' in worker) worker.stop()
    inputs.remove()
  }
  return outcomes
}

async function runRow(row: Row, worker: Worker, inputs: InputFolder, runs: number): Promise<Outcome> {
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

async function workerFor(home: ReferenceHome): Promise<Worker | { readonly missing: string }> {
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
