/** The run's Temporal server, as a test file uses it. */

import { randomBytes } from 'node:crypto'
import { Client, Connection } from '@temporalio/client'
import { NativeConnection } from '@temporalio/worker'
import { inject } from 'vitest'

export interface TestTemporal {
  readonly address: string
  readonly namespace: string
  readonly client: Client
  /** For workers. */
  readonly nativeConnection: NativeConnection
  close(): Promise<void>
}

/** Connects a client and, for workers, a native connection. Close it after the workers have shut down. */
export async function openTestTemporal(): Promise<TestTemporal> {
  const address = inject('temporalAddress')
  const [connection, nativeConnection] = await Promise.all([
    Connection.connect({ address }),
    NativeConnection.connect({ address }),
  ])
  return {
    address,
    namespace: 'default',
    client: new Client({ connection }),
    nativeConnection,
    async close() {
      await Promise.all([connection.close(), nativeConnection.close()])
    },
  }
}

/** A task queue or workflow id that no other test has. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${randomBytes(6).toString('hex')}`
}
