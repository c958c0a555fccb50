/** Ids and coupon codes of a simulation: they follow from the customer and the key, like those of the product. */

import type { Identifiers } from '../domain/decide.ts'
import { shareOf } from '../domain/hash.ts'

const letters = 'BCDFGHJKMNPQRTVWXYZ2346789'
const codeLength = 10

export function simulatedIdentifiers(customerId: string): Identifiers {
  return {
    id: (key) => `${customerId}/${key}`,
    code: (key) => {
      let code = ''
      for (let i = 0; i < codeLength; i++)
        code += letters[Math.floor(shareOf(customerId, `${i}:${key}`) * letters.length)]
      return code
    },
  }
}
