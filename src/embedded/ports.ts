/** TCP ports on this machine. A port found free may be taken a moment later: who binds it must still be ready to fail. */

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'

const loopback = '127.0.0.1'
const nextPortsTried = 100

/** A port that nobody listens on, chosen by the system. */
export async function freePort(host: string = loopback): Promise<number> {
  const port = await bind(0, host)
  if (port === undefined) throw new Error(`No free port on ${host}.`)
  return port
}

export async function isPortFree(port: number, host: string = loopback): Promise<boolean> {
  return (await bind(port, host)) !== undefined
}

/** The wanted port, or the next free one above it. 0 wants any. */
export async function portFrom(wanted: number, host: string = loopback): Promise<number> {
  if (wanted === 0) return freePort(host)
  for (let port = wanted; port < Math.min(wanted + nextPortsTried, 65_536); port++) {
    if (await isPortFree(port, host)) return port
  }
  return freePort(host)
}

/** Binds a port for a moment. @returns its number, or `undefined` if it is taken or not ours to bind. */
async function bind(port: number, host: string): Promise<number | undefined> {
  const server = createServer()
  try {
    server.listen({ port, host, exclusive: true })
    await once(server, 'listening')
    const bound = (server.address() as AddressInfo).port
    server.close()
    await once(server, 'close')
    return bound
  } catch {
    return undefined
  }
}
