/** Seeded randomness: the same seed gives the same numbers on every machine. */

import { checkWhole } from './check.ts'

/** Uniform numbers in [0, 1). */
export type Random = () => number

/**
 * A stream of uniform numbers in [0, 1) with 53 random bits each, from a 32-bit seed.
 *
 * @throws RangeError unless the seed is a whole number from 0 to 2³² − 1.
 * @see Blackman & Vigna (2021), "Scrambled Linear Pseudorandom Number Generators" (xoshiro128**); seeded by splitmix32.
 */
export function seededRandom(seed: number): Random {
  let mix = checkWhole('seed', seed, 0, 0xffff_ffff)
  const next = (): number => {
    mix = (mix + 0x9e37_79b9) | 0
    let z = mix ^ (mix >>> 16)
    z = Math.imul(z, 0x21f0_aaad)
    z ^= z >>> 15
    z = Math.imul(z, 0x735a_2d97)
    return (z ^ (z >>> 15)) >>> 0
  }
  const s = Uint32Array.of(next(), next(), next(), next())
  const word = (): number => {
    const [s0, s1, s2, s3] = s as unknown as [number, number, number, number]
    const five = Math.imul(s1, 5)
    const result = Math.imul((five << 7) | (five >>> 25), 9) >>> 0
    const shifted = s1 << 9
    const t2 = s2 ^ s0
    const t3 = s3 ^ s1
    s[1] = s1 ^ t2
    s[0] = s0 ^ t3
    s[2] = t2 ^ shifted
    s[3] = (t3 << 11) | (t3 >>> 21)
    return result
  }
  return () => ((word() >>> 5) * 0x400_0000 + (word() >>> 6)) / 0x20_0000_0000_0000
}
