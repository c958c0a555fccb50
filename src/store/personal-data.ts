/**
 * Personal data of customers, sealed and opened in one way everywhere: an address belongs to its contact point, the
 * personal traits to their customer. A value that was copied to another row does not open there.
 */

import type { CustomerKey, Vault } from './vault.ts'

/** Personal traits by name, as the shop calls them; `email` and `phone` always under these names. */
export type PersonalTraits = Readonly<Record<string, unknown>>

export function sealAddress(vault: Vault, key: CustomerKey, contactPointId: string, address: string): Buffer {
  return vault.seal(key, address, `contact-point:${contactPointId}`)
}

/** The normalised address. @throws Error if it was sealed for another contact point or with another key. */
export function openAddress(vault: Vault, key: CustomerKey, contactPointId: string, sealed: Uint8Array): string {
  return vault.open(key, sealed, `contact-point:${contactPointId}`)
}

export function sealPersonalTraits(vault: Vault, key: CustomerKey, customerId: string, traits: PersonalTraits): Buffer {
  return vault.seal(key, JSON.stringify(traits), `personal:${customerId}`)
}

/** @throws Error if they were sealed for another customer or with another key. */
export function openPersonalTraits(
  vault: Vault,
  key: CustomerKey,
  customerId: string,
  sealed: Uint8Array,
): PersonalTraits {
  return JSON.parse(vault.open(key, sealed, `personal:${customerId}`)) as PersonalTraits
}
