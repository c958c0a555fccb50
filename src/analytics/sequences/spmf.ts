/** Sequences in the text form of the SPMF library: `1 3 -1 2 -1 -2` is (1 3) and then (2). */

const endOfElement = '-1'
const endOfSequence = '-2'
const commentStart = /^[#%@]/

/**
 * The sequences of a text, line by line: items with blanks between them, -1 after each element, -2 after each sequence.
 * Items are text. Empty lines are skipped, and so are comments and metadata (lines that begin with #, % or @ and end no
 * sequence).
 *
 * @throws RangeError naming line, value and rule if a line ends within a sequence or an element is empty or not ended.
 * @see https://www.philippe-fournier-viger.com/spmf/ (input format of PrefixSpan)
 */
export function* parseSpmf(lines: Iterable<string>): Generator<string[][]> {
  let lineNumber = 0
  for (const line of lines) {
    lineNumber++
    const tokens = line.split(/[ \t]+/).filter((token) => token !== '')
    if (tokens.length === 0 || (commentStart.test(line) && !tokens.includes(endOfSequence))) continue
    yield* sequencesOfLine(tokens, `line ${lineNumber}`)
  }
}

function* sequencesOfLine(tokens: readonly string[], where: string): Generator<string[][]> {
  let sequence: string[][] = []
  let element: string[] = []
  for (const token of tokens) {
    if (token === endOfElement) {
      if (element.length === 0) throw new RangeError(`${where}: "-1" must end an item set of at least one item`)
      sequence.push(element)
      element = []
    } else if (token === endOfSequence) {
      if (element.length > 0)
        throw new RangeError(`${where}: ${JSON.stringify(element[0])} must be followed by -1 before -2`)
      yield sequence
      sequence = []
    } else if (/^-\d+$/.test(token)) {
      throw new RangeError(`${where}: ${JSON.stringify(token)} must be an item, -1 or -2`)
    } else {
      element.push(token)
    }
  }
  if (tokens.at(-1) !== endOfSequence)
    throw new RangeError(`${where}: ${JSON.stringify(tokens.at(-1))} must be -2, at the end`)
}
