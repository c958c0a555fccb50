/** The real worker process, to be killed. */

import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { World } from './world.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))

export interface WorkerProcess {
  /** As a power cut would. */
  kill(): Promise<void>
  /** As an operator would. @returns the exit code. */
  stop(): Promise<number | null>
}

/**
 * Starts it and waits until it says that it is ready.
 *
 * @param env on top of its configuration.
 */
export async function startWorkerProcess(
  world: World,
  env: Readonly<Record<string, string>> = {},
): Promise<WorkerProcess> {
  const { speed, startsAtMs = 0, anchoredAtMs = 0 } = world.clockConfig
  const child = fork(`${root}workers/lifecycle.ts`, [], {
    cwd: root,
    execArgv: ['--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: {
      PATH: process.env['PATH'],
      PERENNIAL_HOME: `${root}.cache/none`,
      PERENNIAL_CACHE: `${root}.cache`,
      PERENNIAL_MASTER_KEY: world.masterKey.toString('hex'),
      PERENNIAL_PUBLIC_URL: 'https://shop.example',
      DATABASE_URL: world.databaseUrl,
      TEMPORAL_ADDRESS: world.temporalAddress,
      TEMPORAL_NAMESPACE: world.namespace,
      SMTP_URL: world.mail.url,
      MAIL_FROM: 'Shop <shop@shop.example>',
      CLOCK_SPEED: String(speed),
      CLOCK_START: new Date(startsAtMs).toISOString(),
      CLOCK_ANCHOR: new Date(anchoredAtMs).toISOString(),
      LOG_LEVEL: 'error',
      ...env,
    },
  })
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)))
  await ready(child, exited)
  return {
    async kill() {
      child.kill('SIGKILL')
      await exited
    },
    stop() {
      child.kill('SIGTERM')
      return exited
    },
  }
}

function ready(child: ChildProcess, exited: Promise<number | null>): Promise<void> {
  return new Promise((resolve, reject) => {
    child.on('message', (message: { type?: string }) => {
      if (message.type === 'ready') resolve()
    })
    void exited.then((code) => reject(new Error(`The worker ended with ${code} before it was ready.`)))
  })
}
