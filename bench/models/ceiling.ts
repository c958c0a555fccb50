/** How well churn could be foretold at all from what the product knows: other methods on the product's own features. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { churnFeatureNames, churnFeatures } from '../../src/analytics/churn/churn-features.ts'
import { churnLabels } from '../../src/analytics/churn/train-churn.ts'
import { dayMs } from '../../src/domain/time.ts'
import { loadCustomerFeatures } from '../../src/store/customer-features.ts'
import type { Database } from '../../src/store/database.ts'
import type { ModelRow } from '../../src/store/models.ts'
import { packages } from '../analytics/run-rows.ts'
import { pythonWith } from '../support/reference-tools.ts'
import { runToEnd } from '../support/run-to-end.ts'

const timeoutMs = 20 * 60_000

/** @returns lines to print: an AUC on the later customers each, or why there is none. */
export async function churnCeiling(database: Database, model: ModelRow, home: string): Promise<string[]> {
  const python = await pythonWith('science', packages.science)
  if ('missing' in python) return [`ceiling: skipped, ${python.missing}`]
  const { trainAtMs, evaluateAtMs, horizonDays } = model.parameters as Record<string, number>
  const rowsAt = async (asOfMs: number) => {
    const untilMs = asOfMs + (horizonDays as number) * dayMs
    const { histories, later } = await loadCustomerFeatures(database.pool, { asOfMs, untilMs })
    const values = churnFeatures(histories)
    const width = churnFeatureNames.length
    const features = histories.customerIds.map((_, i) => Array.from(values.subarray(i * width, (i + 1) * width)))
    return { features, labels: Array.from(churnLabels(later)) }
  }
  const path = join(home, 'ceiling.json')
  const silence = churnFeatureNames.indexOf('log_silence_days')
  writeFileSync(
    path,
    JSON.stringify({ train: await rowsAt(trainAtMs as number), later: await rowsAt(evaluateAtMs as number), silence }),
  )
  const script = fileURLToPath(new URL('ceiling.py', import.meta.url))
  const { status, stdout, lastLine } = await runToEnd(python.path, [script, path], timeoutMs, {
    ...process.env,
    OMP_NUM_THREADS: '1',
  })
  if (status !== 0) return [`ceiling: ${lastLine}`]
  return Object.entries(JSON.parse(stdout) as Record<string, number>).map(
    ([name, auc]) => `ceiling · ${name}: AUC ${auc.toFixed(4)}`,
  )
}
