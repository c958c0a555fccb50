/** TCP ports on this machine. A port found free may be taken a moment later: who binds it must still be ready to fail. */

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'

const loopback = '127.0.0.1'
const portsTried = 100

/** A port that nobody listens on, chosen by the system. */
export async function freePort(host: string = loopback): Promise<number> {
  const port = await bind(0, host)
  if (port === undefined) throw new Error(`No free port on ${host}.`)
  return port
}

export async function isPortFree(port: number, host: string = loopback): Promise<boolean> {
  return (await bind(port, host)) !== undefined
}

/**
 * As many free ports as are asked for, all different: from `first` upwards, or any for 0.
 */
export async function freePorts(first: number, count: number, host: string = loopback): Promise<number[]> {
  const ports: number[] = []
  const end = first === 0 ? 0 : Math.min(first + portsTried, 65_536)
  for (let port = first; port < end && ports.length < count; port++) {
    if (await isPortFree(port, host)) ports.push(port)
  }
  while (ports.length < count) {
    const port = await freePort(host)
    if (!ports.includes(port)) ports.push(port)
  }
  return ports
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
