/** The keys of a page's customers, opened once each, and made where there is something to seal for the first time. */

import type { LockedCustomer, NewCustomerKey } from './customers.ts'
import type { CustomerKey, Vault } from './vault.ts'

/** Whose key is stored how; null: there is none. */
export type WrappedKeys = ReadonlyMap<string, Pick<LockedCustomer, 'wrappedKey'>>

export class Keyring {
  readonly added: NewCustomerKey[] = []
  readonly #vault: Vault
  readonly #locked: WrappedKeys
  readonly #open = new Map<string, CustomerKey>()

  /** @param locked customers whose keys were loaded; all others in need of a key have none yet. */
  constructor(vault: Vault, locked: WrappedKeys) {
    this.#vault = vault
    this.#locked = locked
  }

  /** The customer's key; undefined if there is none. */
  existing(customerId: string): CustomerKey | undefined {
    const known = this.#open.get(customerId)
    const wrapped = this.#locked.get(customerId)?.wrappedKey
    if (known !== undefined || wrapped == null) return known
    return this.#remember(customerId, this.#vault.openCustomerKey(customerId, wrapped))
  }

  /** The customer's key; a new one if there is none. */
  own(customerId: string): CustomerKey {
    const known = this.existing(customerId)
    if (known !== undefined) return known
    const { key, wrapped } = this.#vault.createCustomerKey(customerId)
    this.added.push({ customerId, wrappedKey: wrapped })
    return this.#remember(customerId, key)
  }

  #remember(customerId: string, key: CustomerKey): CustomerKey {
    this.#open.set(customerId, key)
    return key
  }
}
