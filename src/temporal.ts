/** The door to Temporal: the same address, namespace, TLS and API key in every process. */

import { Client, Connection } from '@temporalio/client'
import { type ClientConnectConfig, loadClientConnectConfig } from '@temporalio/envconfig'
import type { Config } from './config.ts'

export interface TemporalClient {
  readonly client: Client
  close(): Promise<void>
}

/**
 * How to connect: our own settings, and whatever the standard Temporal profile and environment variables say of TLS,
 * API keys and headers.
 *
 * @throws RangeError if no address is known.
 */
export function temporalConnectConfig(config: Config['temporal']): Required<ClientConnectConfig> {
  const profile = loadClientConnectConfig()
  const address = config.address ?? profile.connectionOptions.address
  if (address === undefined) throw new RangeError('TEMPORAL_ADDRESS: must name a Temporal server')
  return { connectionOptions: { ...profile.connectionOptions, address }, namespace: config.namespace }
}

/** A client that connects at its first call, so that a process starts while Temporal is away. */
export function openTemporalClient(config: Config['temporal']): TemporalClient {
  const { connectionOptions, namespace } = temporalConnectConfig(config)
  const connection = Connection.lazy(connectionOptions)
  return { client: new Client({ connection, namespace }), close: () => connection.close() }
}
