/** Real intake processes beside a test. */

import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { masterKey } from './shop.ts'

const script = fileURLToPath(new URL('../../../workers/intake.ts', import.meta.url))

export interface IntakeProcess {
  readonly child: ChildProcess
  /** Ends it properly, or at once. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>
}

/** Starts one and waits until it says that it is ready. */
export async function startIntakeProcess(databaseUrl: string, temporalAddress: string): Promise<IntakeProcess> {
  const child = fork(script, [], {
    env: {
      ...process.env,
      DATABASE_URL: databaseUrl,
      TEMPORAL_ADDRESS: temporalAddress,
      PERENNIAL_MASTER_KEY: masterKey.toString('hex'),
      LOG_LEVEL: 'fatal',
      PERENNIAL_KEEP_EVENTS_DAYS: '36500', // Tests live at a time of their own, which is long ago one day.
    },
    execArgv: ['--disable-warning=ExperimentalWarning'],
  })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  await new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve())
    child.once('exit', (code) => reject(new Error(`the intake process ended with ${code} before it was ready`)))
  })
  return {
    child,
    async end(signal) {
      child.kill(signal)
      await exited
    },
  }
}

/** Asks again and again until it holds. @throws Error after the time is up. */
export async function eventually(what: string, holds: () => Promise<boolean>, timeoutMs = 90_000): Promise<void> {
  const until = performance.now() + timeoutMs
  while (!(await holds())) {
    if (performance.now() > until) throw new Error(`not within ${timeoutMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
