/** Parts what tells who somebody is from what does not, and finds what cannot be stored, in one walk over the values. */

import { comparableName } from './personal-names.ts'

/** What is wrong with a field. No message here ever repeats a value that could be personal. */
export interface FieldFault {
  /** Where: `properties.products[2].name`. */
  readonly field: string
  readonly message: string
}

export interface Split {
  /** Everything else. The very object that was given, when nothing in it is personal. */
  readonly open: Readonly<Record<string, unknown>>
  /** Personal values by path within the object (`email`, `company.phone`), or undefined if there are none. */
  readonly personal: Readonly<Record<string, unknown>> | undefined
  readonly faults: readonly FieldFault[]
}

/** Deeper than any honest event, and shallow enough for every recursion on the way. */
const maxDepth = 12

const holdsAddress = /[^\s@/?&=:;,<>"']+(?:@|%40)[^\s@/?&=:;,<>"']+\.[^\s@/?&=:;,<>"'.]{2,}/i

/**
 * @param names which names are personal, in comparable form.
 * @param root how messages call this object: `properties`.
 */
export function splitPersonal(
  object: Readonly<Record<string, unknown>>,
  names: ReadonlySet<string>,
  root: string,
): Split {
  const walk = new Walk(names, root)
  const open = walk.object(object, 1) as Readonly<Record<string, unknown>>
  return { open, personal: walk.personal, faults: walk.faults }
}

/** Why a text cannot be stored, or undefined. PostgreSQL takes no U+0000, and UTF-8 no half of a surrogate pair. */
export function textFault(text: string): string | undefined {
  if (text.includes('\u0000')) return 'must not contain a null character (U+0000)'
  return text.isWellFormed() ? undefined : 'must be well-formed Unicode: half of a surrogate pair stands alone'
}

class Walk {
  readonly faults: FieldFault[] = []
  personal: Record<string, unknown> | undefined
  readonly #names: ReadonlySet<string>
  readonly #root: string
  readonly #path: (string | number)[] = []

  constructor(names: ReadonlySet<string>, root: string) {
    this.#names = names
    this.#root = root
  }

  object(given: Readonly<Record<string, unknown>>, depth: number): unknown {
    let copy: Record<string, unknown> | undefined
    for (const key of Object.keys(given)) {
      this.#path.push(key)
      const before = given[key]
      const after = this.#isPersonal(key, before) ? this.#seal(before, depth) : this.value(before, depth)
      this.#checkText(key)
      if (after !== before) {
        copy ??= { ...given }
        if (after === undefined) delete copy[key]
        else copy[key] = after
      }
      this.#path.pop()
    }
    return copy ?? given
  }

  /** The open part of a value; undefined if all of it is personal. */
  value(given: unknown, depth: number): unknown {
    if (typeof given === 'string') {
      this.#checkText(given)
      return mayHoldAddress(given) ? this.#seal(given, depth) : given
    }
    if (typeof given === 'number') {
      if (!Number.isFinite(given)) this.#fault('must be a finite number')
      return given
    }
    if (typeof given !== 'object' || given === null) return given
    if (depth >= maxDepth) {
      this.#fault(`must not be nested more than ${maxDepth} levels deep`)
      return undefined
    }
    return Array.isArray(given)
      ? this.#list(given, depth + 1)
      : this.object(given as Record<string, unknown>, depth + 1)
  }

  #list(given: readonly unknown[], depth: number): unknown {
    let copy: unknown[] | undefined
    for (const [index, before] of given.entries()) {
      this.#path.push(index)
      const after = this.value(before, depth)
      if (after !== before) {
        copy ??= [...given]
        copy[index] = after ?? null // A place in a list stays a place.
      }
      this.#path.pop()
    }
    return copy ?? given
  }

  /** Takes a value out. A null says "forget it", which is no secret but belongs to the personal part all the same. */
  #seal(value: unknown, depth: number): undefined {
    this.#checkDeep(value, depth)
    this.personal ??= Object.create(null) as Record<string, unknown>
    this.personal[this.#where()] = value
    return undefined
  }

  #checkDeep(value: unknown, depth: number): void {
    if (typeof value === 'string') return this.#checkText(value)
    if (typeof value !== 'object' || value === null) return
    if (depth >= maxDepth) return this.#fault(`must not be nested more than ${maxDepth} levels deep`)
    for (const [key, inner] of Object.entries(value)) {
      this.#checkText(key)
      this.#checkDeep(inner, depth + 1)
    }
  }

  #checkText(text: string): void {
    const fault = textFault(text)
    if (fault !== undefined) this.#fault(fault)
  }

  #fault(message: string): void {
    const where = this.#where()
    this.faults.push({ field: `${this.#root}.${mayHoldAddress(where) ? '…' : where}`, message })
  }

  #where(): string {
    let where = ''
    for (const step of this.#path) where += typeof step === 'number' ? `[${step}]` : where === '' ? step : `.${step}`
    return where
  }

  /** A yes or no tells nobody's address: `consent: {email: true}` stays. */
  #isPersonal(name: string, value: unknown): boolean {
    if (mayHoldAddress(name)) return true
    return typeof value !== 'boolean' && this.#names.has(comparable(name)) && this.#path[0] !== 'consent'
  }
}

/** Whether an e-mail address may be somewhere in the text, also as part of a web address. */
export function mayHoldAddress(text: string): boolean {
  return (text.includes('@') || text.includes('%40')) && holdsAddress.test(text)
}

/** The same few hundred names come again and again; names that somebody makes up must not fill the memory. */
const comparableNames = new Map<string, string>()

function comparable(name: string): string {
  let form = comparableNames.get(name)
  if (form === undefined) {
    form = comparableName(name)
    if (comparableNames.size < 5_000 && name.length < 100) comparableNames.set(name, form)
  }
  return form
}
