/** Quoted-printable (RFC 2045, 6.7): text in lines of at most 76 ASCII characters that no mail server changes. */

const hex = Buffer.from('0123456789ABCDEF')
const longestLine = 75
const lf = 10
const cr = 13
const space = 32
const tab = 9
const equals = 61
const dot = 46

/** Nothing to encode wherever its lines are broken: no white space, no "=", no dot that could begin a line. */
const isPlainWord = /^(?!\.)[!-<>-~]*$/

/** What is filled in is mostly short: names, numbers, links. */
function inLines(word: string): string {
  if (word.length <= longestLine) return word
  return `${word.slice(0, longestLine)}=\r\n${word.slice(longestLine)}`
}

let input = Buffer.allocUnsafe(1 << 16)
let output = Buffer.allocUnsafe(1 << 18)

/** Lines of the text may end with LF or CRLF; those of the answer end with CRLF. A dot never begins a line. */
export function quotedPrintable(text: string): string {
  if (text.length < 2 * longestLine && isPlainWord.test(text) && text[longestLine] !== '.') return inLines(text)
  const most = text.length * 3
  if (input.length < most) input = Buffer.allocUnsafe(2 * most)
  // Three characters for each byte, and a soft break after at least 24 bytes.
  if (output.length < most * 4) output = Buffer.allocUnsafe(most * 8)
  const length = input.write(text, 'utf8')
  let out = 0
  let column = 0
  for (let i = 0; i < length; i++) {
    const byte = input[i] as number
    if (byte === lf) {
      output[out++] = cr
      output[out++] = lf
      column = 0
      continue
    }
    const next = input[i + 1]
    if (byte === cr && next === lf) continue
    const isLast = i + 1 === length || next === lf || next === cr
    const isWhite = byte === space || byte === tab
    let isPlain = isWhite ? !isLast : byte > space && byte < 127 && byte !== equals && !(byte === dot && column === 0)
    if (column + (isPlain ? 1 : 3) > longestLine) {
      output[out++] = equals
      output[out++] = cr
      output[out++] = lf
      column = 0
      if (byte === dot) isPlain = false
    }
    if (isPlain) {
      output[out++] = byte
      column++
    } else {
      output[out++] = equals
      output[out++] = hex[byte >> 4] as number
      output[out++] = hex[byte & 15] as number
      column += 3
    }
  }
  return output.toString('latin1', 0, out)
}
