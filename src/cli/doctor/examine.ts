/** The whole examination of an installation, running or not. */

import { readConfig } from '../../config.ts'
import { runningInstallation } from '../../embedded/home.ts'
import type { Finding } from './finding.ts'
import { failure, reasonOf } from './finding.ts'
import {
  examineClock,
  examineDisk,
  examineHome,
  examineMasterKey,
  examineNode,
  examinePort,
  examineProcesses,
} from './machine.ts'
import {
  examineDatabase,
  examineMail,
  examinePostgresPrograms,
  examineSms,
  examineTemporalProgram,
  examineTemporalServer,
} from './neighbours.ts'
import { examineSenders } from './senders.ts'

/** Looks at everything; changes nothing. */
export async function examineInstallation(home: string): Promise<Finding[]> {
  let config: ReturnType<typeof readConfig>
  try {
    config = { ...readConfig(), home }
  } catch (error) {
    return [examineNode(), failure('configuration', reasonOf(error), 'Correct the variable.')]
  }
  const running = runningInstallation(home)
  const databaseUrl = config.databaseUrl ?? running?.addresses?.databaseUrl
  const temporalAddress = config.temporal.address ?? running?.addresses?.temporalAddress
  const machine = [
    examineNode(),
    examineHome(config),
    examineDisk(config),
    examineMasterKey(config),
    examineClock(config),
    running ? examineProcesses(running) : await examinePort(config),
  ]
  const database =
    databaseUrl === undefined ? [examinePostgresPrograms(config)] : await examineDatabase(config, databaseUrl)
  const temporal =
    temporalAddress === undefined
      ? await examineTemporalProgram(config)
      : await examineTemporalServer(config.temporal, temporalAddress)
  const senders = await examineSenders(config, databaseUrl)
  return [...machine, ...database, temporal, await examineMail(config), ...senders, examineSms(config)]
}
