/** Gets a Temporal server before the tests need one, so that a build of minutes shows its progress. Run by bin/test.mjs. */

import { readConfig } from '../config.ts'
import { ServiceError } from './service-error.ts'
import { obtainTemporal } from './temporal-binary.ts'

try {
  await obtainTemporal(readConfig().cacheDir, (text) => process.stderr.write(`perennial: ${text}\n`))
} catch (error) {
  if (!(error instanceof ServiceError)) throw error
  process.stderr.write(`perennial: ${error.message}\n`)
  process.exitCode = 1
}
