/** The order of texts: by code point, the same on every machine and in every language. */

/**
 * Compares two texts by code point, for `sort`. Negative if `a` comes first, 0 if they are the same text.
 *
 * JavaScript's own order compares 16-bit units and puts an emoji (two surrogates) before U+E000 to U+FFFF.
 */
export function compareText(a: string, b: string): number {
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i++) {
    const difference = rank(a.charCodeAt(i)) - rank(b.charCodeAt(i))
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** Moves the surrogates above all other units, where their code points belong. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800
}
