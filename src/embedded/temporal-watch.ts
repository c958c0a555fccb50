/**
 * Notices a Temporal server that is up but no longer answers.
 *
 * The dev server's SQLite store has one connection. When requests are cancelled on an overloaded machine, that connection
 * may stay interrupted for ever: every read and write then fails with "interrupted (9)", while the process lives on.
 * Nothing that was committed is lost; a new process on the same store is well again.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { Connection } from '@temporalio/client'

export interface WatchOptions {
  readonly address: string
  readonly namespace: string
  /** Called once, when nothing has been answered for so long. */
  readonly onSilence: () => void
  /** Real milliseconds without an answer that are too many. Default: 30,000. */
  readonly patienceMs?: number
}

const probeEveryMs = 5_000
const probeTimeoutMs = 5_000
const defaultPatienceMs = 30_000

/** Watches until `stop` is called or the server has fallen silent. */
export function watchTemporal({ address, namespace, onSilence, patienceMs = defaultPatienceMs }: WatchOptions): {
  stop(): void
} {
  const stopping = new AbortController()
  const { signal } = stopping
  const connection = Connection.lazy({ address })
  const watch = async (): Promise<void> => {
    const everyMs = Math.min(probeEveryMs, patienceMs / 3)
    for (let answeredAt = performance.now(); !signal.aborted; await sleep(everyMs, undefined, { signal, ref: false })) {
      if (await answers(connection, namespace)) answeredAt = performance.now()
      else if (!signal.aborted && performance.now() - answeredAt > patienceMs) return onSilence()
    }
  }
  void watch()
    .catch(() => undefined) // Stopped while it slept.
    .then(() => connection.close())
    .catch(() => undefined)
  return { stop: () => stopping.abort() }
}

/** Whether the server can read its store. Its health check cannot tell: it never looks there. */
async function answers(connection: Connection, namespace: string): Promise<boolean> {
  try {
    await connection.withDeadline(Date.now() + probeTimeoutMs, () =>
      connection.workflowService.describeNamespace({ namespace }),
    )
    return true
  } catch {
    return false
  }
}
