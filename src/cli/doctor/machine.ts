/** Examines the machine: Node, the home, the disk, the port. */

import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createClock } from '../../clock.ts'
import type { Config } from '../../config.ts'
import { freeBytes } from '../../embedded/disk.ts'
import type { RunRecord } from '../../embedded/home.ts'
import { isPortFree } from '../../embedded/ports.ts'
import { isRunning } from '../../embedded/processes.ts'
import type { Finding } from './finding.ts'
import { failure, ok, reasonOf, warning } from './finding.ts'

const neededNodeMajor = 24
const gigabyte = 2 ** 30
const plentyBytes = 2 * gigabyte
const scarceBytes = gigabyte / 4

export function examineNode(): Finding {
  const { version } = process
  const major = Number(version.slice(1).split('.')[0])
  if (major >= neededNodeMajor) return ok('Node', version)
  return failure('Node', version, `Run it through "npx perennial" or npm, which bring Node ${neededNodeMajor}.`)
}

export function examineHome({ home }: Config): Finding {
  if (!existsSync(home)) {
    const parent = nearestFolder(home)
    return mayWrite(parent)
      ? ok('home', `${home} is made at the first start`)
      : failure('home', `${home} cannot be made: ${parent} may not be written`, 'Choose another with PERENNIAL_HOME.')
  }
  if (!statSync(home).isDirectory())
    return failure('home', `${home} is not a folder`, 'Choose another with PERENNIAL_HOME.')
  if (mayWrite(home)) return ok('home', home)
  return failure('home', `${home} may not be written`, `Change its owner, or choose another with PERENNIAL_HOME.`)
}

export function examineDisk({ home }: Config): Finding {
  const bytes = freeBytes(home)
  const detail = `${(bytes / gigabyte).toFixed(1)} GB free for ${home}`
  if (bytes < scarceBytes) return failure('disk', detail, 'Free some space: PostgreSQL stops when the disk is full.')
  return bytes < plentyBytes ? warning('disk', detail, 'Free some space before it runs out.') : ok('disk', detail)
}

/** The file only: whether it fits the database is for that examination to say. */
export function examineMasterKey({ home, masterKey }: Config): Finding {
  const name = 'master key'
  if (masterKey) return ok(name, 'from the configuration')
  const path = join(home, 'master.key')
  if (!existsSync(path)) return ok(name, 'is made at the first start')
  try {
    if (!/^[0-9a-f]{64}\s*$/i.test(readFileSync(path, 'utf8'))) {
      return failure(
        name,
        `${path} does not hold 64 hexadecimal digits`,
        'Restore it from your copy: nothing else opens the data.',
      )
    }
  } catch (error) {
    return failure(name, `${path} cannot be read: ${reasonOf(error)}`, 'Change its owner.')
  }
  const isPrivate = (statSync(path).mode & 0o077) === 0
  return isPrivate
    ? ok(name, `${path}; keep a copy elsewhere`)
    : warning(name, `others on this machine may read ${path}`, `Run "chmod 600 ${path}".`)
}

export function examineClock({ clock }: Config): Finding {
  try {
    const { speed } = createClock(clock)
    if (speed === 1 && clock.startsAtMs === undefined) return ok('clock', 'real time')
    return warning(
      'clock',
      `virtual time, ${speed} times as fast`,
      'For demonstrations only: take the CLOCK_ variables away.',
    )
  } catch (error) {
    return failure('clock', reasonOf(error), 'Set all three CLOCK_ variables, or none.')
  }
}

export async function examinePort({ http }: Config): Promise<Finding> {
  const where = `${http.host}:${http.port}`
  if (await isPortFree(http.port, http.host)) return ok('port', `${where} is free`)
  return warning(
    'port',
    `${where} is taken`,
    'The start takes the next free one; or choose with --port or PERENNIAL_PORT.',
  )
}

/** What runs in the home now. */
export function examineProcesses(running: RunRecord): Finding {
  const gone = Object.entries(running.processes).filter(([, mark]) => !isRunning(mark))
  const detail = `${running.state}${running.addresses ? ` at ${running.addresses.url}` : ''}, process ${running.supervisor.pid}`
  if (gone.length === 0) return ok('processes', detail)
  const names = gone.map(([name]) => name).join(', ')
  return warning(
    'processes',
    `${detail}; down: ${names}`,
    'They are brought back by themselves; if not, read the logs in the home.',
  )
}

function nearestFolder(path: string): string {
  const parent = dirname(path)
  return existsSync(parent) || parent === path ? parent : nearestFolder(parent)
}

function mayWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}
