/**
 * Remembers the lines of the last stretch of a file and of the one before, to tell what was exported twice: by two of
 * their columns, and then by their whole text. A set of the texts would spend most of its time on hashing them.
 *
 * The lines of one key mostly follow each other and never come back: it is noted where they begin and end, and they are
 * found by what tells them apart only while they are the last ones, or once they do come back.
 */

import { KeptLines } from './kept-lines.ts'
import type { FileRecord } from './line-blocks.ts'

export class LineMemory {
  #stretch = new Stretch()
  #before = new Stretch()
  #last: Entered | undefined
  /** The lines of the last key by what tells them apart: their numbers. Used by one key after the other. */
  readonly #parts = new Map<string, number | number[]>()

  /** A new stretch begins. */
  turn(): void {
    this.#before = this.#stretch
    this.#stretch = new Stretch()
    this.#last = undefined
  }

  /**
   * Whether the very same line was there before; remembers it.
   *
   * @param key what neighbouring lines share: an invoice.
   * @param within what tells lines of one key apart: a product.
   */
  isRepeated(key: string, within: string, record: FileRecord): boolean {
    const { kept, before } = this.#last?.key === key ? this.#last : this.#enter(key)
    const { text } = record
    if (before?.has(text) === true) return true
    if (kept instanceof Set) return kept.has(text) || !kept.add(text)
    const { lines } = this.#stretch
    const known = this.#parts.get(within)
    if (typeof known === 'number' ? lines.text(known) === text : known?.some((number) => lines.text(number) === text)) {
      return true
    }
    const number = lines.add(record)
    kept.end = number + 1
    if (known === undefined) this.#parts.set(within, number)
    else if (typeof known === 'number') this.#parts.set(within, [known, number])
    else known.push(number)
    return false
  }

  #enter(key: string): Entered {
    const before = this.#before.asSet(key)
    let kept: Kept | undefined = this.#stretch.asSet(key)
    if (kept === undefined) {
      kept = this.#stretch.begin(key)
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

/** The lines of a key: those with these numbers, or their texts. */
type Kept = { readonly begin: number; end: number } | Set<string>

class Stretch {
  readonly lines = new KeptLines()
  readonly #byKey = new Map<string, Kept>()

  begin(key: string): Kept {
    const kept = { begin: this.lines.count, end: this.lines.count }
    this.#byKey.set(key, kept)
    return kept
  }

  /** A key that came back once may come back at every other line: its lines become a set for good. */
  asSet(key: string): Set<string> | undefined {
    const kept = this.#byKey.get(key)
    if (kept === undefined || kept instanceof Set) return kept
    const set = new Set<string>()
    for (let number = kept.begin; number < kept.end; number++) set.add(this.lines.text(number))
    this.#byKey.set(key, set)
    return set
  }
}
