/**
 * Which addresses others may have us call: those of the public internet. Everything that is reserved for a network of
 * one's own, for a machine itself, or for the people who run the network is refused, in whatever form it is written.
 */

import { BlockList, isIP } from 'node:net'

const ranges4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10], // Carrier-grade NAT.
  ['127.0.0.0', 8],
  ['169.254.0.0', 16], // Link-local: also where clouds keep their secrets.
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.31.196.0', 24],
  ['192.52.193.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['192.175.48.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
]

const refused4 = new BlockList()
for (const [network, prefix] of ranges4) refused4.addSubnet(network, prefix, 'ipv4')

/** Only what is routed as global unicast, without what stands for an IPv4 address. */
const public6 = new BlockList()
public6.addSubnet('2000::', 3, 'ipv6')
const refused6 = new BlockList()
for (const [network, prefix] of [
  ['2001::', 23], // Teredo and other special purposes.
  ['2001:db8::', 32],
  ['2002::', 16], // 6to4: holds an IPv4 address.
  ['3fff::', 20],
] as const) {
  refused6.addSubnet(network, prefix, 'ipv6')
}

/** Whether an address, as DNS gives it, is one of the public internet. */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !refused4.check(address, 'ipv4')
    case 6:
      // Those that map or embed an IPv4 address (::ffff:…, 64:ff9b::…) are outside 2000::/3.
      return public6.check(address, 'ipv6') && !refused6.check(address, 'ipv6')
    default:
      return false
  }
}

/** Why a URL may not be called at all, before anybody is asked where it leads; undefined: it may. */
export function urlProblem(text: string): string | undefined {
  if (!URL.canParse(text)) return 'must be an address on the web'
  const url = new URL(text)
  if (url.protocol !== 'https:') return 'must begin with https:'
  if (url.username !== '' || url.password !== '') return 'must hold no name and password'
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  // `new URL` has made a plain IPv4 address of every other way to write one.
  if (isIP(host) !== 0 && !isPublicAddress(host)) return 'must not be an address of a private network'
  if (isIP(host) === 0 && (!host.includes('.') || /\.(?:local|localhost|internal|home\.arpa)\.?$/i.test(host))) {
    return 'must not be a name of a private network'
  }
  return undefined
}
