/**
 * Regular expressions of the small kind that means the same everywhere: texts, `.`, classes, groups, alternatives,
 * counts, `^` and `$`.
 *
 * A pattern is read into a tree and never handed on as it was written: PostgreSQL gets what `patternForPostgres` prints,
 * and TypeScript runs it in linear time (pattern-match.ts), so that no pattern can keep a process busy. What engines
 * read differently (look-around, back-references, lazy counts, classes by name) is refused.
 */

export type PatternNode =
  | { readonly type: 'char'; readonly set: CharSet }
  | { readonly type: 'start' }
  | { readonly type: 'end' }
  | { readonly type: 'sequence'; readonly of: readonly PatternNode[] }
  | { readonly type: 'either'; readonly of: readonly PatternNode[] }
  /** `most`: null for no limit. */
  | { readonly type: 'repeat'; readonly of: PatternNode; readonly least: number; readonly most: number | null }

/** Code points in one of the ranges; with `except`, all others. */
export interface CharSet {
  readonly ranges: readonly (readonly [from: number, to: number])[]
  readonly except: boolean
}

export const longestPattern = 200
const mostRepeats = 100
/** Written out, `(a{50}){50}` would be long. */
const largestPattern = 1_000

/** @throws SyntaxError that says what is wrong with the pattern, and where. */
export function parsePattern(text: string): PatternNode {
  const reader = new Reader(text)
  const tree = readEither(reader)
  if (!reader.isAtEnd) reader.refuse('has a ")" too many')
  if (sizeOf(tree) > largestPattern)
    throw new SyntaxError(`is too large: written out, it has more than ${largestPattern} parts`)
  return tree
}

class Reader {
  readonly #chars: readonly string[]
  #at = 0

  constructor(text: string) {
    this.#chars = Array.from(text)
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#chars.length
  }

  peek(ahead = 0): string {
    return this.#chars[this.#at + ahead] ?? ''
  }

  next(): string {
    const char = this.peek()
    this.#at++
    return char
  }

  take(char: string): boolean {
    if (this.peek() !== char) return false
    this.#at++
    return true
  }

  refuse(rule: string): never {
    throw new SyntaxError(`${rule} (at character ${Math.min(this.#at + 1, this.#chars.length)})`)
  }
}

function readEither(reader: Reader): PatternNode {
  const branches = [readSequence(reader)]
  while (reader.take('|')) branches.push(readSequence(reader))
  return branches.length === 1 && branches[0] !== undefined ? branches[0] : { type: 'either', of: branches }
}

function readSequence(reader: Reader): PatternNode {
  const parts: PatternNode[] = []
  while (!reader.isAtEnd && reader.peek() !== '|' && reader.peek() !== ')') parts.push(readCounted(reader))
  if (parts.length === 0) reader.refuse('must not have an empty part')
  return { type: 'sequence', of: parts }
}

function readCounted(reader: Reader): PatternNode {
  const part = readPart(reader)
  const count = readCount(reader)
  if (count === undefined) return part
  if (hasAnchor(part)) reader.refuse('must not repeat "^" or "$"')
  if ('*+?{'.includes(reader.peek()) && !reader.isAtEnd) reader.refuse('must not have two counts in a row')
  return { type: 'repeat', of: part, ...count }
}

function readCount(reader: Reader): { least: number; most: number | null } | undefined {
  if (reader.take('*')) return { least: 0, most: null }
  if (reader.take('+')) return { least: 1, most: null }
  if (reader.take('?')) return { least: 0, most: 1 }
  if (!reader.take('{')) return undefined
  const least = readNumber(reader)
  const most = reader.take(',') ? (reader.peek() === '}' ? null : readNumber(reader)) : least
  if (!reader.take('}')) reader.refuse('must close "{" with "}"; write "\\{" for the character itself')
  if (most !== null && most < least) reader.refuse('must not count down')
  return { least, most }
}

function readNumber(reader: Reader): number {
  let digits = ''
  while (/^[0-9]$/.test(reader.peek())) digits += reader.next()
  const value = Number(digits)
  if (digits === '' || value > mostRepeats) reader.refuse(`must have a count from 0 to ${mostRepeats} after "{"`)
  return value
}

function readPart(reader: Reader): PatternNode {
  const char = reader.next()
  switch (char) {
    case '^':
      return { type: 'start' }
    case '$':
      return { type: 'end' }
    case '.':
      return { type: 'char', set: { ranges: [], except: true } }
    case '(':
      return readGroup(reader)
    case '[':
      return { type: 'char', set: readClass(reader) }
    case '\\':
      return { type: 'char', set: { ranges: readEscape(reader), except: false } }
    case '*':
    case '+':
    case '?':
    case '{':
    case '}':
    case ']':
      return reader.refuse(`must not have "${char}" here; write "\\${char}" for the character itself`)
    default:
      return { type: 'char', set: { ranges: [single(char)], except: false } }
  }
}

function readGroup(reader: Reader): PatternNode {
  if (reader.take('?') && !reader.take(':'))
    reader.refuse('must not look around or name groups: only "(…)" and "(?:…)"')
  const inner = readEither(reader)
  if (!reader.take(')')) reader.refuse('must close "("')
  return inner
}

const digits = [[0x30, 0x39]] as const
const wordChars = [
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
] as const
const spaces = [
  [0x09, 0x0d],
  [0x20, 0x20],
] as const

type Ranges = CharSet['ranges']

function readEscape(reader: Reader): Ranges {
  const char = reader.next()
  if (char === 'd') return digits
  if (char === 'w') return wordChars
  if (char === 's') return spaces
  if (/^[!-/:-@[-`{-~]$/.test(char)) return [single(char)]
  return reader.refuse('must escape only punctuation, or be \\d, \\w or \\s')
}

function readClass(reader: Reader): CharSet {
  const except = reader.take('^')
  const ranges: (readonly [number, number])[] = []
  while (!reader.take(']')) {
    if (reader.isAtEnd) reader.refuse('must close "["')
    ranges.push(...readClassItem(reader))
  }
  if (ranges.length === 0) reader.refuse('must have something between "[" and "]"')
  return { ranges, except }
}

function readClassItem(reader: Reader): Ranges {
  const from = readClassChar(reader)
  const isRange = reader.peek() === '-' && reader.peek(1) !== ']'
  if (!isRange) return from
  reader.next()
  const to = readClassChar(reader)
  const [[low, lowEnd] = [0, 0], [high, highEnd] = [0, 0]] = [from[0], to[0]]
  if (from.length > 1 || to.length > 1 || low !== lowEnd || high !== highEnd)
    reader.refuse('must have single characters around "-"')
  if (high < low) reader.refuse('must have the lower character first in a range')
  return [[low, high]]
}

function readClassChar(reader: Reader): Ranges {
  const char = reader.next()
  if (char === '\\') return readEscape(reader)
  if (char === '[' || char === '^' || char === '')
    reader.refuse(`must write "\\${char}" for the character itself in a class`)
  return [single(char)]
}

function single(char: string): readonly [number, number] {
  const code = char.codePointAt(0) ?? 0
  return [code, code]
}

function hasAnchor(node: PatternNode): boolean {
  if (node.type === 'start' || node.type === 'end') return true
  if (node.type === 'repeat') return hasAnchor(node.of)
  return node.type !== 'char' && node.of.some(hasAnchor)
}

/** How many parts the pattern has when all counts are written out. */
function sizeOf(node: PatternNode): number {
  if (node.type === 'repeat') return sizeOf(node.of) * Math.max(1, node.most ?? node.least + 1)
  if (node.type === 'sequence' || node.type === 'either') return node.of.reduce((sum, each) => sum + sizeOf(each), 1)
  return 1
}

/** The pattern for PostgreSQL: every character by its number, so that nothing in it can be taken for anything else. */
export function patternForPostgres(node: PatternNode): string {
  switch (node.type) {
    case 'start':
      return '^'
    case 'end':
      return '$'
    case 'char':
      return setForPostgres(node.set)
    case 'sequence':
      return node.of.map(patternForPostgres).join('')
    case 'either':
      return `(?:${node.of.map(patternForPostgres).join('|')})`
    case 'repeat':
      return `(?:${patternForPostgres(node.of)}){${node.least},${node.most ?? ''}}`
  }
}

function setForPostgres({ ranges, except }: CharSet): string {
  if (ranges.length === 0) return '.'
  const escaped = (code: number): string => `\\U${code.toString(16).padStart(8, '0')}`
  const items = ranges.map(([from, to]) => (from === to ? escaped(from) : `${escaped(from)}-${escaped(to)}`))
  return `[${except ? '^' : ''}${items.join('')}]`
}
