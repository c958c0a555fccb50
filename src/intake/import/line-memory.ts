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
  /** Used by one key after the other. */
  readonly #scratch: Group = new Map()

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
    const { group, list, before } = this.#last?.key === key ? this.#last : this.#enter(key)
    if (before !== undefined && holds(before.get(within), text)) return true
    const known = group.get(within)
    if (holds(known, text)) return true
    remember(group, known, within, text)
    list?.push(within, text)
    return false
  }

  #enter(key: string): Entered {
    const before = grouped(this.#before, key)
    const known = grouped(this.#lines, key)
    if (known !== undefined) return (this.#last = { key, group: known, list: undefined, before })
    const list: string[] = []
    this.#lines.set(key, list)
    this.#scratch.clear()
    return (this.#last = { key, group: this.#scratch, list, before })
  }
}

interface Entered {
  readonly key: string
  readonly group: Group
  /** What stays of the group when the next key comes; undefined if the group itself does. */
  readonly list: string[] | undefined
  readonly before: Group | undefined
}

type Group = Map<string, string | string[]>

/** Of a list every other entry is a line, after what tells it apart. */
type Kept = Group | string[]

/** A key that came back once may come back at every other line: its list becomes a group for good. */
function grouped(kept: Map<string, Kept>, key: string): Group | undefined {
  const found = kept.get(key)
  if (!Array.isArray(found)) return found
  const group: Group = new Map()
  for (let at = 0; at < found.length; at += 2) {
    const within = found[at] as string
    remember(group, group.get(within), within, found[at + 1] as string)
  }
  kept.set(key, group)
  return group
}

function remember(group: Group, known: string | string[] | undefined, within: string, text: string): void {
  if (known === undefined) group.set(within, text)
  else if (typeof known === 'string') group.set(within, [known, text])
  else known.push(text)
}

function holds(known: string | string[] | undefined, text: string): boolean {
  return known !== undefined && (typeof known === 'string' ? known === text : known.includes(text))
}
