/** What `perennial workflows …` does. It speaks with the database and Temporal itself, so it also helps when nothing else runs. */

import { createClock } from '../clock.ts'
import { readConfig } from '../config.ts'
import { runningInstallation } from '../embedded/home.ts'
import { checkWorkflows, type WorkflowCheckResult } from '../intake/check-workflows.ts'
import { openDatabase } from '../store/database.ts'
import { openTemporalClient } from '../temporal.ts'
import { textFacts, writeResult } from './analyze/output.ts'
import { databaseOf } from './installation.ts'
import { homeOf } from './options.ts'
import { UsageError } from './usage-error.ts'

export interface CheckCommandOptions {
  readonly home?: string
  readonly json?: boolean
  readonly repair?: boolean
  /** Seconds. */
  readonly grace: number
}

/** Exit code 1: something was found and left as it is. */
export async function check(options: CheckCommandOptions): Promise<void> {
  const config = readConfig()
  const database = openDatabase(databaseOf(options), { maxConnections: 3 })
  const temporal = openTemporalClient(temporalOf(options, config.temporal))
  const repair = options.repair === true
  try {
    const result = await checkWorkflows(
      { database, temporal: temporal.client.workflow, clock: createClock(config.clock), crowdFrom: config.crowdFrom },
      { repair, askedBy: 'cli', graceMs: options.grace * 1_000 },
    )
    writeResult(options.json, result, () => inWords(result, repair))
    if (foundIn(result) > 0 && !repair) process.exitCode = 1
  } finally {
    await temporal.close()
    await database.close()
  }
}

function temporalOf(options: CheckCommandOptions, configured: ReturnType<typeof readConfig>['temporal']) {
  const address = configured.address ?? runningInstallation(homeOf(options))?.addresses?.temporalAddress
  if (address !== undefined) return { ...configured, address }
  throw new UsageError(
    `Nothing runs in ${homeOf(options)} and TEMPORAL_ADDRESS is not set: start it with "perennial start", or give --home`,
  )
}

function foundIn({ withoutWorkflow, withoutWork, stuck }: WorkflowCheckResult): number {
  return withoutWorkflow + withoutWork + stuck
}

function inWords(result: WorkflowCheckResult, repair: boolean): string {
  const found = foundIn(result)
  const ids = [...result.examples.withoutWorkflow, ...result.examples.withoutWork, ...result.examples.stuck]
  return [
    textFacts({
      'open workflows': result.openWorkflows,
      'due work without a workflow': result.withoutWorkflow,
      'workflows without work': result.withoutWork,
      'stuck workflows': result.stuck,
      'late, but under way': result.late,
      'a crowd is walked': result.crowdWalks ? 'yes' : 'no',
      repaired: result.repaired,
    }),
    '',
    found === 0 ? 'All is in order.' : repair ? 'Repaired.' : 'Say --repair to put it right.',
    ...(ids.length === 0 ? [] : ['', 'Some of the customers:', ...ids]),
  ].join('\n')
}
