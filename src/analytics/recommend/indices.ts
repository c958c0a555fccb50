/** Checking lists of row and column numbers. */

import { refuse } from '../core/check.ts'

/**
 * @param least The smallest index allowed: 0, or −1 where that stands for "none".
 * @throws RangeError naming the first place whose index is no whole number from `least` up to, without, `size`.
 */
export function checkIndices(argument: string, indices: ArrayLike<number>, size: number, least = 0): void {
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i] as number
    if (!(Number.isInteger(index) && index >= least && index < size)) {
      refuse(`${argument}[${i}]`, index, `must be a whole number from ${least} to ${size - 1}`)
    }
  }
}
