/** What is filled into headers: one line each, whatever it holds. */

import { domainToASCII } from 'node:url'

/** Line breaks and other controls would begin another header. */
export function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim()
}

const longestLine = 76

/**
 * An unstructured header such as `Subject`: folded where it is long, in encoded words (RFC 2047) where it is not ASCII.
 *
 * @param text as `oneLine` gives it.
 */
export function unstructured(name: string, text: string): string {
  if (/^[\x20-\x7e]*$/.test(text) && !text.includes('=?')) {
    const folded = folds(`${name}: ${text}`)
    if (folded !== undefined) return folded
  }
  return `${name}: ${encodedWords(text).join('\r\n ')}`
}

/** Breaks at spaces; undefined if a word is too long for any line. */
function folds(line: string): string | undefined {
  if (line.length <= longestLine) return line
  const lines: string[] = []
  let rest = line
  while (rest.length > longestLine) {
    // Not before the first word, which is the name.
    const at = rest.lastIndexOf(' ', longestLine)
    if (at <= (lines.length === 0 ? line.indexOf(' ') : 0)) return undefined
    lines.push(rest.slice(0, at))
    rest = rest.slice(at)
  }
  // A line of white space alone would end the header in some readers.
  return rest.trim() === '' ? lines.join('\r\n') : [...lines, rest].join('\r\n')
}

/** 45 bytes are 60 characters, and `=?UTF-8?B?` with `?=` twelve more: below the 75 that a word may have. */
const bytesPerWord = 42

function encodedWords(text: string): string[] {
  const words: string[] = []
  let word = ''
  let bytes = 0
  for (const character of text) {
    const length = Buffer.byteLength(character)
    if (bytes + length > bytesPerWord) {
      words.push(word)
      word = ''
      bytes = 0
    }
    word += character
    bytes += length
  }
  return [...words, word].map((each) => `=?UTF-8?B?${Buffer.from(each, 'utf8').toString('base64')}?=`)
}

/** One bare address: no display name, list, comment, quote, space or control character that could mean more. */
export function isPlainAddress(text: string): boolean {
  return text.length <= 254 && /^[^\s\p{Cc}@<>()[\]\\,;:"]{1,64}@[\p{L}\p{N}.-]{1,253}$/u.test(text)
}

/** The address as it travels: its domain in ASCII. Undefined if that cannot be. */
export function travelling(address: string): string | undefined {
  const at = address.lastIndexOf('@')
  const domain = domainInAscii(address.slice(at + 1))
  return domain === '' ? undefined : `${address.slice(0, at)}@${domain}`
}

/** Most recipients share a few domains. */
const knownDomains = new Map<string, string>()
const mostKnownDomains = 10_000

function domainInAscii(domain: string): string {
  const known = knownDomains.get(domain)
  if (known !== undefined) return known
  if (knownDomains.size >= mostKnownDomains) knownDomains.clear()
  const ascii = domainToASCII(domain)
  knownDomains.set(domain, ascii)
  return ascii
}

/** Whether a server must know RFC 6531 to take it. */
export function isWide(address: string): boolean {
  // oxlint-disable-next-line no-control-regex -- ASCII is what is meant.
  return !/^[\x00-\x7f]*$/.test(address)
}

/** RFC 5322: `Wed, 25 Nov 2026 22:10:00 +0000`. */
export function dateHeader(ms: number): string {
  return new Date(ms).toUTCString().replace('GMT', '+0000')
}
