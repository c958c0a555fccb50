/** Starts a service, tells its children and is gone, before anybody could have told it that the service runs. Linux. */

import { readFileSync, writeSync } from 'node:fs'
import { startService } from '../../../src/embedded/service-process.ts'

const [logPath = '', script = ''] = process.argv.slice(2)
void startService({ command: '/bin/sh', args: ['-c', script], logPath, stopSignal: 'SIGINT', stopGraceMs: 1_000 })
writeSync(1, readFileSync(`/proc/self/task/${process.pid}/children`))
process.kill(process.pid, 'SIGKILL')
