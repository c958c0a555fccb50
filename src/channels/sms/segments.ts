/** How many parts an SMS is sent in: what it costs. */

import type { WrittenText } from '../../domain/text-cost.ts'

// 3GPP TS 23.038, the basic character table and its extension; a character of the extension takes two places.
const basic =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà'
const extension = '\f^{}\\[~]|€'

const places = new Map<string, number>([
  ...Array.from(basic, (character): [string, number] => [character, 1]),
  ...Array.from(extension, (character): [string, number] => [character, 2]),
])

/** One part holds 160 places, or 70 UTF-16 units; each of several gives some to the header that joins them. */
const gsm7 = { alone: 160, joined: 153 } as const
const ucs2 = { alone: 70, joined: 67 } as const

/**
 * The number of parts, at least 1. One character outside GSM-7 turns the whole text into UCS-2. A character that takes
 * two places is not split between two parts.
 */
export function countSegments(text: string): number {
  return measureText(text).segments
}

/** What a text costs, and which character makes it UCS-2: the first that is not in GSM-7. */
export function measureText(text: string): WrittenText {
  const characters = Array.from(text)
  const culprit = characters.find((character) => !places.has(character)) ?? null
  const isGsm7 = culprit === null
  const limits = isGsm7 ? gsm7 : ucs2
  const sizes = characters.map((character) => (isGsm7 ? (places.get(character) ?? 1) : character.length))
  const total = sizes.reduce((sum, size) => sum + size, 0)
  return { segments: total <= limits.alone ? 1 : countParts(sizes, limits.joined), culprit }
}

function countParts(sizes: readonly number[], room: number): number {
  let parts = 1
  let used = 0
  for (const size of sizes) {
    if (used + size > room) {
      parts++
      used = 0
    }
    used += size
  }
  return parts
}
