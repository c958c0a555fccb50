/**
 * Remembers the lines of the last stretch of a file and of the one before, to tell what was exported twice: by two of
 * their columns, and then by their whole text. A set of the texts would spend most of its time on hashing them.
 */
export class LineMemory {
  #lines = new Map<string, Group>()
  #before = new Map<string, Group>()
  #last: Entered | undefined

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
    const { group, before } = this.#last?.key === key ? this.#last : this.#enter(key)
    if (before !== undefined && holds(before.get(within), text)) return true
    const known = group.get(within)
    if (holds(known, text)) return true
    group.set(within, known === undefined ? text : typeof known === 'string' ? [known, text] : [...known, text])
    return false
  }

  #enter(key: string): Entered {
    let group = this.#lines.get(key)
    if (group === undefined) this.#lines.set(key, (group = new Map()))
    const entered = { key, group, before: this.#before.get(key) }
    this.#last = entered
    return entered
  }
}

interface Entered {
  readonly key: string
  readonly group: Group
  readonly before: Group | undefined
}

type Group = Map<string, string | string[]>

function holds(known: string | string[] | undefined, text: string): boolean {
  return known !== undefined && (typeof known === 'string' ? known === text : known.includes(text))
}
