/**
 * Remembers the lines of the last stretch of a file and of the one before, to tell what was exported twice: by two of
 * their columns, and then by their whole text. A set of the texts would spend most of its time on hashing them.
 *
 * The lines of one key mostly follow each other and never come back: they are kept as a plain list, and found by what
 * tells them apart only while they are the last ones, or once they do come back.
 */
export class LineMemory {
  #lines = new Map<string, Kept>()
  #before = new Map<string, Kept>()
  #last: Entered | undefined
  /** The lines of the last key by what tells them apart; used by one key after the other. */
  readonly #parts = new Map<string, string | string[]>()

  /** A new stretch begins. */
  turn(): void {
    this.#before = this.#lines
    this.#lines = new Map()
    this.#last = undefined
  }

  /**
   * Whether the very same line was there before; remembers it.
   *
   * @param key what neighbouring lines share: an invoice.
   * @param within what tells lines of one key apart: a product.
   */
  isRepeated(key: string, within: string, text: string): boolean {
    const { kept, before } = this.#last?.key === key ? this.#last : this.#enter(key)
    if (before?.has(text) === true) return true
    if (kept instanceof Set) return kept.has(text) || !kept.add(text)
    const known = this.#parts.get(within)
    if (known === undefined) this.#parts.set(within, text)
    else if (typeof known === 'string') {
      if (known === text) return true
      this.#parts.set(within, [known, text])
    } else if (known.includes(text)) return true
    else known.push(text)
    kept.push(text)
    return false
  }

  #enter(key: string): Entered {
    const before = asSet(this.#before, key)
    let kept: Kept | undefined = asSet(this.#lines, key)
    if (kept === undefined) {
      kept = []
      this.#lines.set(key, kept)
      this.#parts.clear()
    }
    return (this.#last = { key, kept, before })
  }
}

interface Entered {
  readonly key: string
  readonly kept: Kept
  readonly before: ReadonlySet<string> | undefined
}

/** The lines of a key. */
type Kept = string[] | Set<string>

/** A key that came back once may come back at every other line: its list becomes a set for good. */
function asSet(lines: Map<string, Kept>, key: string): Set<string> | undefined {
  const kept = lines.get(key)
  if (!Array.isArray(kept)) return kept
  const set = new Set(kept)
  lines.set(key, set)
  return set
}
