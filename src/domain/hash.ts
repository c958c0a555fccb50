/** Assignment by hash: looks random over customers, and is the same for one customer every time. */

/**
 * A number from 0 up to but not including 1, evenly spread over customers and independent between salts (FNV-1a, then
 * the finaliser of MurmurHash3).
 */
export function shareOf(customerId: string, salt: string): number {
  let hash = 0x811c_9dc5
  for (const text of [customerId, '\n', salt]) {
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x0100_0193)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) / 0x1_0000_0000
}

/** A customer's place within everything that is spread over customers: always the same one. */
export function spreadShareOf(customerId: string): number {
  return shareOf(customerId, 'spread')
}
