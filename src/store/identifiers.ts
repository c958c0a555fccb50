/** Ids and coupon codes that follow from what they stand for: deciding twice gives the same ones. */

import { v5 as uuidV5 } from 'uuid'
import type { Vault } from './vault.ts'

export interface Identifiers {
  /** A UUID that follows from the key. */
  id(key: string): string
  /** A coupon code that follows from the key and cannot be guessed. */
  code(key: string): string
}

/** The namespace of all ids that we derive (RFC 9562, version 5). Never change it: ids would no longer be found again. */
const namespace = 'b6b5a8a4-6c6e-5d0c-9d3b-6f1d3a5e7c21'

/** No vowels, so that no code spells a word; nothing that reads like something else (0 and O, 1 and I and L, 5 and S). */
const letters = 'BCDFGHJKMNPQRTVWXYZ2346789'
const codeLength = 10

/**
 * The identifiers of one customer's decisions.
 *
 * @param salt another one gives other codes: for when a code turns out to be taken.
 */
export function createIdentifiers(vault: Vault, customerId: string, salt = 0): Identifiers {
  return {
    id: (key) => uuidV5(`${customerId}/${key}`, namespace),
    code: (key) => toCode(vault.sign('coupon', `${customerId}/${key}/${salt}`)),
  }
}

/** Ten of 26 letters hold 47 bits: a million codes collide with a chance of one in 280. */
function toCode(signature: string): string {
  let rest = BigInt(`0x${Buffer.from(signature, 'base64url').toString('hex')}`)
  let code = ''
  for (let i = 0; i < codeLength; i++) {
    code += letters[Number(rest % BigInt(letters.length))]
    rest /= BigInt(letters.length)
  }
  return code
}
