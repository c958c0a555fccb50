/** Chance for many ids at a time: asked for one by one, the system takes longer over it than over the ids. */

import { randomFillSync } from 'node:crypto'

const bytesEach = 16
const pool = new Uint8Array(1_024 * bytesEach)
let at = pool.length

/** 16 random bytes, which nobody else gets; to be used before the next are asked for. */
export function nextChance(): Uint8Array {
  if (at === pool.length) {
    randomFillSync(pool)
    at = 0
  }
  at += bytesEach
  return pool.subarray(at - bytesEach, at)
}
