/** Several workers, one of which is killed every now and then; another one takes its place at once. */

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { compileCacheEnv } from '../../bin/setup/compile-cache.mjs'

export interface WorkerPool {
  /**
   * Kills the worker that has been ready for the longest, if all are ready: one at a time, as they die in a cluster. Where
   * starting takes longer than dying, nothing would ever be done. @returns whether there was one.
   */
  killOne(): boolean
  /** Ends all of them as an operator would, and waits. */
  stop(): Promise<void>
}

export interface WorkerPoolOptions {
  readonly size: number
  /** From the root of the checkout. */
  readonly script: string
  /** Of the worker in a place, counted from 0. */
  readonly args: (place: number) => readonly string[]
  readonly env: NodeJS.ProcessEnv
  /** Where all of them write. */
  readonly logPath: string
}

const root = fileURLToPath(new URL('../../', import.meta.url))

export function startWorkerPool({ size, script, args, env, logPath }: WorkerPoolOptions): WorkerPool {
  const alive = new Set<ChildProcess>()
  const ready: ChildProcess[] = []
  let isWanted = true

  const start = (place: number): void => {
    const log = openSync(logPath, 'a')
    const child = fork(root + script, args(place), {
      env: { ...compileCacheEnv(), ...env },
      execArgv: ['--disable-warning=ExperimentalWarning'],
      stdio: ['ignore', log, log, 'ipc'],
    })
    closeSync(log)
    alive.add(child)
    child.on('message', (message: { readonly type?: string }) => {
      if (message.type === 'ready' && alive.has(child)) ready.push(child)
    })
    child.once('exit', () => {
      alive.delete(child)
      if (ready.includes(child)) ready.splice(ready.indexOf(child), 1)
      if (isWanted) start(place)
    })
  }
  // A worker that is not ready yet does not notice that we are gone.
  process.once('exit', () => {
    isWanted = false
    for (const child of alive) child.kill('SIGKILL')
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
  for (let place = 0; place < size; place++) start(place)
  return {
    killOne() {
      if (ready.length < size) return false
      const victim = ready.shift()
      victim?.kill('SIGKILL')
      return victim !== undefined
    },
    async stop() {
      isWanted = false
      await Promise.all(
        [...alive].map((child) => {
          const ended = once(child, 'exit')
          child.kill('SIGTERM')
          return ended
        }),
      )
    },
  }
}
